//! The settings of a mount: Djoser's own, by its names, with its defaults.

use chrono::TimeDelta;
use countersign_core::{
    Rate,
    strategy::{SimpleJwtRotation, SimpleJwtSettings},
};

use crate::{
    django::{self, Locale, Localized, Rates, Throttled},
    mount::Site,
    settings::{Span, between, line, when_set},
};

crate::choices! {
    /// What users log in with through `token/login/`.
    pub enum LoginField {
        /// Their name.
        Username = "username",
        /// Their address.
        Email = "email",
    }
}

crate::choices! {
    /// What stands for a user in paths.
    pub enum UserIdField {
        /// The number.
        Id = "id",
        /// The name.
        Username = "username",
    }
}

crate::choices! {
    /// Whether there are tokens.
    pub enum TokenModel {
        /// Those of the mount's strategy.
        Default = "default",
        /// None.
        None = "none",
    }
}

crate::choices! {
    /// Who chooses the language of the answers.
    pub enum LocaleSource {
        /// The server, for everybody.
        Off = "off",
        /// The client.
        AcceptLanguage = "accept-language",
    }
}

crate::settings! {
    /// Djoser's own settings, by its names and with its defaults, and the lifetime of Django's links.
    pub struct DjoserOptions {
        /// Are new users inactive until they follow a link that is mailed to them? Then a change of address needs it as
        /// well.
        pub send_activation_email: bool = false,
        /// Is a mail sent when an account is ready to use?
        pub send_confirmation_email: bool = false,
        /// Is a mail sent when a password was changed or reset?
        pub password_changed_email_confirmation: bool = false,
        /// Is a mail sent when a user name was changed or reset?
        pub username_changed_email_confirmation: bool = false,
        /// Where the link of the activation mail leads, on the front end.
        pub activation_url: String = "#/activate/{uid}/{token}".to_owned(), check = link,
        /// Where the link of a password reset leads, on the front end.
        pub password_reset_confirm_url: String = "#/password/reset/confirm/{uid}/{token}".to_owned(), check = link,
        /// Where the link of a user name reset leads, on the front end.
        pub username_reset_confirm_url: String = "#/username/reset/confirm/{uid}/{token}".to_owned(), check = link,
        /// `http` or `https`: how links begin. Without it, as `server.base_url`.
        pub email_frontend_protocol: Option<String> = None, check = when_set(protocol),
        /// The front end that links lead to, such as `app.example.org`. Without it, the host of `server.base_url`: this
        /// server, which has no pages to show. It is never taken from a request.
        pub email_frontend_domain: Option<String> = None, check = when_set(domain),
        /// What mails call the site. Without it, its domain.
        pub email_frontend_site_name: Option<String> = None, check = when_set(line),
        /// How long a link of a mail is good (Django's `PASSWORD_RESET_TIMEOUT`).
        pub password_reset_timeout: Span = Span::days(3), check = between(Span::seconds(60), Span::days(365)),
        /// Is a request to reset refused if nobody has the address? It tells everybody who is registered; either of the
        /// two does so for all mails.
        pub password_reset_show_email_not_found: bool = false,
        /// See `password_reset_show_email_not_found`.
        pub username_reset_show_email_not_found: bool = false,
        /// Must a registration have the password twice (`re_password`)?
        pub user_create_password_retype: bool = false,
        /// Must a change of the password have the new one twice (`re_new_password`)?
        pub set_password_retype: bool = false,
        /// Must a reset of the password have the new one twice (`re_new_password`)?
        pub password_reset_confirm_retype: bool = false,
        /// Must a change of the user name have the new one twice (`re_new_username`)?
        pub set_username_retype: bool = false,
        /// Must a reset of the user name have the new one twice (`re_new_username`)?
        pub username_reset_confirm_retype: bool = false,
        /// Does a change of the password delete the user's token? A reset does not; see `logout_on_password_reset`.
        pub logout_on_password_change: bool = false,
        /// Does a reset of the password end every token, session and login of the user? Djoser leaves them all alive, also
        /// those of whoever made the reset necessary: better switch this on.
        pub logout_on_password_reset: bool = false,
        /// Do users look absent to whoever may not see them, and is everybody's list their own entry? Otherwise everybody
        /// sees the list, and others are refused with 403.
        pub hide_users: bool = true,
        /// "email": `token/login/` takes `email` instead of `username`, users register with an address that nobody else
        /// has and without a user name, and neither can be changed.
        pub login_field: LoginField = LoginField::Username,
        /// "username": users are found by name instead of number (`users/ada/`), and shown without a number. A name with
        /// a dot has no path.
        pub user_id_field: UserIdField = UserIdField::Id,
        /// "none": there is no `token/login/` and no `token/logout/`, and the scheme Token is not read. It takes `jwt`.
        pub token_model: TokenModel = TokenModel::Default,
        /// The scheme of the token in the header `Authorization`, in any case: `keyword` of Django REST framework's
        /// `TokenAuthentication`, `AUTH_HEADER_PREFIX` of Knox. "Bearer" and "JWT" are free where `jwt` is off.
        pub auth_header_prefix: String = SCHEME.to_owned(), check = word,
        /// Are there JSON Web Tokens beside the token: `jwt/create/`, `jwt/refresh/` and `jwt/verify/`, and the schemes
        /// Bearer and JWT?
        pub jwt: bool = true,
        /// How long an access token lives.
        pub access_token_lifetime: Span = Span::seconds(300), check = at_least_a_second,
        /// How long a refresh token lives.
        pub refresh_token_lifetime: Span = Span::days(1), check = at_least_a_second,
        /// Does `jwt/refresh/` answer with another refresh token too, whose life begins anew (`ROTATE_REFRESH_TOKENS`)? A
        /// login lasts for `jwt.login_ttl` at most.
        pub rotate_refresh_tokens: bool = false,
        /// Is the refresh token spent that was sent (`BLACKLIST_AFTER_ROTATION`)? One that comes back when `jwt.refresh_grace`
        /// is over ends the login: somebody has a copy.
        pub blacklist_after_rotation: bool = false,
        /// Does `jwt/create/` count as the user's last login (`UPDATE_LAST_LOGIN`), which ends the links of earlier mails?
        pub update_last_login: bool = false,
        /// "off" as in a stock project: every message and mail is in the language of `language_code`.
        /// "accept-language" as with Django's `LocaleMiddleware`: in the language that the client asks for, by the
        /// cookie `django_language` or the header `Accept-Language`.
        pub locale: LocaleSource = LocaleSource::Off,
        /// The language of whoever asks for none that exists, by Django's code: "de", "pt-br", "zh-hans" …
        pub language_code: String = django::STOCK_LANGUAGE.to_owned(), check = language_code,
        /// The rate of Django REST framework's `AnonRateThrottle`: how often a client that is not logged in may ask for
        /// anything, such as "100/day". Without it, as often as it likes.
        pub throttle_anon: Option<Rate> = None,
        /// The rate of its `UserRateThrottle`: how often a user may ask for anything, such as "1000/day"; a client that is
        /// not logged in is counted as well. Without it, as often as they like.
        pub throttle_user: Option<Rate> = None,
    }
}

/// `TokenAuthentication.keyword`.
pub(super) const SCHEME: &str = "Token";

/// The placeholders of a link.
const UID: &str = "{uid}";
const TOKEN: &str = "{token}";

/// Where the links of mails lead, and what mails call the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FrontEnd {
    pub(super) protocol: String,
    pub(super) domain: String,
    pub(super) site_name: String,
}

impl Localized for DjoserOptions {
    fn locale(&self) -> Locale {
        Locale::new(&self.language_code, self.locale == LocaleSource::AcceptLanguage)
    }
}

impl Throttled for DjoserOptions {
    fn rates(&self) -> Rates {
        Rates { anon: self.throttle_anon, user: self.throttle_user }
    }
}

impl DjoserOptions {
    /// How long a link is good.
    pub(super) fn link_life(&self) -> TimeDelta {
        self.password_reset_timeout.delta()
    }

    /// `SIMPLE_JWT`.
    pub(super) fn simple_jwt(&self) -> SimpleJwtSettings {
        SimpleJwtSettings {
            access_lifetime: self.access_token_lifetime.delta(),
            refresh_lifetime: self.refresh_token_lifetime.delta(),
            rotation: match (self.rotate_refresh_tokens, self.blacklist_after_rotation) {
                (true, true) => SimpleJwtRotation::Blacklist,
                (true, false) => SimpleJwtRotation::Keep,
                (false, _) => SimpleJwtRotation::Off,
            },
        }
    }

    /// Settings that contradict each other, as (key, what is wrong).
    pub(super) fn contradictions(&self) -> Vec<(&'static str, &'static str)> {
        let (by_email, no_tokens) = (self.login_field == LoginField::Email, self.token_model == TokenModel::None);
        let found = [
            (no_tokens && !self.jwt, "token_model", "leaves no way to log in, for `jwt` is off"),
            (
                self.jwt && ["bearer", "jwt"].contains(&self.auth_header_prefix.to_ascii_lowercase().as_str()),
                "auth_header_prefix",
                "is the scheme of JSON Web Tokens, which `jwt` has on",
            ),
            (
                by_email && self.user_id_field == UserIdField::Username,
                "user_id_field",
                "names users by what `login_field = \"email\"` does not give them",
            ),
            (
                self.blacklist_after_rotation && !self.rotate_refresh_tokens,
                "blacklist_after_rotation",
                "has nothing to spend, for `rotate_refresh_tokens` is off",
            ),
        ];
        found.into_iter().filter(|(is, ..)| *is).map(|(_, key, message)| (key, message)).collect()
    }

    /// Does a request to write to an unknown address say so?
    pub(super) fn show_email_not_found(&self) -> bool {
        self.password_reset_show_email_not_found || self.username_reset_show_email_not_found
    }

    /// What the settings say, and `base_url` where they say nothing.
    pub(super) fn front_end(&self, site: &Site) -> FrontEnd {
        let (protocol, domain) = site.base_url.split_once("://").unwrap_or(("http", &site.base_url));
        let or = |given: &Option<String>, other: &str| given.clone().unwrap_or_else(|| other.to_owned());
        FrontEnd {
            protocol: or(&self.email_frontend_protocol, protocol),
            domain: or(&self.email_frontend_domain, domain),
            site_name: or(&self.email_frontend_site_name, domain),
        }
    }
}

/// A link from its template.
pub(super) fn filled(template: &str, uid: &str, token: &str) -> String {
    template.replace(UID, uid).replace(TOKEN, token)
}

fn link(template: &str) -> Result<(), String> {
    let rest = template.replacen(UID, "", 1).replacen(TOKEN, "", 1);
    if !template.contains(UID) || !template.contains(TOKEN) {
        Err(format!("does not hold both {UID} and {TOKEN}"))
    } else if rest.contains(['{', '}']) {
        Err(format!("holds other braces than {UID} and {TOKEN} once each"))
    } else if template.starts_with('/') || template.contains("://") {
        Err("is not a path without its first slash; the front end is `email_frontend_domain`".to_owned())
    } else if !template.chars().all(|c| c.is_ascii_graphic() && !"\"<>\\^`".contains(c)) {
        Err("holds characters that no link has".to_owned())
    } else {
        Ok(())
    }
}

/// JSON Web Tokens know no less.
fn at_least_a_second(life: &Span) -> Result<(), String> {
    let least = *life >= Span::seconds(1);
    if least { Ok(()) } else { Err("is less than a second".to_owned()) }
}

/// A scheme (RFC 9110, section 11.1).
fn word(text: &str) -> Result<(), String> {
    let fits =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    if fits { Ok(()) } else { Err("is not one word of ASCII letters and digits".to_owned()) }
}

fn language_code(code: &str) -> Result<(), String> {
    if django::is_language(code) {
        Ok(())
    } else {
        Err("is no language of Django; write a code such as \"en-us\", \"de\" or \"pt-br\"".to_owned())
    }
}

fn protocol(text: &str) -> Result<(), String> {
    if ["http", "https"].contains(&text) { Ok(()) } else { Err("is neither http nor https".to_owned()) }
}

fn domain(text: &str) -> Result<(), String> {
    let fits = !text.is_empty()
        && !text.contains("://")
        && !text.ends_with('/')
        && text.chars().all(|c| c.is_alphanumeric() || "-._~:[]/%".contains(c));
    if fits { Ok(()) } else { Err("is not a host, perhaps with a port and a path, such as app.example.org".to_owned()) }
}
