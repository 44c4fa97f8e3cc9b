//! One user by number or name: show, change the address, delete. What `users/me/` does as well is here.

use actix_web::{
    FromRequest as _, HttpRequest, HttpResponse, delete,
    dev::Payload,
    get, guard,
    http::StatusCode,
    middleware::from_fn,
    patch, put,
    web::{self, Bytes, Json, Path},
};
use countersign_core::{
    AuthError, User, UserId,
    model::{Mandate, Step},
};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    Djoser, NAME,
    mails::{self, Topic},
    options::{LoginField, UserIdField},
    password::CurrentPassword,
    responses::{Answering, Guarded, Reading},
    schema::{PasswordErrors, UserRefusal},
    users::{USER_FIELDS, UserView, described},
};
use crate::{
    body::{Body, Parse},
    caller::Caller,
    django::{
        Action, Data, Detail, EMAIL_FIELD, Error, Form, Guests, Int, Language, Message, View, describe, dispatch, int,
    },
    mount::Use,
};

/// `UserViewSet`, one user.
pub(super) static USER: View = View {
    pattern: r"/users/{id:[^/.]+}{tail:/|\.[a-z0-9]+/?}",
    allow: "GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
    guests: Guests::Only(&[]),
    name: "User Instance",
    description: "",
    action: Some(Action { method: "PUT", fields: USER_FIELDS }),
};

/// To be registered last of all: the number may be any text.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(show_user).service(replace_user).service(update_user).service(delete_user);
    let options = web::resource(USER.pattern).guard(guard::Options()).to(describe_user);
    cfg.map(|cfg| cfg.service(options.wrap(from_fn(|request, next| dispatch::<Djoser, _>(&USER, request, next)))));
    super::close(cfg, &USER);
}

/// `OPTIONS` tells of what may be changed only to those who may change it.
async fn describe_user(
    request: HttpRequest,
    mount: Use<Djoser>,
    language: Language,
    caller: Caller<Djoser>,
) -> Result<HttpResponse, Error> {
    let fields = match visible(&request, &mount, &caller.user).await {
        Ok(_) => Some(described(&request, USER_FIELDS)),
        Err(Error::Detail { .. }) => None,
        Err(error) => return Err(error),
    };
    Ok(describe(&USER, fields, language))
}

/// What may be changed of a user.
#[derive(ToSchema)]
#[schema(as = djoser::UserChange)]
pub(super) struct Change {
    /// Another address; empty for none, left out for the same.
    #[schema(nullable = false, format = Email, max_length = 254, example = "user@example.com")]
    email: Option<String>,
}

impl Parse<Djoser> for Change {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let data = Data::parse(request, &body)?;
        let mut form = Form::new(&data)?;
        let may_change =
            Use::<Djoser>::of(request).is_some_and(|mount| mount.options.login_field == LoginField::Username);
        let email = if may_change { form.text(&EMAIL_FIELD) } else { None };
        form.finish()?;
        Ok(Self { email })
    }
}

/// A body that is judged only once it is known whom it is about.
struct Later<T>(Result<T, Error>);

impl<T: Parse<Djoser>> Parse<Djoser> for Later<T> {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        Ok(Self(T::parse(request, body)))
    }
}

/// Whom the path names, for somebody who may see everybody.
async fn named(request: &HttpRequest, mount: &Use<Djoser>) -> Result<User, Error> {
    let path = Path::<(String, String)>::from_request(request, &mut Payload::None).await;
    let (id, _) = path.map_err(|_| Error::not_found())?.into_inner();
    let absent = || Error::detail(StatusCode::NOT_FOUND, Message::verbatim("No User matches the given query."));
    let found = match mount.options.user_id_field {
        UserIdField::Username => mount.blocking(move |auth| auth.user_named(&id)).await,
        UserIdField::Id => match int(&id).ok_or_else(Error::not_found)? {
            Int::Of(id) => mount.blocking(move |auth| auth.user(UserId(id))).await,
            Int::Beyond => return Err(absent()),
        },
    };
    found.map_err(|error| match error {
        AuthError::NotFound => absent(),
        error => error.into(),
    })
}

/// Whom the path names, if the caller may see them: hidden users look as if they were not there.
async fn visible(request: &HttpRequest, mount: &Use<Djoser>, caller: &User) -> Result<User, Error> {
    let user = named(request, mount).await?;
    match () {
        () if user.id == caller.id || caller.is_staff => Ok(user),
        () if mount.options.hide_users => Err(Error::not_found()),
        () => Err(Error::forbidden()),
    }
}

pub(super) async fn change(
    mount: &Use<Djoser>,
    language: Language,
    user: &User,
    change: Change,
) -> Result<Json<UserView>, Error> {
    let (id, confirm) = (user.id, mount.options.send_activation_email);
    let Some(email) = change.email.filter(|email| *email != user.email.as_deref().unwrap_or_default()) else {
        // Whoever waits for the mail gets another one with every change that is asked for.
        if confirm && !user.is_active {
            mails::send(mount, language, Topic::Activation, vec![mount.blocking(move |auth| auth.account(id)).await?]);
        }
        return Ok(Json(UserView::of(&mount.options, user)));
    };
    if !confirm {
        let changed = mount.blocking(move |auth| auth.change_email(id, Some(&email))).await?;
        return Ok(Json(UserView::of(&mount.options, &changed)));
    }
    let changed = mount.blocking(move |auth| {
        auth.change_email_to_confirm(id, Some(&email))?;
        auth.account(id)
    });
    let changed = changed.await?;
    let view = UserView::of(&mount.options, &changed.user);
    mails::send(mount, language, Topic::Activation, vec![changed]);
    Ok(Json(view))
}

pub(super) async fn remove(mount: &Use<Djoser>, user: UserId) -> Result<HttpResponse, Error> {
    mount.blocking(move |auth| auth.administer(Mandate::Permitted, user, &Step::Delete)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A user
///
/// Oneself; staff see everybody.
#[utoipa::path(
    operation_id = "djoser_show_user",
    tag = NAME,
    path = "/users/{id}/",
    params(("id" = i64, Path, description = "The user's number")),
    responses(
        (status = 200, description = "The user", body = UserView),
        (status = 404, description = "No such user, or none that the caller may see", body = Detail),
        Guarded,
        Answering,
    ),
    security(("djoser_token" = [])),
)]
#[get(
    r"/users/{id:[^/.]+}{tail:/|\.[a-z0-9]+/?}",
    wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&USER, request, next))"
)]
async fn show_user(request: HttpRequest, mount: Use<Djoser>, caller: Caller<Djoser>) -> Result<Json<UserView>, Error> {
    let user = visible(&request, &mount, &caller.user).await?;
    Ok(Json(UserView::of(&mount.options, &user)))
}

/// Change a user
///
/// Only the address; what is left out stays.
#[utoipa::path(
    operation_id = "djoser_replace_user",
    tag = NAME,
    path = "/users/{id}/",
    params(("id" = i64, Path, description = "The user's number")),
    request_body(
        content(
            (Change = "application/json"),
            (Change = "application/x-www-form-urlencoded"),
            (Change = "multipart/form-data"),
        ),
    ),
    responses(
        (status = 200, description = "The user", body = UserView),
        (status = 400, description = "The fields that are wrong", body = UserRefusal),
        (status = 404, description = "No such user, or none that the caller may see", body = Detail),
        Guarded,
        Reading,
        Answering,
    ),
    security(("djoser_token" = [])),
)]
#[put(
    r"/users/{id:[^/.]+}{tail:/|\.[a-z0-9]+/?}",
    wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&USER, request, next))"
)]
async fn replace_user(
    request: HttpRequest,
    mount: Use<Djoser>,
    language: Language,
    caller: Caller<Djoser>,
    body: Body<Djoser, Later<Change>>,
) -> Result<Json<UserView>, Error> {
    let user = visible(&request, &mount, &caller.user).await?;
    change(&mount, language, &user, body.into_inner().0?).await
}

/// Change a user in part
#[utoipa::path(
    operation_id = "djoser_update_user",
    tag = NAME,
    path = "/users/{id}/",
    params(("id" = i64, Path, description = "The user's number")),
    request_body(
        content(
            (Change = "application/json"),
            (Change = "application/x-www-form-urlencoded"),
            (Change = "multipart/form-data"),
        ),
    ),
    responses(
        (status = 200, description = "The user", body = UserView),
        (status = 400, description = "The fields that are wrong", body = UserRefusal),
        (status = 404, description = "No such user, or none that the caller may see", body = Detail),
        Guarded,
        Reading,
        Answering,
    ),
    security(("djoser_token" = [])),
)]
#[patch(
    r"/users/{id:[^/.]+}{tail:/|\.[a-z0-9]+/?}",
    wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&USER, request, next))"
)]
async fn update_user(
    request: HttpRequest,
    mount: Use<Djoser>,
    language: Language,
    caller: Caller<Djoser>,
    body: Body<Djoser, Later<Change>>,
) -> Result<Json<UserView>, Error> {
    let user = visible(&request, &mount, &caller.user).await?;
    change(&mount, language, &user, body.into_inner().0?).await
}

/// Delete a user
///
/// Oneself, or as staff anybody; either way with one's own password.
#[utoipa::path(
    operation_id = "djoser_delete_user",
    tag = NAME,
    path = "/users/{id}/",
    params(("id" = i64, Path, description = "The user's number")),
    request_body(
        content(
            (CurrentPassword = "application/json"),
            (CurrentPassword = "application/x-www-form-urlencoded"),
            (CurrentPassword = "multipart/form-data"),
        ),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 400, description = "Not the caller's password", body = PasswordErrors),
        (status = 403, description = "Somebody else", body = Detail),
        (status = 404, description = "No such user, or none that the caller may see", body = Detail),
        Guarded,
        Reading,
        Answering,
    ),
    security(("djoser_token" = [])),
)]
#[delete(
    r"/users/{id:[^/.]+}{tail:/|\.[a-z0-9]+/?}",
    wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&USER, request, next))"
)]
async fn delete_user(
    request: HttpRequest,
    mount: Use<Djoser>,
    caller: Caller<Djoser>,
    body: Body<Djoser, Later<CurrentPassword>>,
) -> Result<HttpResponse, Error> {
    let user = named(&request, &mount).await?;
    if user.id != caller.user.id && !caller.user.is_staff {
        return Err(Error::forbidden());
    }
    body.into_inner().0?.confirm(&request, &mount, &caller.user).await?;
    remove(&mount, user.id).await
}
