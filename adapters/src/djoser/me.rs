//! The caller as `users/me/`: show, change the address, delete.

use actix_web::{
    HttpRequest, HttpResponse, delete, get, guard,
    http::StatusCode,
    middleware::from_fn,
    patch, put,
    web::{self, Json},
};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    Djoser, NAME,
    accounts::{Change, change, remove},
    password::CurrentPassword,
    responses::{Answering, Guarded, Reading},
    schema::{PasswordErrors, UserRefusal},
    users::{USER_FIELDS, UserView},
};
use crate::{
    body::Body,
    caller::Caller,
    django::{self, Action, Error, Guests, Language, Rates, Throttled as _, View, dispatch},
    json,
    mount::Use,
    shortcut::{self, Shortcut},
};

/// `UserViewSet.me`.
static ME: View = View {
    pattern: r"/users/me{tail:/|\.[a-z0-9]+/?}",
    allow: "GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
    guests: Guests::Only(&[]),
    name: "Me",
    description: "",
    action: Some(Action { method: "PUT", fields: USER_FIELDS }),
};

/// The path as clients write it.
pub(super) fn often(cfg: &mut ServiceConfig) {
    cfg.service(show_me);
}

pub(super) fn routes(cfg: &mut ServiceConfig) {
    let around = from_fn(|request, next| dispatch::<Djoser, _>(&ME, request, next));
    let with_format = web::resource(ME.pattern).guard(guard::Get()).to(me).wrap(around);
    cfg.map(|cfg| cfg.service(with_format));
    cfg.service(replace_me).service(update_me).service(delete_me);
    super::close(cfg, &ME);
}

/// The caller
#[utoipa::path(
    operation_id = "djoser_show_me",
    tag = NAME,
    path = "/users/me/",
    responses(
        (status = 200, description = "The user", body = UserView),
        Guarded,
        Answering,
    ),
    security(("djoser_token" = [])),
)]
#[get("/users/me/", wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&ME, request, next))")]
async fn show_me(mount: Use<Djoser>, caller: Caller<Djoser>) -> HttpResponse {
    me(mount, caller).await
}

/// [`show_me`] without the router, if nothing is counted.
pub(super) fn shortcut(mount: &Use<Djoser>) -> Option<Shortcut> {
    let Rates { anon, user } = mount.options.rates();
    let is_counted = anon.is_some() || user.is_some();
    (!is_counted).then(|| {
        Shortcut::new(mount, "/users/me/", |mount, headers| {
            let (presented, door) = django::accepted(headers, mount).ok()??;
            let caller = door.known(presented.text())?;
            json::bytes(&UserView::of(&mount.options, &caller.user)).ok()
        })
    })
}

async fn me(mount: Use<Djoser>, caller: Caller<Djoser>) -> HttpResponse {
    shortcut::opened(json::answer(StatusCode::OK, &UserView::of(&mount.options, &caller.user)))
}

/// Change the caller
///
/// Only the address; what is left out stays.
#[utoipa::path(
    operation_id = "djoser_replace_me",
    tag = NAME,
    path = "/users/me/",
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
        Guarded,
        Reading,
        Answering,
    ),
    security(("djoser_token" = [])),
)]
#[put(r"/users/me{tail:/|\.[a-z0-9]+/?}", wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&ME, request, next))")]
async fn replace_me(
    mount: Use<Djoser>,
    language: Language,
    caller: Caller<Djoser>,
    body: Body<Djoser, Change>,
) -> Result<Json<UserView>, Error> {
    change(&mount, language, &caller.user, body.into_inner()).await
}

/// Change the caller in part
#[utoipa::path(
    operation_id = "djoser_update_me",
    tag = NAME,
    path = "/users/me/",
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
        Guarded,
        Reading,
        Answering,
    ),
    security(("djoser_token" = [])),
)]
#[patch(
    r"/users/me{tail:/|\.[a-z0-9]+/?}",
    wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&ME, request, next))"
)]
async fn update_me(
    mount: Use<Djoser>,
    language: Language,
    caller: Caller<Djoser>,
    body: Body<Djoser, Change>,
) -> Result<Json<UserView>, Error> {
    change(&mount, language, &caller.user, body.into_inner()).await
}

/// Delete the caller
///
/// With every token and session.
#[utoipa::path(
    operation_id = "djoser_delete_me",
    tag = NAME,
    path = "/users/me/",
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
        Guarded,
        Reading,
        Answering,
    ),
    security(("djoser_token" = [])),
)]
#[delete(
    r"/users/me{tail:/|\.[a-z0-9]+/?}",
    wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&ME, request, next))"
)]
async fn delete_me(
    request: HttpRequest,
    mount: Use<Djoser>,
    caller: Caller<Djoser>,
    body: Body<Djoser, CurrentPassword>,
) -> Result<HttpResponse, Error> {
    body.into_inner().confirm(&request, &mount, &caller.user).await?;
    remove(&mount, caller.user.id).await
}
