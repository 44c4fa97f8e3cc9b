//! What follows from the configuration: one list of front ends becomes who has sessions, who may read answers, and where
//! links lead.

use countersign_adapters::{
    Adapter as _, Dialect,
    djoser::{Djoser, DjoserOptions},
    laravel::{cookies, session::CSRF_COOKIE, settings::CorsOrigins, stateful::authority},
    sanctum_spa::{SanctumSpa, SanctumSpaOptions},
};
use countersign_core::env::{Clock as _, SystemClock};
use serde::Serialize;

use crate::{
    config::{Findings, MountSettings, Settings, mounted},
    serve::{MAILS_IN_THE_LOG, writes_mails_into_the_log},
};

/// What other servers let one set wrong, and this one does not let one set.
const SETTLED: [&str; 2] =
    ["cookies have SameSite=Lax", "/verify sends every identity header, with none where nothing is known"];

/// The lists, and what is found wrong with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lists {
    /// Whose pages have sessions: host and port, as Sanctum compares them. The last is the server itself.
    pub stateful_hosts: Vec<String>,
    /// Whose pages may read answers, with cookies.
    pub cors_origins: Vec<String>,
    /// May any page read what Laravel's dialects answer, without cookies, instead? (`laravel.cors_origins`)
    pub is_laravel_open: bool,
    /// Whose pages may open a WebSocket.
    pub websocket_origins: &'static str,
    /// The cookies of each cookie login.
    pub cookies: Vec<Cookies>,
    /// Where the links of mails lead.
    pub links: Vec<Links>,
    /// What may not be meant.
    pub warnings: Vec<String>,
    /// What is not checked because it cannot be set.
    pub settled: [&'static str; 2],
}

/// The cookies of a mount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cookies {
    /// Where it is mounted.
    pub mount: String,
    /// Their names.
    pub names: [String; 2],
    /// Their domain; `None` for the host of the server alone.
    pub domain: Option<String>,
    /// Do they go over https alone?
    pub secure: bool,
    /// With which requests of other pages they go.
    pub same_site: &'static str,
}

/// The links of a mount's mails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Links {
    /// Where it is mounted.
    pub mount: String,
    /// What they begin with.
    pub base: String,
}

impl Lists {
    /// Those of `settings`, which are in order.
    pub fn of(settings: &Settings) -> Self {
        let base = settings.server.public_url();
        let mut warnings: Vec<String> =
            Findings::at(settings, SystemClock.now()).warned.iter().map(ToString::to_string).collect();
        if writes_mails_into_the_log(settings) {
            warnings.push(MAILS_IN_THE_LOG.to_owned());
        }
        let spas = mounted::<SanctumSpaOptions>(settings, SanctumSpa::NAME);
        let djosers = mounted::<DjoserOptions>(settings, Djoser::NAME);
        let cookies = spas.iter().map(|(mount, options)| Cookies {
            mount: named(mount),
            names: [CSRF_COOKIE.to_owned(), options.session_cookie.clone()],
            domain: options.cookie_domain.clone(),
            secure: options.secure_cookies.unwrap_or_else(|| {
                base.starts_with("https://") || !cookies::prefix(&options.session_cookie).is_empty()
            }),
            same_site: "Lax",
        });
        let spa_links = spas.iter().map(|(mount, options)| {
            let front_end = options.frontend_url.as_ref().or(settings.front_ends.first()).unwrap_or(&base);
            Links { mount: named(mount), base: front_end.clone() }
        });
        let djoser_links = djosers.iter().map(|(mount, options)| {
            let (protocol, domain) = base.split_once("://").unwrap_or(("http", &base));
            let protocol = options.email_frontend_protocol.as_deref().unwrap_or(protocol);
            let domain = options.email_frontend_domain.as_deref().unwrap_or(domain);
            Links { mount: named(mount), base: format!("{protocol}://{domain}") }
        });
        Self {
            stateful_hosts: settings.front_ends.iter().chain([&base]).filter_map(|url| authority(url)).collect(),
            cors_origins: settings.front_ends.clone(),
            is_laravel_open: settings.laravel.cors_origins == CorsOrigins::Any,
            websocket_origins: "any: no cookie opens one",
            cookies: cookies.collect(),
            links: spa_links.chain(djoser_links).collect(),
            warnings,
            settled: SETTLED,
        }
    }
}

/// `sanctum_spa at "/"`.
fn named(mount: &MountSettings) -> String {
    let documented = Dialect::named(&mount.adapter).map_or("", |dialect| dialect.prefix);
    format!("{} at \"{}/\"", mount.adapter, mount.prefix.as_deref().unwrap_or(documented))
}
