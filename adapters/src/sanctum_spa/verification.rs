//! Confirming an e-mail address by a mailed link: Breeze's `/verify-email/{id}/{hash}` and
//! `/email/verification-notification`.

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, rt, web};
use countersign_core::{AuthError, User, UserId, identifier::Key, throttle::Who};

use super::{
    NAME, SanctumSpa,
    mails::{self, Words},
    reset::Status,
};
use crate::{
    laravel::{answer, document, fault::Fault, fault::Message, guard, stateful::Group, throttle, visitor::Visitor},
    mount::Use,
};

/// The limit that both paths share (Breeze's `throttle:6,1`), by its counters. It stands in front of the signature's check.
const LIMIT: &str = "sanctum_spa_verification";

/// Confirm an e-mail address
///
/// The link of a mail, followed by whoever it was sent to while they are logged in. Sends on to the front end.
#[utoipa::path(
    operation_id = "sanctum_spa_verify_address",
    tag = NAME,
    params(
        ("id" = String, Path, description = "The user's number"),
        ("hash" = String, Path, description = "The SHA-1 of the address"),
        ("expires" = i64, Query, description = "The end of the link's life, in seconds since 1970"),
        ("signature" = String, Query, description = "Who made the link"),
    ),
    responses(
        (status = 302, description = "Confirmed, now or before: to the front end. Who is not logged in and does not ask \
                                      for JSON is sent to the login form"),
        (status = 401, description = "Nobody is logged in", body = Message),
        (status = 403, description = "Not a live link, or somebody else's", body = Message),
        document::Throttled,
        document::Unavailable,
    ),
    security(("laravel_session" = [])),
)]
#[get("/verify-email/{id}/{hash}", wrap = "Group::Web")]
pub async fn verify_address(
    request: HttpRequest,
    mount: Use<SanctumSpa>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Fault> {
    follow(&request, &mount, path.into_inner()).await?;
    let confirmed = format!("{}/dashboard?verified=1", mount.options.front_end(&mount.site));
    Ok(answer::redirect(&Visitor::intended(&request, &mount.site, confirmed)))
}

/// Confirms the address of whoever is logged in, if the request is a live link of theirs with these parts.
pub(super) async fn follow(
    request: &HttpRequest,
    mount: &Use<SanctumSpa>,
    (id, hash): (String, String),
) -> Result<(), Fault> {
    let caller = guard::session(request, mount).await?;
    throttle::hit(request, mount, (LIMIT, mount.options.verification_rate), Who::User(caller.user.id)).await?;
    let (path, query) = (request.path(), request.query_string());
    let base = format!("{}{}", mount.site.base_url, mount.prefix);
    // Where the mount is prefixed, the old one need not have been.
    let below = path.strip_prefix(mount.prefix.as_str()).unwrap_or(path);
    if !mount.auth.is_signed(path, query) && !mount.auth.is_signed_by_laravel(&base, below, query) {
        return Err(Fault::Status(StatusCode::FORBIDDEN, "Invalid signature.".into()));
    }
    Ok(mount.blocking(move |auth| auth.verify_address(&caller.user, &id, &hash)).await?)
}

/// Ask for a link that confirms the address
///
/// Mails it to the user whose session this is. Whose address is confirmed is sent on.
#[utoipa::path(
    operation_id = "sanctum_spa_send_verification_link",
    tag = NAME,
    responses(
        (status = 200, description = "The link is sent", body = Status),
        document::Unauthenticated,
        document::Changing,
        document::Throttled,
        document::Unavailable,
    ),
    security(("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[post("/email/verification-notification", wrap = "Group::Web")]
pub async fn send_link(request: HttpRequest, mount: Use<SanctumSpa>) -> Result<HttpResponse, Fault> {
    if send_again(&request, &mount).await? {
        Ok(answer::json(StatusCode::OK, &Status { status: "verification-link-sent" }))
    } else {
        let dashboard = format!("{}/dashboard", mount.site.base_url);
        Ok(answer::redirect(&Visitor::intended(&request, &mount.site, dashboard)))
    }
}

/// Mails a link to whoever is logged in; `false` if their address is confirmed.
pub(super) async fn send_again(request: &HttpRequest, mount: &Use<SanctumSpa>) -> Result<bool, Fault> {
    let caller = guard::session(request, mount).await?;
    throttle::hit(request, mount, (LIMIT, mount.options.verification_rate), Who::User(caller.user.id)).await?;
    if caller.user.email_verified_at.is_some() {
        return Ok(false);
    }
    if let Some(address) = &caller.user.email {
        // Whoever registers with somebody else's address could fill their mailbox.
        count_mail(mount, address).await?;
        write_to(mount, caller.user.clone());
    }
    Ok(true)
}

/// How many mails an address is sent, whoever asks for them.
pub(super) async fn count_mail(mount: &Use<SanctumSpa>, address: &str) -> Result<(), AuthError> {
    count(mount, "sanctum_spa_verification_mail", Who::Named(Key::email(address).as_str())).await
}

/// How many mails a user has sent to addresses that they say are theirs.
pub(super) async fn count_mail_of(mount: &Use<SanctumSpa>, user: UserId) -> Result<(), AuthError> {
    count(mount, "sanctum_spa_verification_mail_of", Who::User(user)).await
}

async fn count(mount: &Use<SanctumSpa>, what: &str, who: Who<'_>) -> Result<(), AuthError> {
    let (scope, now) = ((mount.prefix.as_str(), what), mount.counting());
    mount.asked(mount.site.throttle.request(&[(mount.options.verification_mail_rate, scope, who)], now)).await
}

/// Writes behind the answer. Users without an address get nothing.
pub(super) fn write_to(mount: &Use<SanctumSpa>, reader: User) {
    let mount = mount.clone();
    rt::spawn(async move {
        let (options, site) = (&mount.options, &mount.site);
        let life = options.verification_link_lifetime;
        let link = mount.auth.make_verification_link(
            &format!("{}{}", mount.prefix, options.stack.verification_path()),
            &reader,
            life.delta(),
        );
        let Some(to) = reader.email else { return };
        let words = Words {
            subject: "Verify Email Address",
            reason: "An account was made with this address. Please confirm that it is yours.",
            action: "Verify Email Address",
            closing: format!(
                "The link is good for {}. If the account is not yours, there is nothing to do.",
                mails::said(life.duration().as_secs())
            ),
        };
        let url = format!("{}{link}", site.base_url);
        site.postman.post(mails::written(to, &options.called(site), &words, &url));
    });
}
