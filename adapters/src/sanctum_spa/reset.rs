//! A new password by a mailed link: Breeze's `/forgot-password` and `/reset-password`.

use std::{ops::ControlFlow, time::Instant};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, post, rt};
use countersign_core::{
    Account, Auth, AuthError, Guess, Request, Secret, TokenKind, auth::Linked, identifier::Key, store::Revoke,
    throttle::Who,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    NAME, SanctumSpa, account,
    mails::{self, Words},
};
use crate::{
    body::Unread,
    laravel::{
        answer, document,
        fault::Fault,
        guard,
        input::Input,
        rules::{Errors, Rule, ValidationError, check},
        stateful::Group,
    },
    mount::Use,
};

/// Laravel's sentences (`lang/en/passwords.php`).
pub(super) const SENT: &str = "We have emailed your password reset link.";
pub(super) const RESET: &str = "Your password has been reset.";
const NO_USER: &str = "We can't find a user with that email address.";
const TOO_SOON: &str = "Please wait before retrying.";
const DEAD: &str = "This password reset token is invalid.";

/// What has been done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = sanctum_spa::Status)]
pub struct Status {
    /// A sentence for people.
    #[schema(value_type = String, example = "We have emailed your password reset link.")]
    pub(super) status: &'static str,
}

/// Somebody who forgot their password.
#[derive(ToSchema)]
#[schema(as = sanctum_spa::Forgetful)]
#[expect(dead_code, reason = "it describes the field that `send_link` reads")]
pub(super) struct ForgetfulInput {
    /// The e-mail address.
    #[schema(example = "alice@example.com")]
    email: String,
}

/// Ask for a new password
///
/// Mails a link to the front end's page `/password-reset/{token}?email=…`. Who is logged in is sent to the front page.
#[utoipa::path(
    operation_id = "sanctum_spa_request_password_reset",
    tag = NAME,
    request_body(content(
        (ForgetfulInput = "application/json"),
        (ForgetfulInput = "application/x-www-form-urlencoded"),
        (ForgetfulInput = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "The link is sent", body = Status),
        (status = 302, description = "Logged in already, or sent back for not asking for JSON"),
        (status = 422, description = "No address, nobody's, or too soon after the last link", body = ValidationError),
        document::Changing,
        document::Throttled,
        document::Unavailable,
    ),
    security(("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[post("/forgot-password", wrap = "Group::Web")]
pub async fn send_link(
    request: HttpRequest,
    mount: Use<SanctumSpa>,
    body: Unread<SanctumSpa>,
) -> Result<HttpResponse, Fault> {
    if guard::signed_in(&request, &mount).await?.is_some() {
        return Ok(answer::redirect(&mount.site.base_url));
    }
    let input: Input = body.read().await?;
    let mut errors = Errors::default();
    check(&input, "email", &[Rule::Required, Rule::Email], &mut errors);
    errors.verdict()?;
    send_to(&request, &mount, input.text("email").unwrap_or_default()).await?;
    Ok(answer::json(StatusCode::OK, &Status { status: SENT }))
}

/// Mails a link to whoever has this address.
pub(super) async fn send_to(request: &HttpRequest, mount: &Use<SanctumSpa>, address: String) -> Result<(), Fault> {
    mount.count(request, Request::Mail(&address)).await?;
    let began = Instant::now();
    let key = Key::email(&address);
    let reader = match mount.blocking(move |auth| reader(auth, &address)).await {
        Ok(account) => Some(account),
        Err(AuthError::NotFound) if mount.options.tell_unknown_address => return Err(refusal(NO_USER)),
        Err(AuthError::NotFound) => None,
        Err(error) => return Err(error.into()),
    };
    // A new password makes somebody new of the user, who may ask at once.
    let who = match &reader {
        Some(account) if mount.options.tell_unknown_address => {
            format!("{} {}", account.user.id, account.password.as_ref().map_or("", |hash| hash.as_str()))
        }
        _ => key.as_str().to_owned(),
    };
    let (rate, now) = (mount.options.reset_link_rate, mount.counting());
    let scope = (mount.prefix.as_str(), "sanctum_spa_reset_link");
    let counted = mount.asked(mount.site.throttle.request(&[(rate, scope, Who::Named(&who))], now)).await;
    counted.map_err(|error| match error {
        AuthError::Throttled { .. } => refusal(TOO_SOON),
        error => error.into(),
    })?;
    if let Some(reader) = reader {
        write_to(mount, reader);
    }
    mount.site.executor.hold(began).await;
    Ok(())
}

/// A link, and the password that it sets.
#[derive(ToSchema)]
#[schema(as = sanctum_spa::PasswordReset)]
#[expect(dead_code, reason = "it describes the fields that `reset_password` reads")]
pub(super) struct PasswordResetInput {
    /// The token of the link.
    #[schema(min_length = 64, max_length = 64)]
    token: String,
    /// The address that the link was sent to.
    #[schema(example = "alice@example.com")]
    email: String,
    /// The new password.
    #[schema(format = Password, min_length = 8)]
    password: String,
    /// The new password again.
    #[schema(format = Password, min_length = 8)]
    password_confirmation: String,
}

/// Set a new password by a link
///
/// A link works once. The user's sessions end, tokens stay, unless the settings say otherwise.
#[utoipa::path(
    operation_id = "sanctum_spa_reset_password",
    tag = NAME,
    request_body(content(
        (PasswordResetInput = "application/json"),
        (PasswordResetInput = "application/x-www-form-urlencoded"),
        (PasswordResetInput = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "Set", body = Status),
        (status = 302, description = "Logged in already, or sent back for not asking for JSON"),
        (status = 422, description = "Not what is expected, or not a live link", body = ValidationError),
        document::Changing,
        document::Throttled,
        document::Unavailable,
    ),
    security(("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[post("/reset-password", wrap = "Group::Web")]
pub async fn reset_password(
    request: HttpRequest,
    mount: Use<SanctumSpa>,
    body: Unread<SanctumSpa>,
) -> Result<HttpResponse, Fault> {
    if guard::signed_in(&request, &mount).await?.is_some() {
        return Ok(answer::redirect(&mount.site.base_url));
    }
    let input: Input = body.read().await?;
    let mut errors = Errors::default();
    check(&input, "token", &[Rule::Required], &mut errors);
    check(&input, "email", &[Rule::Required, Rule::Email], &mut errors);
    let email = input.text("email").unwrap_or_default();
    let password = account::new_password(&input, &mount.auth, &email, &mut errors)?;
    errors.verdict()?;
    let token = input.text("token").unwrap_or_default();
    let linked = follow(&request, &mount, email, token).await?;
    set(&request, &mount, linked, password).await?;
    Ok(answer::json(StatusCode::OK, &Status { status: RESET }))
}

/// Whoever has this address, if the token is of a live link of theirs.
pub(super) async fn follow(
    request: &HttpRequest,
    mount: &Use<SanctumSpa>,
    email: String,
    token: String,
) -> Result<Linked, Fault> {
    let life = mount.options.reset_link_lifetime.delta();
    let attempt = mount.guess(request, Guess::Link).await?;
    let tells = mount.options.tell_unknown_address;
    let look = move |auth: &Auth| {
        let old = match reader(auth, &email) {
            Ok(account) => match auth.follow_reset_token(account.clone(), &token, life) {
                Err(AuthError::WrongCredentials) => auth.old_reset(&account, life)?.map(|reset| (account, reset)),
                followed => return followed.map(ControlFlow::Break),
            },
            Err(AuthError::NotFound) if !tells => None,
            Err(error) => return Err(error),
        };
        // Who is not to learn who is registered waits as long for what is nobody's.
        if old.is_none() && tells { Err(AuthError::WrongCredentials) } else { Ok(ControlFlow::Continue((old, token))) }
    };
    let followed = attempt.blocking_then_hashing(look, |auth, (old, token)| {
        let (account, reset) = old.ok_or(AuthError::WrongCredentials)?;
        auth.follow_old_reset(account, &reset, &Secret::new(token))
    });
    followed.await.map_err(|error| match error {
        AuthError::NotFound if tells => refusal(NO_USER),
        AuthError::NotFound => refusal(DEAD),
        error => dead(error),
    })
}

/// Gives whoever followed a link a new password; sessions end, and tokens as the settings say.
pub(super) async fn set(
    request: &HttpRequest,
    mount: &Use<SanctumSpa>,
    linked: Linked,
    password: Secret,
) -> Result<(), Fault> {
    let everything = mount.options.logout_on_password_reset;
    let revoke = if everything { Revoke::Everything } else { Revoke::Kind(TokenKind::Session) };
    let changed = mount.hashing(request, move |auth| {
        let user = auth.reset_password(&linked, &password, revoke)?;
        auth.forget_devices(user.id)
    });
    changed.await.map_err(dead)
}

/// Whom a link is sent to: whoever logs in with the address. Of the disabled nobody knows here, as at the login.
fn reader(auth: &Auth, address: &str) -> Result<Account, AuthError> {
    let account = auth.account_by_address(address)?;
    if account.user.is_active { Ok(account) } else { Err(AuthError::NotFound) }
}

fn refusal(sentence: &str) -> Fault {
    Errors::one("email", sentence).into()
}

fn dead(error: AuthError) -> Fault {
    match error {
        AuthError::WrongCredentials => refusal(DEAD),
        error => error.into(),
    }
}

/// Writes behind the answer: when the client has it does not depend on whether there was anybody to write to.
fn write_to(mount: &Use<SanctumSpa>, reader: Account) {
    let mount = mount.clone();
    rt::spawn(async move {
        // To the address that the user gave, however it was typed just now.
        let Some(to) = reader.user.email.clone() else { return };
        let (options, site) = (&mount.options, &mount.site);
        let life = mails::said(options.reset_link_lifetime.duration().as_secs());
        let words = Words {
            subject: "Reset Password Notification",
            reason: "Somebody, hopefully you, asked for a new password for your account.",
            action: "Reset Password",
            closing: format!("The link is good for {life}. If it was not you, there is nothing to do."),
        };
        // As Breeze writes it, but for what an address would otherwise mean to a browser.
        let address: String = form_urlencoded::byte_serialize(to.as_bytes()).collect();
        let (front_end, token) = (options.front_end(site), mount.auth.make_reset_token(&reader));
        let url = format!("{front_end}/password-reset/{token}?email={}", address.replace("%40", "@"));
        site.postman.post(mails::written(to, &options.called(site), &words, &url));
    });
}
