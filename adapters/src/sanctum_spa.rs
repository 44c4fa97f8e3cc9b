//! The cookie login of a Laravel SPA, and the api-token that its pages find in a meta tag.

mod account;
mod api_token;
mod entry;
mod fortify;
mod front_end;
mod mails;
mod reset;
mod verification;

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, get, http::Method, http::StatusCode, web};
use countersign_core::{Rate, StrategyKind, TokenFault, auth::ApiTokenReplaces, password::PasswordRules};
use utoipa::openapi::OpenApi;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    adapter::Adapter,
    caller::{Authentication, Caller},
    front::Front,
    gateway::Gate,
    laravel::{
        answer, bearer, cookies, document,
        fault::{self, Fault},
        front, gate, guard,
        session::{SESSION_COOKIE, Sessions},
        stateful::Group,
        throttle::{self, Throttled, at_least_one},
        user::ShownUser,
    },
    mount::{Neighbours, Use},
    settings::{Span, between, line, when_set},
};

/// The tag of the operations.
const NAME: &str = "sanctum_spa";

/// The dialect.
#[derive(Debug, Clone, Copy)]
pub struct SanctumSpa;

crate::choices! {
    /// Which of Laravel's packages for logins the mount speaks as.
    pub enum Stack {
        /// Breeze's API stack.
        Breeze = "breeze",
        /// Fortify without views.
        Fortify = "fortify",
    }
}

impl Stack {
    /// Where the links lead that confirm an address.
    const fn verification_path(self) -> &'static str {
        match self {
            Self::Breeze => "/verify-email",
            Self::Fortify => "/email/verify",
        }
    }
}

crate::choices! {
    /// Which tokens of the user a new api-token puts an end to.
    pub enum Replaces {
        /// The api-token before it.
        ApiToken = "api_token",
        /// Every personal access token.
        All = "all",
    }
}

impl From<Replaces> for ApiTokenReplaces {
    fn from(replaces: Replaces) -> Self {
        match replaces {
            Replaces::ApiToken => Self::ApiToken,
            Replaces::All => Self::EveryToken,
        }
    }
}

crate::settings! {
    /// The cookie login of a single-page application, with CSRF protection and an api-token.
    pub struct SanctumSpaOptions {
        /// The package of Laravel's whose paths and answers the mount has: Breeze's API stack, or "fortify" for Fortify with
        /// `'views' => false`.
        pub stack: Stack = Stack::Breeze,
        /// The name of the session cookie. One that begins with "__Host-" no other host can plant in a browser; the
        /// cookie of remembered devices begins so then, too.
        pub session_cookie: String = SESSION_COOKIE.to_owned(), check = cookie_name,
        /// How long a session lives without a request.
        pub session_lifetime: Span = Span::hours(2), check = between(Span::seconds(60), Span::days(400)),
        /// How long a session lives at most, however often it is used.
        pub session_absolute_lifetime: Span = Span::days(30), check = between(Span::seconds(60), Span::days(400)),
        /// How long a device is remembered whose login asks for it (`remember`): it opens sessions by itself, until the
        /// user logs out anywhere or has another password.
        pub remember_lifetime: Span = Span::days(400), check = between(Span::seconds(60), Span::days(400)),
        /// Are the cookies sent over TLS only? Without it, if `server.base_url` is https.
        pub secure_cookies: Option<bool> = None,
        /// The domain that the cookies are for, such as "example.org" if the front end is a subdomain beside this
        /// server's. Without it, this server's host alone.
        pub cookie_domain: Option<String> = None, check = when_set(cookie_domain),
        /// How often a user may ask the API, and how often a client that is not logged in: Laravel's `throttle:api`, such as
        /// "60/min". Without it nothing is limited, as in a new project, whose `bootstrap/app.php` does not call
        /// `throttleApi()`.
        pub throttle_api: Option<Rate> = None, check = when_set(at_least_one),
        /// How many wrong passwords lock the login of an address for a client, and for how long since the first of them;
        /// it is then closed to the right one too. In Fortify's stack every login counts, right or wrong
        /// (`RateLimiter::for('login', …)`). Independent of `[throttle]`.
        pub login_lockout: Rate = Rate::per_minute(5), check = at_least_one,
        /// What a login, a registration and a reported purchase put an end to: the api-token before it, or with "all"
        /// every personal access token of the user.
        pub api_token_replaces: Replaces = Replaces::ApiToken,
        /// Where the front end's pages are (Breeze's `FRONTEND_URL`): links to a new password lead to
        /// /password-reset/TOKEN?email=… there. Without it, the first of `front_ends`, or else `server.base_url`.
        pub frontend_url: Option<String> = None, check = when_set(front_end::url),
        /// What mails call the site. Without it, the host of the front end.
        pub site_name: Option<String> = None, check = when_set(line),
        /// How long a link to a new password is good (Laravel's `auth.passwords.users.expire`).
        pub reset_link_lifetime: Span = Span::hours(1), check = between(Span::seconds(60), Span::days(400)),
        /// How often a user may be sent such a link (Laravel's `auth.passwords.users.throttle`).
        pub reset_link_rate: Rate = Rate::per_minute(1),
        /// Does a request for such a link say that nobody has the address, as Laravel does? Whoever asks learns who is
        /// registered; without it known and unknown addresses get the same answer.
        pub tell_unknown_address: bool = true,
        /// Does a new password by a link end every token of the user? Otherwise it ends the sessions alone, as in Laravel.
        pub logout_on_password_reset: bool = false,
        /// Is a link that confirms the address mailed to whoever registers? (Laravel's `MustVerifyEmail`.) It leads to this
        /// server, which sends on to the front end's /dashboard?verified=1.
        pub send_verification_email: bool = true,
        /// How long such a link is good (Laravel's `auth.verification.expire`).
        pub verification_link_lifetime: Span = Span::hours(1), check = between(Span::seconds(60), Span::days(400)),
        /// How often a user may follow such links and ask for more, taken together (Breeze's `throttle:6,1`).
        pub verification_rate: Rate = Rate::per_minute(6),
        /// How many such links one address may be sent at a user's request.
        pub verification_mail_rate: Rate = Rate::per_hour(20),
    }
}

impl Throttled for SanctumSpaOptions {
    fn api(&self) -> Option<Rate> {
        self.throttle_api
    }
}

fn cookie_name(name: &String) -> Result<(), String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if !name.is_empty() && name.chars().all(plain) && name != crate::laravel::session::CSRF_COOKIE {
        Ok(())
    } else {
        Err("is no cookie name; write letters, digits and -_. such as \"laravel-session\"".to_owned())
    }
}

fn cookie_domain(domain: &str) -> Result<(), String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-.".contains(letter);
    if !domain.is_empty() && domain.chars().all(plain) {
        Ok(())
    } else {
        Err("is no domain; write a name without scheme and port such as \"example.org\"".to_owned())
    }
}

impl Adapter for SanctumSpa {
    const NAME: &'static str = NAME;
    const PREFIX: &'static str = "";
    const STRATEGY: StrategyKind = StrategyKind::SanctumPat;
    const PASSWORD_RULES: PasswordRules = PasswordRules::Laravel;
    const FRONT: Option<Front> = Some(front::FRONT);

    type Options = SanctumSpaOptions;
    type Error = Fault;

    fn serves(strategy: StrategyKind) -> Result<(), &'static str> {
        match strategy {
            StrategyKind::SanctumPat => Ok(()),
            StrategyKind::DjoserToken | StrategyKind::JwtPair => Err("its api-token is a personal access token"),
        }
    }

    fn contradictions(options: &Self::Options) -> Vec<(&'static str, &'static str)> {
        let prefix = cookies::prefix(&options.session_cookie);
        let is_host_only = prefix.eq_ignore_ascii_case(cookies::HOST_PREFIX);
        let found = [
            (
                !prefix.is_empty() && options.secure_cookies == Some(false),
                "secure_cookies",
                "leaves browsers without the cookie of the name in `session_cookie`, which they take over TLS only",
            ),
            (
                is_host_only && options.cookie_domain.is_some(),
                "cookie_domain",
                "leaves browsers without the cookie of the name in `session_cookie`, which they take without a domain only",
            ),
        ];
        found.into_iter().filter(|(is, ..)| *is).map(|(_, key, message)| (key, message)).collect()
    }

    fn routes(cfg: &mut ServiceConfig, options: &SanctumSpaOptions, beside: &Neighbours) {
        cfg.service(set_cookies);
        match options.stack {
            Stack::Breeze => breeze(cfg, beside),
            Stack::Fortify => fortify::routes(cfg, beside),
        }
        cfg.service(api_token::rotate).service(api_token::show_meta_tag);
        // Both would serve the same user by the same guard.
        if !beside.share("sanctum", NAME) {
            cfg.service(show_user);
        }
    }

    fn lend(cfg: &mut ServiceConfig, mount: &Use<Self>) {
        cfg.app_data(web::Data::new(sessions(mount)));
    }

    fn describe() -> OpenApi {
        let description = "Cookie login of a single-page application, as Laravel Sanctum and Breeze have it.";
        document::describe("Sanctum SPA", description)
    }

    fn credential(request: &HttpRequest) -> Result<&str, TokenFault> {
        bearer::token(request.headers())
    }

    fn authenticate(request: &HttpRequest, mount: &Use<Self>) -> Authentication {
        throttle::caller(request, mount, guard::authenticate(request, mount))
    }

    fn gate(mount: &Use<Self>) -> Gate {
        gate::of_sessions(mount, sessions(mount))
    }

    fn sessions(mount: &Use<Self>) -> Option<Arc<Sessions>> {
        Some(Arc::new(sessions(mount)))
    }

    fn unserved(request: &HttpRequest, allowed: &[Method]) -> HttpResponse {
        fault::unserved(request, allowed)
    }
}

/// How the mount keeps its sessions.
fn sessions(mount: &Use<SanctumSpa>) -> Sessions {
    let SanctumSpaOptions { session_cookie, session_lifetime, secure_cookies, cookie_domain, .. } = &mount.options;
    let (longest, remembered) = (mount.options.session_absolute_lifetime.delta(), mount.options.remember_lifetime);
    let (realm, site) = (mount.auth.realm().clone(), mount.site.clone());
    let mut sessions = Sessions::new(realm, site, session_cookie.clone(), Duration::from(*session_lifetime));
    sessions.secure = secure_cookies.unwrap_or(sessions.secure);
    sessions.domain.clone_from(cookie_domain);
    (sessions.longest, sessions.remembered) = (longest, Duration::from(remembered));
    sessions
}

/// The routes of the stack `breeze`.
fn breeze(cfg: &mut ServiceConfig, beside: &Neighbours) {
    cfg.service(account::log_in).service(account::log_out);
    cfg.service(reset::send_link).service(reset::reset_password);
    cfg.service(verification::verify_address).service(verification::send_link);
    // The minimal API's document names `/register`, the SPA's names no path for it.
    if beside.share("minimal", NAME) {
        cfg.service(account::register_beside_minimal);
    } else {
        cfg.service(account::register);
    }
}

/// Set the cookies
///
/// Sets the session cookie and `XSRF-TOKEN`, whose value goes into the `X-XSRF-TOKEN` header of every request that
/// changes something.
#[utoipa::path(
    operation_id = "sanctum_spa_set_cookies",
    tag = NAME,
    responses((status = 204, description = "The cookies are set", headers(("Set-Cookie" = String)))),
    security(()),
)]
#[get("/sanctum/csrf-cookie", wrap = "Group::Web")]
async fn set_cookies() -> HttpResponse {
    answer::no_content()
}

/// Show the user
///
/// The user whose session or token this is.
#[utoipa::path(
    operation_id = "sanctum_spa_show_user",
    tag = NAME,
    responses(
        (status = 200, description = "The user", body = ShownUser),
        document::Unauthenticated,
        document::Unavailable,
    ),
    security(("laravel_bearer" = []), ("laravel_session" = [])),
)]
#[get("/api/user", wrap = "Group::Api")]
async fn show_user(caller: Caller<SanctumSpa>) -> HttpResponse {
    answer::json(StatusCode::OK, &ShownUser::from(&caller.user))
}
