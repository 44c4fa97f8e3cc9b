//! Bodies of refusals, for the document; what is sent is built by [`crate::django::Error`].

use utoipa::ToSchema;

/// What is wrong with a login: messages by field, or one sentence.
#[derive(ToSchema)]
#[schema(as = djoser::LoginErrors)]
#[expect(dead_code, reason = "a description only")]
pub(super) struct LoginErrors {
    /// Of the password.
    password: Option<Vec<String>>,
    /// Of the user name.
    #[schema(example = json!(["This field may not be null."]))]
    username: Option<Vec<String>>,
    /// Of the two together.
    #[schema(example = json!(["Unable to log in with provided credentials."]))]
    non_field_errors: Option<Vec<String>>,
    /// Of the body as such.
    #[schema(example = "JSON parse error - Expecting value: line 1 column 1 (char 0)")]
    detail: Option<String>,
}

/// What is wrong with a registration: messages by field, or one sentence.
#[derive(ToSchema)]
#[schema(as = djoser::UserErrors)]
#[expect(dead_code, reason = "a description only")]
pub(super) struct UserErrors {
    /// Of the address.
    #[schema(example = json!(["Enter a valid email address."]))]
    email: Option<Vec<String>>,
    /// Of the user name.
    #[schema(example = json!(["A user with that username already exists."]))]
    username: Option<Vec<String>>,
    /// Of the password.
    #[schema(example = json!(["This password is too common."]))]
    password: Option<Vec<String>>,
    /// Of the body as a whole.
    non_field_errors: Option<Vec<String>>,
    /// Of the body as such.
    detail: Option<String>,
}

/// What is wrong with a password: messages by field, or one sentence.
#[derive(ToSchema)]
#[schema(as = djoser::PasswordErrors)]
#[expect(dead_code, reason = "a description only")]
pub(super) struct PasswordErrors {
    /// Of the new password.
    #[schema(example = json!(["This password is too common."]))]
    new_password: Option<Vec<String>>,
    /// Of the current one.
    #[schema(example = json!(["Invalid password."]))]
    current_password: Option<Vec<String>>,
    /// Of the body as a whole.
    non_field_errors: Option<Vec<String>>,
    /// Of the body as such.
    detail: Option<String>,
}
