//! Bodies of refusals, for the document; what is sent is built by [`crate::django::Error`].

use utoipa::ToSchema;

/// What is wrong with a login: messages by field, or one sentence.
#[derive(ToSchema)]
#[schema(as = djoser::LoginErrors)]
#[expect(dead_code, reason = "a description only")]
pub(super) struct LoginErrors {
    /// Of the password.
    #[schema(nullable = false)]
    password: Option<Vec<String>>,
    /// Of the user name.
    #[schema(nullable = false, example = json!(["This field may not be null."]))]
    username: Option<Vec<String>>,
    /// Of the two together.
    #[schema(nullable = false, example = json!(["Unable to log in with provided credentials."]))]
    non_field_errors: Option<Vec<String>>,
    /// Of the body as such.
    #[schema(nullable = false, example = "JSON parse error - Expecting value: line 1 column 1 (char 0)")]
    detail: Option<String>,
}

/// What is wrong with a registration: messages by field, or one sentence.
#[derive(ToSchema)]
#[schema(as = djoser::UserErrors)]
#[expect(dead_code, reason = "a description only")]
pub(super) struct UserErrors {
    /// Of the address.
    #[schema(nullable = false, example = json!(["Enter a valid email address."]))]
    email: Option<Vec<String>>,
    /// Of the user name.
    #[schema(nullable = false, example = json!(["A user with that username already exists."]))]
    username: Option<Vec<String>>,
    /// Of the password.
    #[schema(nullable = false, example = json!(["This password is too common."]))]
    password: Option<Vec<String>>,
    /// Of the same once more.
    #[schema(nullable = false)]
    re_password: Option<Vec<String>>,
    /// Of the body as a whole.
    #[schema(nullable = false)]
    non_field_errors: Option<Vec<String>>,
    /// Of the body as such.
    #[schema(nullable = false)]
    detail: Option<String>,
}

/// What is wrong with a password: messages by field, or one sentence.
#[derive(ToSchema)]
#[schema(as = djoser::PasswordErrors)]
#[expect(dead_code, reason = "a description only")]
pub(super) struct PasswordErrors {
    /// Of the new password.
    #[schema(nullable = false, example = json!(["This password is too common."]))]
    new_password: Option<Vec<String>>,
    /// Of the same once more.
    #[schema(nullable = false)]
    re_new_password: Option<Vec<String>>,
    /// Of the current one.
    #[schema(nullable = false, example = json!(["Invalid password."]))]
    current_password: Option<Vec<String>>,
    /// Of the body as a whole.
    #[schema(nullable = false)]
    non_field_errors: Option<Vec<String>>,
    /// Of the body as such.
    #[schema(nullable = false)]
    detail: Option<String>,
}

/// What is wrong with a link: messages by field, or one sentence.
#[derive(ToSchema)]
#[schema(as = djoser::LinkErrors)]
#[expect(dead_code, reason = "a description only")]
pub(super) struct LinkErrors {
    /// Of the `uid`.
    #[schema(nullable = false, example = json!(["Invalid user id or user doesn't exist."]))]
    uid: Option<Vec<String>>,
    /// Of the `token`.
    #[schema(nullable = false, example = json!(["Invalid token for given user."]))]
    token: Option<Vec<String>>,
    /// Of the body as a whole.
    #[schema(nullable = false)]
    non_field_errors: Option<Vec<String>>,
    /// Of the body as such.
    #[schema(nullable = false)]
    detail: Option<String>,
}

/// What is wrong with a reset of the password: messages by field, or one sentence.
#[derive(ToSchema)]
#[schema(as = djoser::PasswordResetErrors)]
#[expect(dead_code, reason = "a description only")]
pub(super) struct ResetErrors {
    /// Of the `uid`.
    #[schema(nullable = false, example = json!(["Invalid user id or user doesn't exist."]))]
    uid: Option<Vec<String>>,
    /// Of the `token`.
    #[schema(nullable = false, example = json!(["Invalid token for given user."]))]
    token: Option<Vec<String>>,
    /// Of the new password.
    #[schema(nullable = false, example = json!(["This password is too common."]))]
    new_password: Option<Vec<String>>,
    /// Of the same once more.
    #[schema(nullable = false)]
    re_new_password: Option<Vec<String>>,
    /// Of the body as a whole.
    #[schema(nullable = false, example = json!(["The two password fields didn't match."]))]
    non_field_errors: Option<Vec<String>>,
    /// Of the body as such.
    #[schema(nullable = false)]
    detail: Option<String>,
}

/// What is wrong with a change of the user name: messages by field, or one sentence.
#[derive(ToSchema)]
#[schema(as = djoser::UsernameErrors)]
#[expect(dead_code, reason = "a description only")]
pub(super) struct UsernameErrors {
    /// Of the password of the one who asks.
    #[schema(nullable = false, example = json!(["Invalid password."]))]
    current_password: Option<Vec<String>>,
    /// Of the name.
    #[schema(nullable = false, example = json!(["A user with that username already exists."]))]
    new_username: Option<Vec<String>>,
    /// Of the same once more.
    #[schema(nullable = false)]
    re_new_username: Option<Vec<String>>,
    /// Of the `uid`.
    #[schema(nullable = false, example = json!(["Invalid user id or user doesn't exist."]))]
    uid: Option<Vec<String>>,
    /// Of the `token`.
    #[schema(nullable = false, example = json!(["Invalid token for given user."]))]
    token: Option<Vec<String>>,
    /// Of the body as a whole.
    #[schema(nullable = false)]
    non_field_errors: Option<Vec<String>>,
    /// Of the body as such.
    #[schema(nullable = false)]
    detail: Option<String>,
}

/// What is wrong with an address: messages by field, or one sentence.
#[derive(ToSchema)]
#[schema(as = djoser::AddressErrors)]
#[expect(dead_code, reason = "a description only")]
pub(super) struct AddressErrors {
    /// Of the address.
    #[schema(nullable = false, example = json!(["Enter a valid email address."]))]
    email: Option<Vec<String>>,
    /// Of the body as a whole.
    #[schema(nullable = false)]
    non_field_errors: Option<Vec<String>>,
    /// Of the body as such.
    #[schema(nullable = false)]
    detail: Option<String>,
}

/// Why nobody is written to.
#[derive(ToSchema)]
#[schema(as = djoser::AddressRefusal)]
#[serde(untagged)]
#[expect(dead_code, reason = "a description only")]
pub(super) enum AddressRefusal {
    /// What is wrong with which field.
    Fields(AddressErrors),
    /// A refusal from behind the validation: `["User with given email does not exist."]`.
    Bare(Vec<String>),
}

/// Why nobody was registered or changed.
#[derive(ToSchema)]
#[schema(as = djoser::UserRefusal)]
#[serde(untagged)]
#[expect(dead_code, reason = "a description only")]
pub(super) enum UserRefusal {
    /// What is wrong with which field.
    Fields(UserErrors),
    /// A refusal from behind the validation: `["Unable to create account."]`.
    Bare(Vec<String>),
}

/// Why nobody is known; `code` and `messages` come only for a credential that was sent as a JSON Web Token.
#[derive(ToSchema)]
#[schema(as = djoser::AuthenticationError)]
#[expect(dead_code, reason = "a description only")]
pub(super) struct AuthenticationError {
    /// The sentence.
    #[schema(example = "Invalid token.")]
    detail: String,
    /// `bad_authorization_header`, `token_not_valid` or `user_inactive`.
    #[schema(nullable = false, example = "token_not_valid")]
    code: Option<String>,
    /// With `token_not_valid`: what each kind of token says to it.
    #[schema(nullable = false)]
    messages: Option<Vec<TokenMessage>>,
}

/// What one kind of token says to a credential.
#[derive(ToSchema)]
#[schema(as = djoser::TokenMessage)]
#[expect(dead_code, reason = "a description only")]
pub(super) struct TokenMessage {
    /// Always `AccessToken`.
    #[schema(example = "AccessToken")]
    token_class: String,
    /// Always `access`.
    #[schema(example = "access")]
    token_type: String,
    /// What is wrong.
    #[schema(example = "Token is expired")]
    message: String,
}
