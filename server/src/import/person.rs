//! A user as they will stand in the target: what is judged of a source's row, and what is read of our own, in one form, so
//! that the two can be compared value by value.

use chrono::NaiveDateTime;
use countersign_core::{Role, identifier::Claim, model::Timestamp};
use diesel::{AsChangeset, Insertable, Queryable, Selectable};

use crate::store::{
    imports::{self, Marks},
    rows::{stored, text},
    schema::users,
};

/// The values that are compared, in the order of their marks.
pub const VALUES: [&str; 13] = [
    "username",
    "email",
    "phone",
    "name",
    "first_name",
    "last_name",
    "role",
    "is_staff",
    "is_superuser",
    "is_active",
    "email_verified_at",
    "password",
    "last_login",
];
/// The place of a value among [`VALUES`].
pub const USERNAME: usize = 0;
/// See [`USERNAME`].
pub const EMAIL: usize = 1;
/// See [`USERNAME`].
pub const PHONE: usize = 2;
/// See [`USERNAME`].
pub const ROLE: usize = 6;
/// See [`USERNAME`].
pub const IS_ACTIVE: usize = 9;
/// See [`USERNAME`].
pub const VERIFIED: usize = 10;
/// See [`USERNAME`].
pub const PASSWORD: usize = imports::PASSWORD;
/// See [`USERNAME`].
pub const LAST_LOGIN: usize = 12;

/// The columns of a user that a source has a say in.
#[derive(Debug, Clone, PartialEq, Eq, AsChangeset, Insertable, Queryable, Selectable)]
#[diesel(table_name = users, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct Person {
    /// Laravel's and Django's `id`, kept.
    pub id: i64,
    /// The user name; who has none is called by address or number.
    pub username: String,
    /// The address as it stands there.
    pub email: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    /// Laravel's `name`.
    pub name: String,
    /// Django's.
    pub first_name: String,
    /// Django's.
    pub last_name: String,
    /// By the mapping.
    pub role: String,
    /// Django's.
    pub is_staff: bool,
    /// Django's.
    pub is_superuser: bool,
    /// May they log in?
    pub is_active: bool,
    /// Laravel's.
    pub email_verified_at: Option<NaiveDateTime>,
    /// The encoded hash, as it stands there.
    pub password: Option<String>,
    /// Django's.
    pub last_login_at: Option<NaiveDateTime>,
    /// Laravel's, and Django's `date_joined`.
    pub created_at: Option<NaiveDateTime>,
    /// Laravel's.
    pub updated_at: Option<NaiveDateTime>,
}

/// A person and the identifiers that are wanted for them.
#[derive(Debug, Clone)]
pub struct Newcomer {
    /// The columns.
    pub person: Person,
    /// The identifiers.
    pub claims: Vec<Claim>,
    /// Does only the owner enable them?
    pub suspended: bool,
}

impl Person {
    /// The values in the order of [`VALUES`].
    fn values(&self) -> [Option<String>; VALUES.len()] {
        let truth = |is: bool| Some(if is { "1" } else { "0" }.to_owned());
        let moment = |at: Option<NaiveDateTime>| at.map(|at| at.and_utc().timestamp_micros().to_string());
        [
            Some(self.username.clone()),
            self.email.clone(),
            self.phone.clone(),
            Some(self.name.clone()),
            Some(self.first_name.clone()),
            Some(self.last_name.clone()),
            Some(self.role.clone()),
            truth(self.is_staff),
            truth(self.is_superuser),
            truth(self.is_active),
            moment(self.email_verified_at),
            self.password.clone(),
            moment(self.last_login_at),
        ]
    }

    /// The marks of the values.
    pub fn marks(&self) -> Marks {
        Marks::of(self.values().iter().map(Option::as_deref))
    }

    /// Takes over the value at this place.
    pub fn take(&mut self, from: &Self, at: usize) {
        match VALUES[at] {
            "username" => self.username.clone_from(&from.username),
            "email" => self.email.clone_from(&from.email),
            "phone" => self.phone.clone_from(&from.phone),
            "name" => self.name.clone_from(&from.name),
            "first_name" => self.first_name.clone_from(&from.first_name),
            "last_name" => self.last_name.clone_from(&from.last_name),
            "role" => self.role.clone_from(&from.role),
            "is_staff" => self.is_staff = from.is_staff,
            "is_superuser" => self.is_superuser = from.is_superuser,
            "is_active" => self.is_active = from.is_active,
            "email_verified_at" => self.email_verified_at = from.email_verified_at,
            "password" => self.password.clone_from(&from.password),
            _ => self.last_login_at = from.last_login_at,
        }
    }

    /// As reports name them.
    pub fn named(&self) -> String {
        named(&self.username, self.email.as_deref())
    }
}

/// A user as reports name them.
pub fn named(username: &str, email: Option<&str>) -> String {
    match email.filter(|email| *email != username) {
        Some(email) => format!("{username:?} <{email}>"),
        None => format!("{username:?}"),
    }
}

/// An empty person with this number, active.
pub fn nobody(id: i64) -> Person {
    Person {
        id,
        username: String::new(),
        email: None,
        phone: None,
        name: String::new(),
        first_name: String::new(),
        last_name: String::new(),
        role: Role::default().as_str().to_owned(),
        is_staff: false,
        is_superuser: false,
        is_active: true,
        email_verified_at: None,
        password: None,
        last_login_at: None,
        created_at: None,
        updated_at: None,
    }
}

/// A moment as the columns hold it.
pub fn column(at: Option<Timestamp>) -> Option<NaiveDateTime> {
    at.map(stored)
}

/// A text as every database can hold it.
pub fn held(given: Option<String>) -> String {
    text(&given.unwrap_or_default())
}
