//! Users come, change and go. Whatever takes a right away writes that first and revokes then.

use super::{Auth, follow_up::Sign};
use crate::{
    error::AuthError,
    identifier::{self, Claim, Key, Kind, Taken},
    model::{Account, Mandate, NewUser, Proof, Registration, Role, Seen, Step, Subject, User, UserChange, UserId},
    password::{EncodedPassword, PasswordOwner, PasswordRules},
    secret::Secret,
    store::Revoke,
};

/// The width of the name columns, in characters.
const MAX_NAME: usize = 255;

/// How many of those who share an address are told: more would let anybody who may register flood a mailbox.
const MAX_SHARED: u32 = 20;

impl Auth {
    /// Creates a user. The mount's password rules are checked first, then the password is hashed, then the row is
    /// written with all identifiers or not at all.
    ///
    /// # Errors
    /// [`AuthError::Invalid`], [`AuthError::WeakPassword`], [`AuthError::Taken`], [`AuthError::Store`].
    pub fn register(&self, registration: &Registration) -> Result<Subject, AuthError> {
        let mut new = draft(registration, self)?;
        self.check_new_password(registration)?;
        let hash = self.hash(&registration.password);
        new.password = Some(hash.clone());
        let user = self.realm.users().create_user(&new)?.map_err(AuthError::Taken)?;
        Ok(Subject { generation: self.realm.tokens().generation(user.id)?, user, proof: Proof::Password(hash) })
    }

    /// Would these identifiers be free for somebody new? Asked before the slow hash; [`Auth::register`] decides.
    ///
    /// # Errors
    /// [`AuthError::Taken`] with the kinds that are not free; [`AuthError::Store`].
    pub fn check_free(&self, wanted: &[(Kind, Key)]) -> Result<(), AuthError> {
        let mut taken = Vec::new();
        for (kind, key) in wanted {
            if self.realm.users().account(std::slice::from_ref(key))?.is_some() {
                taken.push(*kind);
            }
        }
        if taken.is_empty() { Ok(()) } else { Err(AuthError::Taken(Taken(taken))) }
    }

    /// Checks the password of somebody who registers against the mount's rules, which [`Auth::register`] does as well.
    ///
    /// # Errors
    /// [`AuthError::WeakPassword`] with every flaw.
    pub fn check_new_password(&self, registration: &Registration) -> Result<(), AuthError> {
        let owner = PasswordOwner {
            username: registration.username.as_deref().unwrap_or_default(),
            first_name: &registration.first_name,
            last_name: &registration.last_name,
            email: registration.email.as_deref().unwrap_or_default(),
        };
        self.check_password(&registration.password, &owner)
    }

    /// Checks a new password against the mount's rules.
    ///
    /// # Errors
    /// [`AuthError::WeakPassword`] with every flaw.
    pub fn check_password(&self, password: &Secret, owner: &PasswordOwner<'_>) -> Result<(), AuthError> {
        let flaws = self.rules.check(password, owner);
        if flaws.is_empty() { Ok(()) } else { Err(AuthError::WeakPassword(flaws)) }
    }

    /// Gives somebody who has just confirmed their password a new one, and revokes as told. The rules are the caller's
    /// business.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`] if the password was changed meanwhile; [`AuthError::WeakPassword`] only for an
    /// over-long one; [`AuthError::Store`].
    pub fn replace_password(&self, subject: &Subject, new: &Secret, revoke: &[Revoke]) -> Result<User, AuthError> {
        self.put_password(subject, new, revoke).map(|(user, _)| user)
    }

    /// The owner's recovery: a new password, and every token, session and login of the user is dead, also those that
    /// were being issued meanwhile.
    ///
    /// # Errors
    /// [`AuthError::WeakPassword`] only for an over-long password; [`AuthError::NotFound`], [`AuthError::Store`].
    pub fn recover(&self, user: UserId, password: &Secret) -> Result<User, AuthError> {
        let set = self.set_password(user, password, None, &[Revoke::Everything])?;
        set.map(|(user, _)| user).ok_or(AuthError::NotFound)
    }

    /// The owner enables or disables a user. Disabling revokes everything, and enabling does not bring it back, nor links
    /// from before. Nobody else enables whom the owner disabled: no link does.
    ///
    /// # Errors
    /// [`AuthError::NotFound`], [`AuthError::Store`].
    pub fn set_active(&self, user: UserId, active: bool) -> Result<User, AuthError> {
        self.administer(Mandate::Owner, user, &Step::Change(UserChange::Active(active)))
    }

    /// Gives a user another role. Tokens keep working, with the new role from the next request on; a browser's session
    /// ends, because no session may begin with few rights and go on with many (ASVS 5.0, 7.2.4).
    ///
    /// # Errors
    /// [`AuthError::NotFound`], [`AuthError::Store`].
    pub fn set_role(&self, user: UserId, role: Role) -> Result<User, AuthError> {
        self.administer(Mandate::Owner, user, &Step::Change(UserChange::Role(role)))
    }

    /// Gives a user another e-mail address, or none. It may be shared: then it is shown but does not log in.
    ///
    /// # Errors
    /// [`AuthError::Invalid`], [`AuthError::NotFound`], [`AuthError::Store`].
    pub fn change_email(&self, user: UserId, email: Option<&str>) -> Result<User, AuthError> {
        self.put_email(user, email, false)
    }

    /// [`Auth::change_email`], and the user is inactive until somebody follows a link to the new address. Unlike
    /// [`Auth::set_active`] this suspends nobody and takes no token away: they work again then.
    ///
    /// # Errors
    /// [`AuthError::LastAdministrator`], who would be inactive for ever if the mail does not arrive; otherwise as
    /// [`Auth::change_email`].
    pub fn change_email_to_confirm(&self, user: UserId, email: Option<&str>) -> Result<User, AuthError> {
        self.put_email(user, email, true)
    }

    /// Gives a user another name to show and another e-mail address, both or neither. The address is no longer verified,
    /// unless it is the one that the user has, letter for letter.
    ///
    /// # Errors
    /// [`AuthError::Taken`] if somebody else holds the address; [`AuthError::Invalid`], [`AuthError::NotFound`],
    /// [`AuthError::Store`].
    pub fn change_profile(&self, user: UserId, name: &str, email: &str) -> Result<User, AuthError> {
        let name = usable("name", Some(name))?.ok_or(AuthError::Invalid { field: "name" })?;
        let email = usable("email", Some(email))?.ok_or(AuthError::Invalid { field: "email" })?;
        let key = Key::email(&email);
        if !key.fits() {
            return Err(AuthError::Invalid { field: "email" });
        }
        let is_same = self.user(user)?.email.as_ref() == Some(&email);
        let claim = Claim { kind: Kind::Email, key: key.clone(), required: true };
        let change = UserChange::Profile { name, address: (!is_same).then_some((email, claim)) };
        match self.change(user, &change, &[Revoke::Nothing]) {
            Err(AuthError::NotFound) if self.is_held_by_another(user, key)? => {
                Err(AuthError::Taken(Taken(vec![Kind::Email])))
            }
            outcome => outcome,
        }
    }

    /// Gives a user another user name, stored and compared as typed (Django's `set_username` does not normalise). It
    /// takes the place of the old one in the namespace that all identifiers share.
    ///
    /// # Errors
    /// [`AuthError::Taken`] if somebody else holds it; [`AuthError::Invalid`], [`AuthError::NotFound`],
    /// [`AuthError::Store`].
    pub fn change_username(&self, user: UserId, name: &str) -> Result<User, AuthError> {
        self.put_username(user, name, None)
    }

    /// Whoever holds the identifier that [`Auth::change_username`] would claim: by this name, or by an address or a phone
    /// number that is the same.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub fn username_holder(&self, name: &str) -> Result<Option<User>, AuthError> {
        let holder = self.realm.users().account(&[Key::username_as_typed(name)])?;
        Ok(holder.map(|account| account.user))
    }

    /// Everybody who has exactly this address, case and all, in the order of their numbers: several may share one, of
    /// whom so many are told. Whoever logs in by it is among them, however many others have made it theirs.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub fn accounts_by_email(&self, address: &str) -> Result<Vec<Account>, AuthError> {
        let users = self.realm.users();
        let mut found = users.accounts_by_email(address, MAX_SHARED)?;
        let holder = users.account(&[Key::email(address)])?;
        let holder = holder.filter(|holder| holder.user.email.as_deref() == Some(address));
        if let Some(holder) = holder
            && found.iter().all(|account| account.user.id != holder.user.id)
        {
            found.pop();
            found.push(holder);
        }
        Ok(found)
    }

    /// The user with this number, with the password hash.
    ///
    /// # Errors
    /// [`AuthError::NotFound`], [`AuthError::Store`].
    pub fn account(&self, user: UserId) -> Result<Account, AuthError> {
        let password = self.realm.users().password(user)?;
        Ok(Account { user: self.user(user)?, password })
    }

    fn put_email(&self, user: UserId, email: Option<&str>, deactivate: bool) -> Result<User, AuthError> {
        let address = usable("email", email)?;
        let claim =
            address.as_deref().map(|address| Claim { kind: Kind::Email, key: Key::email(address), required: false });
        if claim.as_ref().is_some_and(|claim| !claim.key.fits()) {
            return Err(AuthError::Invalid { field: "email" });
        }
        let change = UserChange::Email { address, claim, deactivate };
        if deactivate {
            return self.administer(Mandate::Permitted, user, &Step::Change(change));
        }
        self.change(user, &change, &[Revoke::Nothing])
    }

    /// Deletes a user with everything that is theirs.
    ///
    /// # Errors
    /// [`AuthError::NotFound`], [`AuthError::Store`].
    pub fn delete_user(&self, user: UserId) -> Result<(), AuthError> {
        let existed = self.realm.users().delete_user(user)?;
        self.carry_out(user, &[Revoke::Everything])?;
        if existed { Ok(()) } else { Err(AuthError::NotFound) }
    }

    /// The user with this number.
    ///
    /// # Errors
    /// [`AuthError::NotFound`], [`AuthError::Store`].
    pub fn user(&self, user: UserId) -> Result<User, AuthError> {
        self.realm.users().user(user)?.ok_or(AuthError::NotFound)
    }

    /// The user whose name is exactly this.
    ///
    /// # Errors
    /// [`AuthError::NotFound`], [`AuthError::Store`].
    pub fn user_named(&self, name: &str) -> Result<User, AuthError> {
        self.username_holder(name)?.filter(|user| user.username == name).ok_or(AuthError::NotFound)
    }

    /// The user whom an identifier names: user name, e-mail or phone.
    ///
    /// # Errors
    /// [`AuthError::NotFound`], [`AuthError::Store`].
    pub fn find_user(&self, identifier: &str) -> Result<User, AuthError> {
        let keys = Key::candidates(identifier);
        let account = if keys.is_empty() { None } else { self.realm.users().account(&keys)? };
        account.map(|account| account.user).ok_or(AuthError::NotFound)
    }

    /// Up to `limit` users with a number above `after`, in the order of their numbers; begin with 0.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub fn users(&self, after: UserId, limit: u32) -> Result<Vec<User>, AuthError> {
        Ok(self.realm.users().users(after, limit)?)
    }

    /// `seen` is what a link was checked against, if the name comes by one.
    pub(super) fn put_username(&self, user: UserId, name: &str, seen: Option<Seen>) -> Result<User, AuthError> {
        let name = usable("username", Some(name))?.ok_or(AuthError::Invalid { field: "username" })?;
        let key = Key::username_as_typed(&name);
        if !key.fits() {
            return Err(AuthError::Invalid { field: "username" });
        }
        let claim = Claim { kind: Kind::Username, key: key.clone(), required: true };
        match self.change(user, &UserChange::Username { name, claim, seen }, &[Revoke::Nothing]) {
            Err(AuthError::NotFound) if self.is_held_by_another(user, key)? => {
                Err(AuthError::Taken(Taken(vec![Kind::Username])))
            }
            outcome => outcome,
        }
    }

    /// Does somebody else hold this identifier?
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub fn is_held_by_another(&self, user: UserId, key: Key) -> Result<bool, AuthError> {
        Ok(self.realm.users().account(&[key])?.is_some_and(|holder| holder.user.id != user))
    }

    /// The user side first, then the token side: see [`crate::store`].
    pub(super) fn change(&self, user: UserId, change: &UserChange, revoke: &[Revoke]) -> Result<User, AuthError> {
        let changed = match self.realm.users().change_user(user, change, self.realm.now()) {
            Ok(changed) => changed.ok_or(AuthError::NotFound)?,
            Err(error) => self.in_doubt(&error, user, Sign::of(change), revoke).ok_or(error)?,
        };
        self.carry_out(user, revoke)?;
        Ok(changed)
    }

    /// [`Auth::replace_password`], and the hash of the new one.
    pub(super) fn put_password(
        &self,
        subject: &Subject,
        new: &Secret,
        revoke: &[Revoke],
    ) -> Result<(User, EncodedPassword), AuthError> {
        let Proof::Password(old) = &subject.proof else { return Err(AuthError::WrongCredentials) };
        self.set_password(subject.id, new, Some(old.clone()), revoke)?.ok_or(AuthError::WrongCredentials)
    }

    fn set_password(
        &self,
        user: UserId,
        password: &Secret,
        replacing: Option<EncodedPassword>,
        revoke: &[Revoke],
    ) -> Result<Option<(User, EncodedPassword)>, AuthError> {
        let flaws = PasswordRules::None.check(password, &PasswordOwner::default());
        if !flaws.is_empty() {
            return Err(AuthError::WeakPassword(flaws));
        }
        let hash = self.hash(password);
        let change = UserChange::Password { new: hash.clone(), replacing };
        match self.change(user, &change, revoke) {
            Ok(user) => Ok(Some((user, hash))),
            Err(AuthError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn hash(&self, password: &Secret) -> EncodedPassword {
        self.realm.passwords().hash(password, self.realm.random())
    }
}

/// The row of a registration, still without its password.
pub(super) fn draft(registration: &Registration, auth: &Auth) -> Result<NewUser, AuthError> {
    let email = usable("email", registration.email.as_deref())?;
    let phone = match usable("phone", registration.phone.as_deref())? {
        Some(typed) => Some(identifier::e164(&typed).ok_or(AuthError::Invalid { field: "phone" })?),
        None => None,
    };
    let own_username = usable("username", registration.username.as_deref())?.map(|name| identifier::normal(&name));
    let username = own_username.clone().or_else(|| email.clone()).or_else(|| phone.clone());
    let username = username.ok_or(AuthError::Invalid { field: "username" })?;
    let first_name = usable("first_name", Some(&registration.first_name))?.unwrap_or_default();
    let last_name = usable("last_name", Some(&registration.last_name))?.unwrap_or_default();
    let name = usable("name", registration.name.as_deref())?;
    let full_name = format!("{first_name} {last_name}").trim().to_owned();
    let now = auth.realm.now();

    let mut identifiers = Vec::new();
    if let Some(name) = &own_username {
        identifiers.push(Claim { kind: Kind::Username, key: Key::username(name), required: true });
    }
    if let Some(address) = &email {
        let required = !registration.email_may_be_shared;
        identifiers.push(Claim { kind: Kind::Email, key: Key::email(address), required });
    }
    if let Some(number) = &phone {
        identifiers.push(Claim { kind: Kind::Phone, key: Key::phone(number), required: true });
    }
    // NFKC and lower-casing can make a text many times longer.
    if let Some(claim) = identifiers.iter().find(|claim| !claim.key.fits()) {
        return Err(AuthError::Invalid { field: claim.kind.as_str() });
    }
    Ok(NewUser {
        uuid: auth.realm.random().uuid(),
        name: name.unwrap_or_else(|| if full_name.is_empty() { username.clone() } else { full_name }),
        username,
        email,
        phone,
        first_name,
        last_name,
        role: registration.role,
        is_staff: registration.is_staff,
        is_superuser: registration.is_superuser,
        is_active: registration.is_active,
        email_verified_at: registration.email_verified.then_some(now),
        password: None,
        identifiers,
        now,
    })
}

/// A text that every database can hold; empty counts as absent.
fn usable(field: &'static str, text: Option<&str>) -> Result<Option<String>, AuthError> {
    match text.filter(|text| !text.is_empty()) {
        Some(text) if text.contains('\0') || text.chars().count() > MAX_NAME => Err(AuthError::Invalid { field }),
        text => Ok(text.map(str::to_owned)),
    }
}
