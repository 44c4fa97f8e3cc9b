//! `users/set_password/`, and the current password that dangerous operations ask for.

use actix_web::{HttpRequest, HttpResponse, middleware::from_fn, post, web::Bytes};
use countersign_core::{
    AuthError, Guess, Secret, Subject, TokenKind, User, UserId, password::PasswordOwner, store::Revoke,
};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    Djoser, NAME,
    mails::{self, Topic},
    responses::{Answering, Guarded, Reading},
    schema::PasswordErrors,
    tokens::ended_by_logout,
    users::USER_FIELDS,
};
use crate::{
    body::{Body, Parse},
    caller::Caller,
    django::{Action, CharField, Data, Error, FieldErrors, Form, Guests, Language, View, dispatch, password_messages},
    mount::Use,
};

/// The fields of the wire.
pub(super) const NEW_PASSWORD: &str = "new_password";
pub(super) const RE_NEW_PASSWORD: &str = "re_new_password";
pub(super) const CURRENT_PASSWORD: &str = "current_password";

/// The message of two passwords that are not the same.
pub(super) const MISMATCH: &str = "The two password fields didn't match.";

/// `UserViewSet.set_password`.
pub(super) static SET_PASSWORD: View = View {
    pattern: r"/users/set_password{tail:/|\.[a-z0-9]+/?}",
    allow: "POST, OPTIONS",
    guests: Guests::Only(&[]),
    name: "Set password",
    description: "",
    action: Some(Action { method: "POST", fields: USER_FIELDS }),
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(change_password);
    super::close(cfg, &SET_PASSWORD);
}

/// The caller's own password.
#[derive(ToSchema)]
#[schema(as = djoser::CurrentPassword)]
pub(super) struct CurrentPassword {
    /// The password of the one who asks.
    #[schema(value_type = String, format = Password)]
    current_password: Secret,
}

impl Parse<Djoser> for CurrentPassword {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let data = Data::parse(request, &body)?;
        let mut form = Form::new(&data)?;
        match form.text(&CharField::new(CURRENT_PASSWORD)) {
            Some(password) => Ok(Self { current_password: password.into() }),
            None => Err(Error::Invalid(form.into_errors())),
        }
    }
}

impl CurrentPassword {
    /// Is it the caller's?
    ///
    /// # Errors
    /// 400 if not.
    pub(super) async fn confirm(self, request: &HttpRequest, mount: &Use<Djoser>, caller: &User) -> Result<(), Error> {
        match confirmed(request, mount, caller.id, self.current_password).await? {
            Some(_) => Ok(()),
            None => Err(Error::field(CURRENT_PASSWORD, INVALID)),
        }
    }
}

/// The message of a password that is not the caller's.
pub(super) const INVALID: &str = "Invalid password.";

/// The user, if this is their password.
pub(super) async fn confirmed(
    request: &HttpRequest,
    mount: &Use<Djoser>,
    user: UserId,
    password: Secret,
) -> Result<Option<Subject>, Error> {
    let attempt = mount.guess(request, Guess::Password(user)).await?;
    match attempt.hashing(move |auth| auth.confirm_password(user, &password)).await {
        Ok(subject) => Ok(Some(subject)),
        Err(AuthError::WrongCredentials) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What a new password of this user may not be like.
pub(super) fn owner(user: &User) -> PasswordOwner<'_> {
    let User { username, first_name, last_name, email, .. } = user;
    PasswordOwner { username, first_name, last_name, email: email.as_deref().unwrap_or_default() }
}

/// 400 for a new password that is refused; other errors as they are.
pub(super) fn weak(error: AuthError) -> Error {
    match error {
        AuthError::WeakPassword(flaws) => Error::Invalid(FieldErrors(vec![(NEW_PASSWORD, password_messages(&flaws))])),
        error => error.into(),
    }
}

/// A new password.
#[derive(ToSchema)]
#[schema(as = djoser::SetPassword)]
struct SetPassword {
    /// Eight characters or more, neither common nor all digits nor like the name or address.
    #[schema(value_type = String, format = Password)]
    new_password: Option<Secret>,
    /// The same once more, where the settings ask for it.
    #[schema(value_type = String, required = false, format = Password)]
    re_new_password: Option<Secret>,
    /// The one that it replaces.
    #[schema(value_type = String, format = Password)]
    current_password: Option<Secret>,
    #[schema(ignore)]
    errors: FieldErrors,
}

impl Parse<Djoser> for SetPassword {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let data = Data::parse(request, &body)?;
        let retype = Use::<Djoser>::of(request).is_some_and(|mount| mount.options.set_password_retype);
        let mut form = Form::new(&data)?;
        let mut read = |name| form.text(&CharField::new(name)).map(Secret::new);
        let new_password = read(NEW_PASSWORD);
        let re_new_password = if retype { read(RE_NEW_PASSWORD) } else { None };
        let current_password = read(CURRENT_PASSWORD);
        Ok(Self { new_password, re_new_password, current_password, errors: form.into_errors() })
    }
}

/// Change the password
///
/// The token stays valid, unless the settings say otherwise. The new password is judged only when the current one is right.
#[utoipa::path(
    operation_id = "djoser_change_password",
    tag = NAME,
    path = "/users/set_password/",
    request_body(
        content(
            (SetPassword = "application/json"),
            (SetPassword = "application/x-www-form-urlencoded"),
            (SetPassword = "multipart/form-data"),
        ),
    ),
    responses(
        (status = 204, description = "Changed"),
        (status = 400, description = "The fields that are wrong", body = PasswordErrors),
        Guarded,
        Reading,
        Answering,
    ),
    security(("djoser_token" = [])),
)]
#[post(
    r"/users/set_password{tail:/|\.[a-z0-9]+/?}",
    wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&SET_PASSWORD, request, next))"
)]
async fn change_password(
    request: HttpRequest,
    mount: Use<Djoser>,
    language: Language,
    caller: Caller<Djoser>,
    body: Body<Djoser, SetPassword>,
) -> Result<HttpResponse, Error> {
    let SetPassword { new_password, re_new_password, current_password, mut errors } = body.into_inner();
    let mut subject = None;
    if let Some(current) = current_password {
        subject = confirmed(&request, &mount, caller.user.id, current).await?;
        if subject.is_none() {
            errors.0.push((CURRENT_PASSWORD, vec![INVALID.into()]));
        }
    }
    let (Some(new_password), Some(subject)) = (new_password.filter(|_| errors.is_empty()), subject) else {
        return Err(Error::Invalid(errors));
    };
    mount.auth.check_password(&new_password, &owner(&subject)).map_err(weak)?;
    if re_new_password.is_some_and(|again| again != new_password) {
        return Err(Error::non_field(MISMATCH));
    }
    let options = &mount.options;
    // A browser's sessions end with the password, in Django as in Laravel.
    let mut revoke = vec![Revoke::Kind(TokenKind::Session)];
    revoke.extend(options.logout_on_password_change.then(|| ended_by_logout(&mount.auth, &caller.verified())));
    let changed = mount.hashing(&request, move |auth| auth.replace_password(&subject, &new_password, &revoke));
    let user = changed.await.map_err(weak)?;
    if options.password_changed_email_confirmation {
        mails::notify(&mount, language, Topic::PasswordChanged, user);
    }
    Ok(HttpResponse::NoContent().finish())
}
