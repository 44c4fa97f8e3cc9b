//! What administrators do to users, and what nobody but the server's owner may do: leave a server without one.

use uuid::Uuid;

use super::{Auth, account::draft, follow_up::Sign};
use crate::{
    error::AuthError,
    model::{Mandate, Objection, Registration, Role, Step, TokenKind, User, UserChange, UserId},
    store::Revoke,
};

impl Auth {
    /// [`Auth::register`] on the word of an administrator, who must still be one when the row is written.
    ///
    /// # Errors
    /// [`AuthError::Forbidden`] if they are not; otherwise as [`Auth::register`].
    pub fn register_by(&self, by: UserId, registration: &Registration) -> Result<User, AuthError> {
        let mut new = draft(registration, self)?;
        self.check_new_password(registration)?;
        new.password = Some(self.hash(&registration.password));
        let created = self.realm.users().create_user_by(by, &new)?.ok_or(AuthError::Forbidden)?;
        created.map_err(AuthError::Taken)
    }

    /// Takes a step, while the mandate holds and an administrator is left, and revokes what it takes away: everything with an
    /// account, the browser's sessions with a role. Returns the user as it is then, or was.
    ///
    /// # Errors
    /// [`AuthError::Forbidden`] if the mandate does not hold any more; [`AuthError::LastAdministrator`];
    /// [`AuthError::NotFound`], [`AuthError::Store`].
    pub fn administer(&self, mandate: Mandate, user: UserId, step: &Step) -> Result<User, AuthError> {
        let revoke = match step {
            Step::Delete => Revoke::Everything,
            Step::Change(change) => self.revoked_by(user, change)?,
        };
        let taken = self
            .realm
            .users()
            .administer(mandate, user, step, self.realm.now())
            .or_else(|error| self.in_doubt(&error, user, Sign::of_step(step), &[revoke]).map(Ok).ok_or(error))?;
        let user = taken.map_err(|objection| match objection {
            Objection::NotPermitted => AuthError::Forbidden,
            Objection::LastAdministrator => AuthError::LastAdministrator,
            Objection::Absent => AuthError::NotFound,
        })?;
        self.carry_out(user.id, &[revoke])?;
        Ok(user)
    }

    /// Is `by` an administrator at this moment? For what only looks: [`Auth::administer`] and [`Auth::register_by`] ask
    /// themselves.
    ///
    /// # Errors
    /// [`AuthError::Forbidden`] if not; [`AuthError::Store`].
    pub fn check_administrator(&self, by: UserId) -> Result<(), AuthError> {
        let user = self.realm.users().user(by)?.filter(|user| user.role == Role::Admin && user.is_active);
        user.map(drop).ok_or(AuthError::Forbidden)
    }

    /// The user with this UUID, in the one form in which wires show it.
    ///
    /// # Errors
    /// [`AuthError::NotFound`], also for what is no UUID; [`AuthError::Store`].
    pub fn user_by_uuid(&self, shown: &str) -> Result<User, AuthError> {
        let uuid = Uuid::try_parse(shown).ok().filter(|uuid| uuid.to_string() == shown).ok_or(AuthError::NotFound)?;
        self.realm.users().user_by_uuid(uuid)?.ok_or(AuthError::NotFound)
    }

    /// What ends when somebody is enabled, disabled or given a role.
    fn revoked_by(&self, user: UserId, change: &UserChange) -> Result<Revoke, AuthError> {
        Ok(match change {
            UserChange::Active(false) => Revoke::Everything,
            UserChange::Role(role) if self.user(user)?.role != *role => Revoke::Kind(TokenKind::Session),
            _ => Revoke::Nothing,
        })
    }
}
