//! `users/` and below: registration, and the users as they may be seen.

use actix_web::{HttpRequest, HttpResponse, get, http::Method, middleware::from_fn, post, web::Bytes, web::Json};
use countersign_core::{Registration, Request, Secret, User, UserId, identifier};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    Djoser, NAME,
    mails::{self, Topic},
    password::MISMATCH,
    responses::{Answering, Guarded, Open, Reading},
    schema::UserRefusal,
};
use crate::{
    body::{Body, Parse},
    caller::Caller,
    django::{
        Action, CharField, Data, EMAIL_FIELD, Error, Field, FieldErrors, Form, Guests, View, dispatch, username_flaw,
    },
    mount::Use,
};

/// What Django redirects to the same with a slash.
pub(super) const WITHOUT_SLASH: [&str; 2] = ["/users", "/users/{id:[^/.]+}"];

/// How many users are read at a time.
const PAGE: u32 = 500;

/// The fields of a user that a client is told of.
pub(super) const USER_FIELDS: &[Field] = &[
    Field::of_model("email", "email", "email address").at_most(254),
    Field::new("id", "integer", "ID").read_only(),
    Field::of_model("username", "string", "username")
        .read_only()
        .help("Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only."),
];

/// `APIRootView` of the router.
pub(super) static API_ROOT: View = View {
    pattern: "/",
    allow: "GET, HEAD, OPTIONS",
    guests: Guests::All,
    name: "Api Root",
    description: "The default basic root view for DefaultRouter",
    action: None,
};

/// `UserViewSet`, the list.
pub(super) static USERS: View = View {
    pattern: r"/users{tail:/|\.[a-z0-9]+/?}",
    allow: "GET, POST, HEAD, OPTIONS",
    guests: Guests::Only(&[Method::POST]),
    name: "User List",
    description: "",
    action: Some(Action { method: "POST", fields: USER_FIELDS }),
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(show_root);
    super::close(cfg, &API_ROOT);
    cfg.service(create_user).service(list_users);
    super::close(cfg, &USERS);
}

/// The message of a user name that somebody has.
pub(super) const TAKEN: &str = "A user with that username already exists.";

/// Djoser's `username` of a user who registers.
pub(super) const USERNAME: CharField =
    CharField { max_length: Some(150), before: Some(username_flaw), ..CharField::new("username") };

/// Somebody who registers.
#[derive(ToSchema)]
#[schema(as = djoser::NewUser)]
struct NewUser {
    /// Optional; several users may have the same. The domain is stored in lower case.
    #[schema(value_type = String, required = false, format = Email, max_length = 254, example = "user@example.com")]
    email: String,
    /// Letters, numbers and `@ . + - _`; stored in the normal form NFKC.
    #[schema(value_type = String, max_length = 150, example = "newuser")]
    username: Option<String>,
    /// Eight characters or more, neither common nor all digits nor like the name or address.
    #[schema(value_type = String, format = Password, example = "securepassword123")]
    password: Option<Secret>,
    /// The same once more, where the settings ask for it.
    #[schema(value_type = String, required = false, format = Password)]
    re_password: Option<Secret>,
    #[schema(ignore)]
    errors: FieldErrors,
}

impl Parse<Djoser> for NewUser {
    fn parse(request: &HttpRequest, body: Bytes) -> Result<Self, Error> {
        let data = Data::parse(request, &body)?;
        let retype = Use::<Djoser>::of(request).is_some_and(|mount| mount.options.user_create_password_retype);
        let mut form = Form::new(&data)?;
        let email = form.text(&EMAIL_FIELD).unwrap_or_default();
        let username = form.text(&USERNAME);
        let mut read = |name| form.text(&CharField::new(name)).map(Secret::new);
        let password = read("password");
        let re_password = if retype { read("re_password") } else { None };
        Ok(Self { email, username, password, re_password, errors: form.into_errors() })
    }
}

/// A user, as the answer to a registration.
#[derive(Serialize, ToSchema)]
#[schema(as = djoser::CreatedUser)]
struct CreatedUser {
    /// Empty if none was given.
    #[schema(example = "user@example.com")]
    email: String,
    /// As it is stored.
    #[schema(example = "newuser")]
    username: String,
    /// The user's number.
    #[schema(example = 1)]
    id: i64,
}

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = djoser::User)]
pub(super) struct UserView {
    /// Empty if there is none.
    #[schema(example = "user@example.com")]
    email: String,
    /// The user's number.
    #[schema(example = 1)]
    id: i64,
    /// The user name.
    #[schema(example = "newuser")]
    username: String,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        Self { email: user.email.clone().unwrap_or_default(), id: user.id.0, username: user.username.clone() }
    }
}

/// Where things are.
#[derive(Serialize, ToSchema)]
#[schema(as = djoser::Root)]
struct Root {
    /// The address of the users.
    #[schema(example = "http://127.0.0.1:8000/auth/users/")]
    users: String,
}

/// The entry points
#[utoipa::path(
    operation_id = "djoser_show_root",
    tag = NAME,
    path = "/",
    responses(
        (status = 200, description = "The addresses", body = Root),
        Open,
        Answering,
    ),
    security((), ("djoser_token" = [])),
)]
#[get("/", wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&API_ROOT, request, next))")]
async fn show_root(mount: Use<Djoser>) -> Json<Root> {
    Json(Root { users: format!("{}{}/users/", mount.site.base_url, mount.prefix) })
}

/// Register
///
/// The password is judged only when every field is in order and the user name is free.
#[utoipa::path(
    operation_id = "djoser_create_user",
    tag = NAME,
    path = "/users/",
    request_body(
        content((NewUser = "application/json"), (NewUser = "application/x-www-form-urlencoded"), (NewUser = "multipart/form-data")),
    ),
    responses(
        (status = 201, description = "Registered", body = CreatedUser),
        (status = 400, description = "The fields that are wrong", body = UserRefusal),
        Open,
        Reading,
        Answering,
    ),
    security((), ("djoser_token" = [])),
)]
#[post(r"/users{tail:/|\.[a-z0-9]+/?}", wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&USERS, request, next))")]
async fn create_user(
    request: HttpRequest,
    mount: Use<Djoser>,
    body: Body<Djoser, NewUser>,
) -> Result<HttpResponse, Error> {
    let NewUser { email, username, password, re_password, mut errors } = body.into_inner();
    if username.is_some() {
        mount.count(&request, Request::Registration)?;
    }
    if let Some(name) = username.clone()
        && mount.blocking(move |auth| auth.is_username_taken(&name, None)).await?
    {
        errors.insert(TAKEN_AFTER, USERNAME.name, TAKEN);
    }
    let (Some(username), Some(password)) = (username, password) else { return Err(Error::Invalid(errors)) };
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let options = &mount.options;
    let registration = Registration {
        username: Some(identifier::normal(&username)),
        email: Some(normalize_email(&email)).filter(|email| !email.is_empty()),
        email_may_be_shared: true,
        is_active: !options.send_activation_email,
        ..Registration::new(password)
    };
    if re_password.is_some_and(|again| again != registration.password) {
        mount.auth.check_new_password(&registration)?;
        return Err(Error::non_field(MISMATCH));
    }
    let user = mount.hashing(move |auth| auth.register(&registration)).await?;
    if options.send_activation_email {
        mails::send(&mount, Topic::Activation, vec![user.account()]);
    } else if options.send_confirmation_email {
        mails::notify(&mount, Topic::Confirmation, user.user.clone());
    }
    let UserView { email, id, username } = UserView::from(&*user);
    Ok(HttpResponse::Created().json(CreatedUser { email, username, id }))
}

/// The field that stands before the user name in the serializer.
const TAKEN_AFTER: &str = "email";

/// `normalize_email`: the domain in lower case.
fn normalize_email(email: &str) -> String {
    match email.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
        None => email.to_owned(),
    }
}

/// The users that the caller may see
///
/// Oneself alone; staff see everybody. With `hide_users` off everybody does.
#[utoipa::path(
    operation_id = "djoser_list_users",
    tag = NAME,
    path = "/users/",
    responses(
        (status = 200, description = "In the order of their numbers", body = Vec<UserView>),
        Guarded,
        Answering,
    ),
    security(("djoser_token" = [])),
)]
#[get(r"/users{tail:/|\.[a-z0-9]+/?}", wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&USERS, request, next))")]
async fn list_users(mount: Use<Djoser>, caller: Caller<Djoser>) -> Result<Json<Vec<UserView>>, Error> {
    if mount.options.hide_users && !caller.user.is_staff {
        return Ok(Json(vec![UserView::from(&caller.user)]));
    }
    let all = mount.blocking(|auth| {
        let (mut views, mut after) = (Vec::new(), UserId(0));
        loop {
            let page = auth.users(after, PAGE)?;
            let Some(last) = page.last() else { return Ok(views) };
            after = last.id;
            views.extend(page.iter().map(UserView::from));
        }
    });
    Ok(Json(all.await?))
}
