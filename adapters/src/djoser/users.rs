//! `users/` and below: registration, and the users as they may be seen.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::Method,
    middleware::from_fn,
    post,
    web::{Bytes, Json},
};
use countersign_core::{
    AuthError, Registration, Request, Secret, User, UserId,
    identifier::{self, Key, Kind},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    Djoser, DjoserOptions, NAME,
    mails::{self, Topic},
    options::{LoginField, UserIdField},
    password::MISMATCH,
    responses::{Answering, Guarded, Open, Reading},
    schema::UserRefusal,
    tokens::{LOGIN_BY_EMAIL_FIELDS, LOGIN_FIELDS},
};
use crate::{
    body::{Body, Parse},
    caller::Caller,
    django::{
        Action, CharField, Data, EMAIL_FIELD, Error, Field, FieldErrors, Form, Guests, Language, View, dispatch,
        username_flaw,
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

/// The same where users are known by name.
const NAMED_USER_FIELDS: &[Field] = &[USER_FIELDS[0], USER_FIELDS[2]];

/// The same where users log in by address, which they keep.
const ADDRESSED_USER_FIELDS: &[Field] =
    &[Field::of_model("email", "email", "email address").read_only(), USER_FIELDS[1]];

/// What the settings of the mount make of the fields of a view.
pub(super) fn described(request: &HttpRequest, fields: &'static [Field]) -> &'static [Field] {
    let Some(options) = Use::<Djoser>::of(request).map(|mount| &mount.options) else { return fields };
    match (options.login_field, options.user_id_field) {
        (LoginField::Email, _) if fields == LOGIN_FIELDS => LOGIN_BY_EMAIL_FIELDS,
        (LoginField::Email, _) if fields == USER_FIELDS => ADDRESSED_USER_FIELDS,
        (LoginField::Username, UserIdField::Username) if fields == USER_FIELDS => NAMED_USER_FIELDS,
        _ => fields,
    }
}

/// `APIRootView` of the router.
pub(super) static API_ROOT: View = View {
    pattern: r"/{tail:(?:\.[a-z0-9]+/?)?}",
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

/// The address of somebody who logs in with it.
const UNIQUE_EMAIL: CharField = CharField { required: true, allow_blank: false, ..EMAIL_FIELD };
/// The message of an address that somebody has.
const TAKEN_EMAIL: &str = "user with this email address already exists.";

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
        let options = Use::<Djoser>::of(request).map(|mount| &mount.options);
        let retype = options.is_some_and(|options| options.user_create_password_retype);
        let by_email = options.is_some_and(|options| options.login_field == LoginField::Email);
        let mut form = Form::new(&data)?;
        let (email, username) = if by_email {
            (form.text(&UNIQUE_EMAIL).unwrap_or_default(), None)
        } else {
            (form.text(&EMAIL_FIELD).unwrap_or_default(), form.text(&USERNAME))
        };
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
    /// As it is stored; left out where users log in by address.
    #[schema(value_type = String, required = true, example = "newuser")]
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// The user's number; left out where the name stands for it.
    #[schema(value_type = i64, required = true, example = 1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
}

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = djoser::User)]
pub(super) struct UserView {
    /// Empty if there is none.
    #[schema(example = "user@example.com")]
    email: String,
    /// The user's number; left out where the name stands for it.
    #[schema(value_type = i64, required = true, example = 1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    /// The user name; left out where users log in by address.
    #[schema(value_type = String, required = true, example = "newuser")]
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
}

impl UserView {
    /// As far as the settings show a user.
    pub(super) fn of(options: &DjoserOptions, user: &User) -> Self {
        let by_name = options.login_field == LoginField::Username;
        Self {
            email: user.email.clone().unwrap_or_default(),
            id: (options.user_id_field == UserIdField::Id).then_some(user.id.0),
            username: by_name.then(|| user.username.clone()),
        }
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
#[get(r"/{tail:(?:\.[a-z0-9]+/?)?}", wrap = "from_fn(|request, next| dispatch::<Djoser, _>(&API_ROOT, request, next))")]
async fn show_root(request: HttpRequest, mount: Use<Djoser>) -> Json<Root> {
    // Who asks in a format is shown the way in the same format.
    let format = request.match_info().query("tail").trim_end_matches('/');
    let tail = if format.is_empty() { "/" } else { format };
    Json(Root { users: format!("{}{}/users{tail}", mount.site.base_url, mount.prefix) })
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
    language: Language,
    body: Body<Djoser, NewUser>,
) -> Result<HttpResponse, Error> {
    let NewUser { email, username, password, re_password, mut errors } = body.into_inner();
    let options = &mount.options;
    if username.is_some() || !email.is_empty() {
        mount.count(&request, Request::Registration).await?;
    }
    let email = normalize_email(&email);
    if options.login_field == LoginField::Email {
        let wanted = [(Kind::Email, Key::email(&email))];
        match mount.blocking(move |auth| auth.check_free(&wanted)).await {
            Err(AuthError::Taken(_)) => errors.insert("", UNIQUE_EMAIL.name, TAKEN_EMAIL),
            outcome => outcome?,
        }
    } else if let Some(name) = username.clone()
        && mount.blocking(move |auth| auth.username_holder(&name)).await?.is_some()
    {
        errors.insert(TAKEN_AFTER, USERNAME.name, TAKEN);
    }
    let Some(password) = password.filter(|_| errors.is_empty()) else { return Err(Error::Invalid(errors)) };
    let registration = Registration {
        email_may_be_shared: username.is_some(),
        username: username.map(|name| identifier::normal(&name)),
        email: Some(email).filter(|email| !email.is_empty()),
        is_active: !options.send_activation_email,
        ..Registration::new(password)
    };
    if re_password.is_some_and(|again| again != registration.password) {
        mount.auth.check_new_password(&registration)?;
        return Err(Error::non_field(MISMATCH));
    }
    let user = mount.hashing(&request, move |auth| auth.register(&registration)).await?;
    if options.send_activation_email {
        mails::send(&mount, language, Topic::Activation, vec![user.account()]);
    } else if options.send_confirmation_email {
        mails::notify(&mount, language, Topic::Confirmation, user.user.clone());
    }
    let UserView { email, id, username } = UserView::of(options, &user);
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
    let options = &mount.options;
    if options.hide_users && !caller.user.is_staff {
        return Ok(Json(vec![UserView::of(options, &caller.user)]));
    }
    let shown = mount.options.clone();
    let all = mount.blocking(move |auth| {
        let (mut views, mut after) = (Vec::new(), UserId(0));
        loop {
            let page = auth.users(after, PAGE)?;
            let Some(last) = page.last() else { return Ok(views) };
            after = last.id;
            views.extend(page.iter().map(|user| UserView::of(&shown, user)));
        }
    });
    Ok(Json(all.await?))
}
