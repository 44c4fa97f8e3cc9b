//! The user's own name and address.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, put};
use countersign_core::{Auth, AuthError, User, UserId, identifier::Key};
use utoipa::ToSchema;

use super::{
    super::{NAME, SanctumSpa, account::LONGEST, verification},
    Next, told,
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

/// A user's own name and address.
#[derive(ToSchema)]
#[schema(as = sanctum_spa::Profile)]
#[expect(dead_code, reason = "it describes the fields that `read` reads")]
struct ProfileInput {
    /// The name that is shown.
    #[schema(max_length = 255, example = "Alice Example")]
    name: String,
    /// The address.
    #[schema(max_length = 255, example = "alice@example.com")]
    email: String,
}

/// What a user will be.
struct Profile {
    name: String,
    email: String,
    /// Is the address another one?
    moves: bool,
}

/// Change name and address
///
/// Another address is written in lower case, has to be confirmed anew, and is mailed the link for it.
#[utoipa::path(
    operation_id = "sanctum_spa_update_profile",
    tag = NAME,
    request_body(content(
        (ProfileInput = "application/json"),
        (ProfileInput = "application/x-www-form-urlencoded"),
        (ProfileInput = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "Changed", body = String),
        (status = 422, description = "Not what is expected, or taken", body = ValidationError),
        document::Unauthenticated,
        document::Changing,
        document::Throttled,
        document::Unavailable,
    ),
    security(("laravel_session" = [], "laravel_xsrf" = [])),
)]
#[put("/user/profile-information", wrap = "Group::Web")]
pub async fn update_profile(
    request: HttpRequest,
    mount: Use<SanctumSpa>,
    body: Unread<SanctumSpa>,
) -> Result<HttpResponse, Fault> {
    let user = guard::session(&request, &mount).await?.user.id;
    let input: Input = body.read().await?;
    let input = input.lowered("email");
    let Profile { name, email, moves } = mount.blocking(move |auth| read(&input, auth, user)).await??;
    let mails = moves && mount.options.send_verification_email;
    if mails {
        verification::count_mail(&mount, &email).await?;
        verification::count_mail_of(&mount, user).await?;
    }
    let changed: User = mount.blocking(move |auth| auth.change_profile(user, &name, &email)).await?;
    if mails {
        verification::write_to(&mount, changed);
    }
    Ok(told(&request, &mount, answer::json(StatusCode::OK, &""), Next::Back))
}

/// The rules of Fortify's `UpdateUserProfileInformation`, in their order. Asks the store whether the address is free.
fn read(input: &Input, auth: &Auth, user: UserId) -> Result<Result<Profile, Errors>, AuthError> {
    let mut errors = Errors::default();
    check(input, "name", &[Rule::Required, Rule::Text, Rule::Visible, Rule::Max(LONGEST)], &mut errors);
    check(input, "email", &[Rule::Required, Rule::Text, Rule::Email, Rule::Max(LONGEST)], &mut errors);
    let (name, email) = (input.text("name").unwrap_or_default(), input.text("email").unwrap_or_default());
    // Who shares an address with others may keep it.
    let moves = auth.user(user)?.email.as_ref() != Some(&email);
    if moves && !errors.has("email") && auth.is_held_by_another(user, Key::email(&email))? {
        errors.add("email", "The email has already been taken.");
    }
    Ok(errors.verdict().map(|()| Profile { name, email, moves }))
}
