//! `users/activation/` and `users/resend_activation/`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode},
    middleware::from_fn,
    post,
    web::Bytes,
};
use countersign_core::{AuthError, Guess};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    Djoser, NAME,
    address::{Address, Readers, write_to},
    links::{self, Presented},
    mails::{self, Topic},
    responses::{Answering, Open, Reading},
    schema::{AddressRefusal, LinkErrors},
    users::USER_FIELDS,
};
use crate::{
    body::{Body, Parse},
    django::{Action, Data, Detail, Error, Form, Guests, Language, View, dispatch},
    mount::Use,
};

/// `UserViewSet.activation`.
static ACTIVATION: View = View {
    pattern: r"/users/activation{tail:/|\.[a-z0-9]+/?}",
    allow: "POST, OPTIONS",
    guests: Guests::Only(&[Method::POST]),
    name: "Activation",
    description: "",
    action: Some(Action { method: "POST", fields: USER_FIELDS }),
};

/// `UserViewSet.resend_activation`.
static RESEND_ACTIVATION: View = View {
    pattern: r"/users/resend_activation{tail:/|\.[a-z0-9]+/?}",
    allow: "POST, OPTIONS",
    guests: Guests::Only(&[Method::POST]),
    name: "Resend activation",
    description: "",
    action: Some(Action { method: "POST", fields: USER_FIELDS }),
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(activate_user);
    super::close(cfg, &ACTIVATION);
    cfg.service(resend_activation);
    super::close(cfg, &RESEND_ACTIVATION);
}

/// The link of an activation mail.
#[derive(ToSchema)]
#[schema(as = djoser::Activation)]
struct Activation {
    /// The `uid` of the link.
    #[schema(example = "Ng")]
    uid: String,
    /// The `token` of the link.
    #[schema(example = "diewto-4a2ef807a94be81d60bdb35d55a31f02")]
    token: String,
}

impl Parse<Djoser> for Activation {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let data = Data::parse(request, &body)?;
        let mut form = Form::new(&data)?;
        form.text(&links::UID);
        form.text(&links::TOKEN);
        let Presented { uid, token } = Presented::of(&form);
        form.finish()?;
        Ok(Self { uid, token })
    }
}

/// Activate an account
///
/// With the `uid` and `token` of a mailed link.
#[utoipa::path(
    operation_id = "djoser_activate_user",
    tag = NAME,
    path = "/users/activation/",
    request_body(
        content(
            (Activation = "application/json"),
            (Activation = "application/x-www-form-urlencoded"),
            (Activation = "multipart/form-data"),
        ),
    ),
    responses(
        (status = 204, description = "The user may log in"),
        (status = 400, description = "Not a link, or not a live one", body = LinkErrors),
        (status = 403, description = "The user is active already", body = Detail),
        Open,
        Reading,
        Answering,
    ),
    security((), ("djoser_token" = [])),
)]
#[post(
    r"/users/activation{tail:/|\.[a-z0-9]+/?}",
    wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&ACTIVATION, request, next))"
)]
async fn activate_user(
    request: HttpRequest,
    mount: Use<Djoser>,
    language: Language,
    body: Body<Djoser, Activation>,
) -> Result<HttpResponse, Error> {
    let Activation { uid, token } = body.into_inner();
    let attempt = mount.guess(&request, Guess::Link).await?;
    let linked = Presented { uid, token }.follow(&mount, attempt).await?;
    let user = mount.blocking(move |auth| auth.activate(&linked)).await.map_err(|error| match error {
        AuthError::Forbidden => Error::detail(StatusCode::FORBIDDEN, "Stale token for given user."),
        error => links::dead(error),
    })?;
    if mount.options.send_confirmation_email {
        mails::notify(&mount, language, Topic::Confirmation, user);
    }
    Ok(HttpResponse::NoContent().finish())
}

/// Send the activation mail again
///
/// The answer does not tell whether anybody has the address.
#[utoipa::path(
    operation_id = "djoser_resend_activation",
    tag = NAME,
    path = "/users/resend_activation/",
    request_body(
        content(
            (Address = "application/json"),
            (Address = "application/x-www-form-urlencoded"),
            (Address = "multipart/form-data"),
        ),
    ),
    responses(
        (status = 204, description = "Whoever has the address and is not active gets a mail"),
        (status = 400, description = "No address; with an empty body: activation mails are switched off", body = AddressRefusal),
        Open,
        Reading,
        Answering,
    ),
    security((), ("djoser_token" = [])),
)]
#[post(
    r"/users/resend_activation{tail:/|\.[a-z0-9]+/?}",
    wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&RESEND_ACTIVATION, request, next))"
)]
async fn resend_activation(
    request: HttpRequest,
    mount: Use<Djoser>,
    language: Language,
    body: Body<Djoser, Address>,
) -> Result<HttpResponse, Error> {
    let topic = mount.options.send_activation_email.then_some(Topic::Activation);
    write_to(&request, &mount, language, body.into_inner(), Readers::Inactive, topic).await?;
    Ok(match topic {
        Some(_) => HttpResponse::NoContent().finish(),
        None => HttpResponse::BadRequest().finish(),
    })
}
