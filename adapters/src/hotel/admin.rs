//! What an administrator does to users: the document's "other roles" are given here. It describes none of this; the manner is
//! its own.
//!
//! Who is an administrator is asked of the store again in the step itself, so that whoever is demoted in one process does
//! nothing more in another; and the last one stays, whatever is asked for.

mod change;
mod create;
mod list;

use chrono::{DateTime, Utc};
use countersign_core::{Role, User};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Hotel, NAME, Permitted, RoleName, Roles, error};

/// Who may do this.
struct Administrators;

impl Roles for Administrators {
    const ROLES: &'static [Role] = &[Role::Admin];
}

/// A user as an administrator sees them.
#[derive(Serialize, ToSchema)]
#[schema(as = hotel::Account)]
struct Account {
    /// The id, which is also the `sub` of their access tokens.
    #[schema(format = "uuid")]
    id: String,
    /// The user name; who registered with an address or a number alone has that here.
    #[schema(example = "user@example.com")]
    username: String,
    /// The address.
    #[schema(required, example = "user@example.com")]
    email: Option<String>,
    /// The phone number in international form.
    #[schema(required, example = "+79991234567")]
    phone: Option<String>,
    /// What the user is to the application.
    role: RoleName,
    /// First name; empty if unknown.
    #[schema(example = "Имя")]
    first_name: String,
    /// Last name; empty if unknown.
    #[schema(example = "Фамилия")]
    last_name: String,
    /// May they log in?
    is_active: bool,
    /// Were they disabled? Who is neither active nor disabled has not confirmed their address yet.
    is_disabled: bool,
    /// When they registered; null if that is not known of a user who was imported.
    #[schema(required)]
    created_at: Option<DateTime<Utc>>,
    /// When they logged in last; null for never.
    #[schema(required)]
    last_login_at: Option<DateTime<Utc>>,
}

impl From<&User> for Account {
    fn from(user: &User) -> Self {
        Self {
            id: user.uuid.to_string(),
            username: user.username.clone(),
            email: user.email.clone(),
            phone: user.phone.clone(),
            role: user.role.into(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            is_active: user.is_active,
            is_disabled: user.is_suspended,
            created_at: user.created_at,
            last_login_at: user.last_login_at,
        }
    }
}

/// Registers the operations.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list::list_users).service(create::create_user).service(list::show_user);
    cfg.service(change::set_role).service(change::disable_user).service(change::enable_user);
}
