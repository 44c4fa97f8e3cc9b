//! `users/reset_password/` and `users/reset_password_confirm/`.

use std::sync::Arc;

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, http::Method, middleware::from_fn, post, web::Bytes};
use countersign_core::{AuthError, Guess, Secret, TokenKind, User, Verified, password::PasswordOwner, store::Revoke};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    Djoser, NAME,
    address::{Address, Readers, write_to},
    links::{self, Presented},
    mails::{self, Topic},
    password::{MISMATCH, NEW_PASSWORD, RE_NEW_PASSWORD, weak},
    responses::{Answering, Open, Reading},
    schema::{AddressRefusal, ResetErrors},
    users::USER_FIELDS,
};
use crate::{
    body::{Body, Parse},
    django::{Action, CharField, Data, Error, Form, Guests, Language, View, dispatch},
    mount::Use,
};

/// `UserViewSet.reset_password`.
static RESET_PASSWORD: View = View {
    pattern: r"/users/reset_password{tail:/|\.[a-z0-9]+/?}",
    allow: "POST, OPTIONS",
    guests: Guests::Only(&[Method::POST]),
    name: "Reset password",
    description: "",
    action: Some(Action { method: "POST", fields: USER_FIELDS }),
};

/// `UserViewSet.reset_password_confirm`.
static RESET_PASSWORD_CONFIRM: View = View {
    pattern: r"/users/reset_password_confirm{tail:/|\.[a-z0-9]+/?}",
    allow: "POST, OPTIONS",
    guests: Guests::Only(&[Method::POST]),
    name: "Reset password confirm",
    description: "",
    action: Some(Action { method: "POST", fields: USER_FIELDS }),
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(request_password_reset);
    super::close(cfg, &RESET_PASSWORD);
    cfg.service(reset_password);
    super::close(cfg, &RESET_PASSWORD_CONFIRM);
}

/// Ask for a new password
///
/// The answer does not tell whether anybody has the address.
#[utoipa::path(
    operation_id = "djoser_request_password_reset",
    tag = NAME,
    path = "/users/reset_password/",
    request_body(
        content(
            (Address = "application/json"),
            (Address = "application/x-www-form-urlencoded"),
            (Address = "multipart/form-data"),
        ),
    ),
    responses(
        (status = 204, description = "Whoever has the address gets a mail with a link"),
        (status = 400, description = "No address; or, where the settings tell it, nobody's", body = AddressRefusal),
        Open,
        Reading,
        Answering,
    ),
    security((), ("djoser_token" = [])),
)]
#[post(
    r"/users/reset_password{tail:/|\.[a-z0-9]+/?}",
    wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&RESET_PASSWORD, request, next))"
)]
async fn request_password_reset(
    request: HttpRequest,
    mount: Use<Djoser>,
    language: Language,
    body: Body<Djoser, Address>,
) -> Result<HttpResponse, Error> {
    write_to(&request, &mount, language, body.into_inner(), Readers::Active, Some(Topic::PasswordReset)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A link, and the password that it sets.
#[derive(ToSchema)]
#[schema(as = djoser::PasswordReset)]
struct PasswordReset {
    /// The `uid` of the link.
    #[schema(example = "Ng")]
    uid: String,
    /// The `token` of the link.
    #[schema(example = "diewto-4a2ef807a94be81d60bdb35d55a31f02")]
    token: String,
    /// Eight characters or more, neither common nor all digits.
    #[schema(value_type = String, format = Password)]
    new_password: Secret,
    /// The same once more, where the settings ask for it.
    #[schema(value_type = String, required = false, format = Password)]
    re_new_password: Option<Secret>,
}

impl Parse<Djoser> for PasswordReset {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let data = Data::parse(request, &body)?;
        let retype = Use::<Djoser>::of(request).is_some_and(|mount| mount.options.password_reset_confirm_retype);
        let mut form = Form::new(&data)?;
        form.text(&links::UID);
        form.text(&links::TOKEN);
        let new_password = form.text(&CharField::new(NEW_PASSWORD)).map(Secret::new);
        let again = if retype { form.text(&CharField::new(RE_NEW_PASSWORD)).map(Secret::new) } else { None };
        let Presented { uid, token } = Presented::of(&form);
        form.finish()?;
        let new_password = new_password.unwrap_or_else(|| Secret::from(""));
        Ok(Self { uid, token, new_password, re_new_password: again })
    }
}

/// Set a new password by a link
///
/// The password is judged before the link. A link works once; the user's token stays valid, unless the settings say
/// otherwise.
#[utoipa::path(
    operation_id = "djoser_reset_password",
    tag = NAME,
    path = "/users/reset_password_confirm/",
    request_body(
        content(
            (PasswordReset = "application/json"),
            (PasswordReset = "application/x-www-form-urlencoded"),
            (PasswordReset = "multipart/form-data"),
        ),
    ),
    responses(
        (status = 204, description = "Set"),
        (status = 400, description = "The fields that are wrong, or not a live link", body = ResetErrors),
        Open,
        Reading,
        Answering,
    ),
    security((), ("djoser_token" = [])),
)]
#[post(
    r"/users/reset_password_confirm{tail:/|\.[a-z0-9]+/?}",
    wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&RESET_PASSWORD_CONFIRM, request, next))"
)]
async fn reset_password(
    request: HttpRequest,
    mount: Use<Djoser>,
    language: Language,
    body: Body<Djoser, PasswordReset>,
) -> Result<HttpResponse, Error> {
    let PasswordReset { uid, token, new_password, re_new_password } = body.into_inner();
    let caller = request.extensions().get::<Arc<Verified>>().map(|verified| verified.user.clone());
    mount.auth.check_password(&new_password, &owner(caller.as_ref())).map_err(weak)?;
    if re_new_password.is_some_and(|again| again != new_password) {
        return Err(Error::non_field(MISMATCH));
    }
    let attempt = mount.guess(&request, Guess::Link).await?;
    let linked = Presented { uid, token }.follow(&mount, attempt).await?;
    let everything = mount.options.logout_on_password_reset;
    // A browser's sessions end with the password, in Django as in Laravel.
    let revoke = if everything { Revoke::Everything } else { Revoke::Kind(TokenKind::Session) };
    let changed = mount.hashing(&request, move |auth| auth.reset_password(&linked, &new_password, revoke)).await;
    let user = changed.map_err(|error| match error {
        error @ AuthError::WeakPassword(_) => weak(error),
        error => links::dead(error),
    })?;
    if mount.options.password_changed_email_confirmation {
        mails::notify(&mount, language, Topic::PasswordChanged, user);
    }
    Ok(HttpResponse::NoContent().finish())
}

/// Whom the password may not be like: whoever is logged in, for Djoser does not know yet whose link it is.
fn owner(caller: Option<&User>) -> PasswordOwner<'_> {
    caller.map_or_else(PasswordOwner::default, super::password::owner)
}
