//! `users/set_username/`, `users/reset_username/` and `users/reset_username_confirm/`.

use actix_web::{HttpRequest, HttpResponse, http::Method, middleware::from_fn, post, web::Bytes};
use countersign_core::{AuthError, Guess, Secret};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    Djoser, DjoserOptions, NAME,
    address::{Address, Readers, write_to},
    dispatch_if,
    links::{self, Presented},
    mails::{self, Topic},
    options::LoginField,
    password::{CURRENT_PASSWORD, INVALID, confirmed},
    responses::{Answering, Guarded, Open, Reading},
    schema::{AddressRefusal, UsernameErrors},
    users::{TAKEN, USER_FIELDS, USERNAME},
};
use crate::{
    body::{Body, Parse},
    caller::Caller,
    django::{Action, CharField, Data, Error, FieldErrors, Form, Guests, Language, Message, View},
    mount::Use,
};

/// The fields of the wire.
const NEW_USERNAME: CharField = CharField { name: "new_username", ..USERNAME };
const RE_NEW_USERNAME: CharField = CharField::new("re_new_username");

/// `UserViewSet.set_username`.
static SET_USERNAME: View = View {
    pattern: r"/users/set_username{tail:/|\.[a-z0-9]+/?}",
    allow: "POST, OPTIONS",
    guests: Guests::Only(&[]),
    name: "Set username",
    description: "",
    action: Some(Action { method: "POST", fields: USER_FIELDS }),
};

/// `UserViewSet.reset_username`.
static RESET_USERNAME: View = View {
    pattern: r"/users/reset_username{tail:/|\.[a-z0-9]+/?}",
    allow: "POST, OPTIONS",
    guests: Guests::Only(&[Method::POST]),
    name: "Reset username",
    description: "",
    action: Some(Action { method: "POST", fields: USER_FIELDS }),
};

/// `UserViewSet.reset_username_confirm`.
static RESET_USERNAME_CONFIRM: View = View {
    pattern: r"/users/reset_username_confirm{tail:/|\.[a-z0-9]+/?}",
    allow: "POST, OPTIONS",
    guests: Guests::Only(&[Method::POST]),
    name: "Reset username confirm",
    description: "",
    action: Some(Action { method: "POST", fields: USER_FIELDS }),
};

/// Do users have names? Djoser crashes on these paths where they log in by address.
const HAS_NAMES: fn(&DjoserOptions) -> bool = |options| options.login_field == LoginField::Username;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(change_username);
    super::close_if(cfg, &SET_USERNAME, HAS_NAMES);
    cfg.service(request_username_reset);
    super::close_if(cfg, &RESET_USERNAME, HAS_NAMES);
    cfg.service(reset_username);
    super::close_if(cfg, &RESET_USERNAME_CONFIRM, HAS_NAMES);
}

/// Reads a new user name, and the same once more where the settings ask for it.
fn read(form: &mut Form<'_>, retype: bool) -> (Option<String>, Option<String>) {
    let name = form.text(&NEW_USERNAME);
    let again = if retype { form.text(&RE_NEW_USERNAME) } else { None };
    (name, again)
}

/// The name that is asked for, if nobody has it and `again`, where it is given, is the same. One's own name is not free.
///
/// # Errors
/// 400 with `errors` and what is wrong with the name.
async fn free(
    mount: &Use<Djoser>,
    (name, again): (Option<String>, Option<String>),
    mut errors: FieldErrors,
) -> Result<String, Error> {
    let wanted = name.clone().unwrap_or_default();
    let holder = mount.blocking(move |auth| auth.username_holder(&wanted)).await?;
    // Whose address or number it is, is told to nobody yet: who has shown a password or a link finds out.
    if holder.is_some_and(|holder| name.as_deref() == Some(&holder.username)) {
        errors.insert(CURRENT_PASSWORD, NEW_USERNAME.name, TAKEN);
    }
    match name {
        Some(name) if errors.is_empty() => {
            if again.is_some_and(|again| again != name) {
                let message = Message::new("The two {0} fields didn't match.").with("0", "username");
                return Err(Error::non_field(message.in_own_language()));
            }
            Ok(name)
        }
        _ => Err(Error::Invalid(errors)),
    }
}

/// 400 for a name that somebody took in the last moment; other errors as they are.
fn taken(error: AuthError) -> Error {
    match error {
        AuthError::Taken(_) => Error::field(NEW_USERNAME.name, TAKEN),
        error => error.into(),
    }
}

/// A new user name, and the password of the one who asks.
#[derive(ToSchema)]
#[schema(as = djoser::SetUsername)]
struct SetUsername {
    /// The password of the one who asks.
    #[schema(value_type = String, format = Password)]
    current_password: Option<Secret>,
    /// Letters, numbers and `@ . + - _`; stored as typed.
    #[schema(value_type = String, max_length = 150, example = "newname")]
    new_username: Option<String>,
    /// The same once more, where the settings ask for it.
    #[schema(value_type = String, required = false)]
    re_new_username: Option<String>,
    #[schema(ignore)]
    errors: FieldErrors,
}

impl Parse<Djoser> for SetUsername {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let data = Data::parse(request, &body)?;
        let retype = Use::<Djoser>::of(request).is_some_and(|mount| mount.options.set_username_retype);
        let mut form = Form::new(&data)?;
        let current_password = form.text(&CharField::new(CURRENT_PASSWORD)).map(Secret::new);
        let (new_username, re_new_username) = read(&mut form, retype);
        Ok(Self { current_password, new_username, re_new_username, errors: form.into_errors() })
    }
}

/// Change the user name
///
/// The name is stored and compared as typed; one's own counts as taken.
#[utoipa::path(
    operation_id = "djoser_change_username",
    tag = NAME,
    path = "/users/set_username/",
    request_body(
        content(
            (SetUsername = "application/json"),
            (SetUsername = "application/x-www-form-urlencoded"),
            (SetUsername = "multipart/form-data"),
        ),
    ),
    responses(
        (status = 204, description = "Changed"),
        (status = 400, description = "The fields that are wrong", body = UsernameErrors),
        Guarded,
        Reading,
        Answering,
    ),
    security(("djoser_token" = [])),
)]
#[post(
    r"/users/set_username{tail:/|\.[a-z0-9]+/?}",
    wrap = "from_fn(|request, next| dispatch_if(HAS_NAMES, &SET_USERNAME, request, next))"
)]
async fn change_username(
    request: HttpRequest,
    mount: Use<Djoser>,
    language: Language,
    caller: Caller<Djoser>,
    body: Body<Djoser, SetUsername>,
) -> Result<HttpResponse, Error> {
    let SetUsername { current_password, new_username, re_new_username, mut errors } = body.into_inner();
    let id = caller.user.id;
    if let Some(current) = current_password
        && confirmed(&request, &mount, id, current).await?.is_none()
    {
        errors.insert("", CURRENT_PASSWORD, INVALID);
    }
    let name = free(&mount, (new_username, re_new_username), errors).await?;
    let user = mount.blocking(move |auth| auth.change_username(id, &name)).await.map_err(taken)?;
    if mount.options.username_changed_email_confirmation {
        mails::notify(&mount, language, Topic::UsernameChanged, user);
    }
    Ok(HttpResponse::NoContent().finish())
}

/// Ask for a new user name
///
/// The answer does not tell whether anybody has the address.
#[utoipa::path(
    operation_id = "djoser_request_username_reset",
    tag = NAME,
    path = "/users/reset_username/",
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
    r"/users/reset_username{tail:/|\.[a-z0-9]+/?}",
    wrap = "from_fn(|request, next| dispatch_if(HAS_NAMES, &RESET_USERNAME, request, next))"
)]
async fn request_username_reset(
    request: HttpRequest,
    mount: Use<Djoser>,
    language: Language,
    body: Body<Djoser, Address>,
) -> Result<HttpResponse, Error> {
    write_to(&request, &mount, language, body.into_inner(), Readers::Active, Some(Topic::UsernameReset)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A link, and the user name that it sets.
#[derive(ToSchema)]
#[schema(as = djoser::UsernameReset)]
struct UsernameReset {
    /// Letters, numbers and `@ . + - _`; stored as typed.
    #[schema(value_type = String, max_length = 150, example = "newname")]
    new_username: Option<String>,
    /// The same once more, where the settings ask for it.
    #[schema(value_type = String, required = false)]
    re_new_username: Option<String>,
    /// The `uid` of the link.
    #[schema(example = "Ng")]
    uid: String,
    /// The `token` of the link.
    #[schema(example = "diewto-4a2ef807a94be81d60bdb35d55a31f02")]
    token: String,
    #[schema(ignore)]
    errors: FieldErrors,
}

impl Parse<Djoser> for UsernameReset {
    /// `uid` and `token` are no fields of this serializer: they are not validated, only read.
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let data = Data::parse(request, &body)?;
        let retype = Use::<Djoser>::of(request).is_some_and(|mount| mount.options.username_reset_confirm_retype);
        let mut form = Form::new(&data)?;
        let (new_username, re_new_username) = read(&mut form, retype);
        let Presented { uid, token } = Presented::of(&form);
        Ok(Self { new_username, re_new_username, uid, token, errors: form.into_errors() })
    }
}

/// Set a new user name by a link
///
/// The name is judged before the link. A link works once.
#[utoipa::path(
    operation_id = "djoser_reset_username",
    tag = NAME,
    path = "/users/reset_username_confirm/",
    request_body(
        content(
            (UsernameReset = "application/json"),
            (UsernameReset = "application/x-www-form-urlencoded"),
            (UsernameReset = "multipart/form-data"),
        ),
    ),
    responses(
        (status = 204, description = "Set"),
        (status = 400, description = "The fields that are wrong, or not a live link", body = UsernameErrors),
        Open,
        Reading,
        Answering,
    ),
    security((), ("djoser_token" = [])),
)]
#[post(
    r"/users/reset_username_confirm{tail:/|\.[a-z0-9]+/?}",
    wrap = "from_fn(|request, next| dispatch_if(HAS_NAMES, &RESET_USERNAME_CONFIRM, request, next))"
)]
async fn reset_username(
    request: HttpRequest,
    mount: Use<Djoser>,
    language: Language,
    body: Body<Djoser, UsernameReset>,
) -> Result<HttpResponse, Error> {
    let UsernameReset { new_username, re_new_username, uid, token, errors } = body.into_inner();
    // Whether a name is free is told before the link is looked at.
    let attempt = mount.guess(&request, Guess::Link).await?;
    let name = free(&mount, (new_username, re_new_username), errors).await?;
    let linked = Presented { uid, token }.follow(&mount, attempt).await?;
    let changed = mount.blocking(move |auth| auth.reset_username(&linked, &name)).await;
    let user = changed.map_err(|error| match error {
        error @ AuthError::Taken(_) => taken(error),
        error => links::dead(error),
    })?;
    if mount.options.username_changed_email_confirmation {
        mails::notify(&mount, language, Topic::UsernameChanged, user);
    }
    Ok(HttpResponse::NoContent().finish())
}
