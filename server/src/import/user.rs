//! What becomes of a row of users: judged by itself, without a look at any database.

use countersign_core::{
    Role,
    identifier::{self, Claim, Key, Kind},
    password::{EncodedPassword, PasswordScheme},
};

use super::{
    Framework,
    person::{Newcomer, Person, column, held, nobody},
    source::Row,
    table::Field,
    value::{Unreadable, moment, shortened, truth},
    zone::Zone,
};

/// The width of the columns of names, in characters.
const MAX_NAME: usize = 255;
/// More than any hash has, in characters. A longer one would not be checked; and pages of them could not be sent to the target.
const MAX_HASH: usize = 512;
/// Numbers above it leave no room behind them.
pub const MAX_ID: i64 = i64::MAX / 2;

/// The columns that a framework may have, in the order in which [`judge`] takes them. A column without a name is there only if
/// the owner names one.
macro_rules! fields {
    ($($name:literal: $django:literal, $laravel:literal;)*) => {
        /// Django's `auth_user`.
        pub const DJANGO: &[Field] = &[$(Field { name: $name, column: $django, required: is_required($name, false) },)*];
        /// Laravel's `users`.
        pub const LARAVEL: &[Field] = &[$(Field { name: $name, column: $laravel, required: is_required($name, true) },)*];
    };
}
fields! {
    "id": "id", "id";
    "username": "username", "";
    "email": "email", "email";
    "phone": "", "";
    "name": "", "name";
    "first_name": "first_name", "";
    "last_name": "last_name", "";
    "password": "password", "password";
    "is_staff": "is_staff", "";
    "is_superuser": "is_superuser", "";
    "is_active": "is_active", "";
    "email_verified_at": "", "email_verified_at";
    "last_login": "last_login", "";
    "created_at": "date_joined", "created_at";
    "updated_at": "", "updated_at";
    "deleted_at": "", "deleted_at";
    "role": "", "";
    "two_factor_secret": "", "two_factor_secret";
}

const fn is_required(name: &str, laravel: bool) -> bool {
    matches!(name.as_bytes(), b"id" | b"password") || (laravel && matches!(name.as_bytes(), b"email"))
}

/// What the owner decided about users.
#[derive(Debug, Clone)]
pub struct UserRules {
    /// Whose rows they are.
    pub framework: Framework,
    /// The zone of moments without one.
    pub zone: Zone,
    /// Which group, or value of the role's column, is which role; the first that fits counts.
    pub roles: Vec<(String, Role)>,
    /// Are users imported whose hash nobody can check?
    pub keep_unknown_hashes: bool,
    /// Do inactive users wait for an activation mail, and were not disabled by the owner?
    pub inactive_wait: bool,
}

/// A user who can be imported, and what changes on the way.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The columns and identifiers.
    pub newcomer: Newcomer,
    /// What is not as it was there, a sentence each.
    pub changes: Vec<String>,
}

/// Reads the number of a row.
///
/// # Errors
/// None, or one that cannot be kept.
pub fn number(text: Option<&str>) -> Result<i64, Unreadable> {
    let id: Option<i64> = text.and_then(|text| text.trim().parse().ok());
    id.filter(|id| *id > 0 && *id <= MAX_ID)
        .ok_or_else(|| Unreadable(format!("the id cannot be kept: {:?}", text.unwrap_or("NULL"))))
}

/// What becomes of a row, whose groups are these.
///
/// # Errors
/// Why it cannot be imported.
pub fn judge(id: i64, mut row: Row, groups: &[String], rules: &UserRules) -> Result<Judged, Unreadable> {
    let mut changes = Vec::new();
    let [username, email, phone, name, first_name, last_name, password] = std::array::from_fn(|at| row.take(at + 1));
    let mut flag =
        |at: usize, default: bool| row.take(at).map_or(Ok(default), |text| truth(rules.fields()[at].name, &text));
    let (is_staff, is_superuser, is_active) = (flag(8, false)?, flag(9, false)?, flag(10, true)?);
    let mut at = |place: usize| match row.take(place) {
        Some(text) => moment(rules.fields()[place].name, &text, &rules.zone),
        None => Ok(None),
    };
    let (verified, last_login, created, updated, deleted) = (at(11)?, at(12)?, at(13)?, at(14)?, at(15)?);
    let role = row.take(16);
    if row.take(17).is_some_and(|secret| !secret.is_empty()) {
        changes.push("has a second factor there; logs in by password alone here".to_owned());
    }
    if deleted.is_some() {
        changes.push("is soft-deleted there; suspended here".to_owned());
    } else if !is_active && rules.inactive_wait {
        changes.push("is inactive there; waits for an activation mail here".to_owned());
    } else if !is_active {
        changes.push("is inactive there; suspended here until the owner enables them".to_owned());
    }
    let suspended = deleted.is_some() || (!is_active && !rules.inactive_wait);

    let email = usable("email", email)?;
    let own_name = usable("username", username)?;
    let phone = match usable("phone", phone)? {
        Some(typed) => Some(identifier::e164(&typed).ok_or_else(|| {
            Unreadable(format!("the phone number is not one in international form: {:?}", shortened(&typed)))
        })?),
        None => None,
    };
    let called = own_name.clone().or_else(|| email.clone()).or_else(|| phone.clone());
    let username = called.ok_or_else(|| Unreadable("has neither a user name nor an e-mail address".to_owned()))?;
    let claims = claims(own_name.as_deref(), email.as_deref(), phone.as_deref(), rules.framework)?;

    let (first_name, last_name) =
        (shown("first_name", first_name, &mut changes)?, shown("last_name", last_name, &mut changes)?);
    let name = shown("name", name, &mut changes)?;
    let full_name = format!("{first_name} {last_name}").trim().to_owned();
    let name = [name, full_name].into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| username.clone());

    check_hash(password.as_deref(), rules, &mut changes)?;
    let role = role_of(role.as_deref(), groups, rules, &mut changes)?;
    let person = Person {
        username,
        email,
        phone,
        name,
        first_name,
        last_name,
        role: role.as_str().to_owned(),
        is_staff,
        is_superuser,
        is_active: is_active && deleted.is_none(),
        email_verified_at: column(verified),
        password,
        last_login_at: column(last_login),
        created_at: column(created),
        updated_at: column(updated),
        ..nobody(id)
    };
    Ok(Judged { newcomer: Newcomer { person, claims, suspended }, changes })
}

impl UserRules {
    fn fields(&self) -> &'static [Field] {
        self.framework.user_fields()
    }
}

/// Django lets several users have one address: then the first logs in by it, and all of them by their names.
fn claims(
    username: Option<&str>,
    email: Option<&str>,
    phone: Option<&str>,
    framework: Framework,
) -> Result<Vec<Claim>, Unreadable> {
    let shared = framework == Framework::Django && username.is_some();
    let username =
        username.map(|name| Claim { kind: Kind::Username, key: Key::username_as_typed(name), required: true });
    let email = email.map(|address| Claim { kind: Kind::Email, key: Key::email(address), required: !shared });
    let phone = phone.map(|number| Claim { kind: Kind::Phone, key: Key::phone(number), required: true });
    let mut claims: Vec<Claim> = Vec::new();
    for claim in [username, email, phone].into_iter().flatten() {
        if !claim.key.fits() {
            return Err(Unreadable(format!("the {} is too long to be one", claim.kind.as_str())));
        }
        if claims.iter().all(|known| known.key != claim.key) {
            claims.push(claim);
        }
    }
    Ok(claims)
}

/// The hash stays as it is. One that nobody can check is refused: a bulk of users whose passwords stopped working is no
/// success, and one that would cost minutes a login is an attack.
fn check_hash(password: Option<&str>, rules: &UserRules, changes: &mut Vec<String>) -> Result<(), Unreadable> {
    let cannot_be_held = match password {
        Some(encoded) if encoded.contains('\0') => Some("it has a NUL in it".to_owned()),
        Some(encoded) if encoded.chars().count() > MAX_HASH => Some(format!("it has more than {MAX_HASH} characters")),
        _ => None,
    };
    if let Some(reason) = cannot_be_held {
        return Err(Unreadable(format!("the password hash cannot be checked here: {reason}")));
    }
    match password.map(|encoded| PasswordScheme::of(&EncodedPassword::new(encoded))) {
        None | Some(Ok(_)) => Ok(()),
        Some(Err(reason)) if rules.keep_unknown_hashes => {
            changes.push(format!("the password does not work here until it is reset: of the hash, {reason}"));
            Ok(())
        }
        Some(Err(reason)) => Err(Unreadable(format!("the password hash cannot be checked here: {reason}"))),
    }
}

/// A hash's scheme and cost as reports have them.
pub fn scheme(encoded: Option<&str>) -> String {
    match encoded.map(|encoded| PasswordScheme::of(&EncodedPassword::new(encoded))) {
        None | Some(Ok(PasswordScheme::Unusable)) => "no usable password".to_owned(),
        Some(Ok(scheme)) => scheme.to_string(),
        Some(Err(reason)) => format!("cannot be checked: {reason}"),
    }
}

fn role_of(
    value: Option<&str>,
    groups: &[String],
    rules: &UserRules,
    changes: &mut Vec<String>,
) -> Result<Role, Unreadable> {
    let fits = |name: &str| groups.iter().any(|group| group == name) || value == Some(name);
    let mapped: Vec<Role> = rules.roles.iter().filter(|(name, _)| fits(name)).map(|(_, role)| *role).collect();
    if let Some(first) = mapped.first() {
        if mapped.iter().any(|role| role != first) {
            changes.push(format!("is in groups of several roles; {first} is kept, which is mapped first"));
        }
        return Ok(*first);
    }
    match value.filter(|value| !value.is_empty()) {
        Some(value) => value
            .parse()
            .map_err(|_| Unreadable(format!("the role {:?} is none of ours; map it by --map-group", shortened(value)))),
        None => Ok(Role::default()),
    }
}

/// An identifier: empty counts as absent.
fn usable(field: &str, text: Option<String>) -> Result<Option<String>, Unreadable> {
    match text.filter(|text| !text.is_empty()) {
        Some(text) if text.contains('\0') => Err(Unreadable(format!("the {field} has a NUL in it"))),
        Some(text) if text.chars().count() > MAX_NAME => {
            Err(Unreadable(format!("the {field} has more than {MAX_NAME} characters")))
        }
        text => Ok(text),
    }
}

/// A name that is only shown.
fn shown(field: &str, text: Option<String>, changes: &mut Vec<String>) -> Result<String, Unreadable> {
    let text = text.unwrap_or_default();
    if text.chars().count() > MAX_NAME {
        return Err(Unreadable(format!("the {field} has more than {MAX_NAME} characters")));
    }
    if text.contains('\0') {
        changes.push(format!("the {field} loses a NUL"));
    }
    Ok(held(Some(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(framework: Framework) -> UserRules {
        UserRules {
            framework,
            zone: Zone::Offset(chrono::FixedOffset::east_opt(0).unwrap()),
            roles: vec![("Hotel managers".to_owned(), Role::Hotelier), ("Admins".to_owned(), Role::Admin)],
            keep_unknown_hashes: false,
            inactive_wait: false,
        }
    }

    fn row(framework: Framework, values: &[(&str, &str)]) -> Row {
        let value =
            |field: &Field| values.iter().find(|(name, _)| *name == field.name).map(|(_, value)| (*value).to_owned());
        Row::of(framework.user_fields().iter().map(value).collect())
    }

    fn judged(framework: Framework, values: &[(&str, &str)], groups: &[&str]) -> Result<Judged, Unreadable> {
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        judge(7, row(framework, values), &groups, &rules(framework))
    }

    /// Row A11 of what an imported hash may do to us: each is refused, and said why.
    #[test]
    fn a_hash_that_nobody_should_check_is_refused() {
        for hash in [
            "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg",
            "$argon2id$v=19$m=64,t=1000,p=1$c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg",
            "$argon2id$v=19$m=64,t=1,p=255$c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg",
            "pbkdf2_sha256$1000000000$salt$3QPm/co/s1NAwiQMm4b8eDQmn5weY+tCpDbIgy4ei8E=",
            "$2y$31$of9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05S",
            "scrypt$16777216$salt$8$5$FcUaxdGhAOqNKfG3sRGmnqk8n+TX6EyInPP4lHuhKE4=",
            "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$****",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            &"x".repeat(1 << 20),
        ] {
            let refused = judged(Framework::Django, &[("username", "ada"), ("password", hash)], &[]).unwrap_err();
            assert!(refused.0.starts_with("the password hash cannot be checked here: "), "{}", refused.0);
        }
    }

    /// No flag keeps it either: the whole page would fail with it, in this run and every other.
    #[test]
    fn a_hash_that_the_target_may_not_hold_is_refused() {
        let lenient = UserRules { keep_unknown_hashes: true, ..rules(Framework::Django) };
        for (hash, reason) in [
            ("!a\0b".to_owned(), "it has a NUL in it"),
            (format!("!{}", "é".repeat(512)), "it has more than 512 characters"),
        ] {
            let fields = row(Framework::Django, &[("username", "ada"), ("password", &hash)]);
            let refused = judge(7, fields, &[], &lenient).unwrap_err();
            assert_eq!(refused.0, format!("the password hash cannot be checked here: {reason}"));
        }
        let hash = format!("!{}", "é".repeat(511));
        judged(Framework::Django, &[("username", "ada"), ("password", &hash)], &[]).unwrap();
    }

    #[test]
    fn who_has_several_groups_gets_the_role_that_is_mapped_first() {
        let ada = judged(Framework::Django, &[("username", "ada")], &["Admins", "Hotel managers", "Others"]).unwrap();
        assert_eq!(ada.newcomer.person.role, "hotelier");
        assert_eq!(ada.changes, ["is in groups of several roles; hotelier is kept, which is mapped first"]);
        assert_eq!(
            judged(Framework::Django, &[("username", "bob")], &["Others"]).unwrap().newcomer.person.role,
            "tourist"
        );
    }

    #[test]
    fn a_user_of_laravel_is_called_by_the_address() {
        let ada = judged(Framework::Laravel, &[("name", "Ada"), ("email", "Ada@Example.org")], &[]).unwrap().newcomer;
        assert_eq!((ada.person.username.as_str(), ada.person.name.as_str()), ("Ada@Example.org", "Ada"));
        let claims: Vec<_> = ada.claims.iter().map(|claim| (claim.key.as_str(), claim.required)).collect();
        assert_eq!(claims, [("ada@example.org", true)]);
        assert_eq!(
            judged(Framework::Laravel, &[("name", "Ada")], &[]).unwrap_err().0,
            "has neither a user name nor an e-mail address"
        );
    }

    #[test]
    fn the_soft_deleted_and_the_inactive_are_suspended() {
        let gone = [("email", "a@example.org"), ("deleted_at", "2024-01-01 00:00:00")];
        let gone = judged(Framework::Laravel, &gone, &[]).unwrap();
        assert!(!gone.newcomer.person.is_active && gone.newcomer.suspended);
        let inactive = judged(Framework::Django, &[("username", "ada"), ("is_active", "f")], &[]).unwrap();
        assert!(!inactive.newcomer.person.is_active && inactive.newcomer.suspended);
        let waiting = UserRules { inactive_wait: true, ..rules(Framework::Django) };
        let fields = row(Framework::Django, &[("username", "ada"), ("is_active", "0")]);
        let waiting = judge(7, fields, &[], &waiting).unwrap();
        assert!(!waiting.newcomer.person.is_active && !waiting.newcomer.suspended);
    }
}
