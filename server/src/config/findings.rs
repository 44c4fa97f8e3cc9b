//! What browsers, and the readers of mails, will make of the settings: what cannot work is refused, what may be meant is told.

use std::net::IpAddr;

use chrono::SecondsFormat;
use countersign_adapters::{
    Adapter as _,
    djoser::{Djoser, DjoserOptions},
    laravel::{cookies, settings::CorsOrigins},
    origin::{Origin, domain_matches, is_public_suffix, registrable},
    sanctum_spa::{SanctumSpa, SanctumSpaOptions},
    settings::{Problem, Value, parse_options},
};
use countersign_core::{model::Timestamp, strategy::JwtAlgorithm};

use super::{MountSettings, Settings, Way};
use crate::keys::{key_file, of_djangos};

/// All that is found; told by `serve`, `config check` and `doctor` alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What cannot work. With any of it a configuration is refused.
    pub refused: Vec<Problem>,
    /// What may be meant, and mostly is not.
    pub warned: Vec<Problem>,
}

impl Findings {
    /// Those of `settings`.
    pub fn of(settings: &Settings) -> Self {
        let mut found = Self::default();
        let spas = mounted::<SanctumSpaOptions>(settings, SanctumSpa::NAME);
        let base = Base::of(settings);
        found.address(settings);
        if !spas.is_empty() {
            found.front_ends(settings, base.as_ref());
        }
        for (mount, options) in &spas {
            let key = |name: &str| format!("mount[{}].{name}", mount.number);
            found.cookies(settings, base.as_ref(), (options, &key));
            found.spa_links(settings, (options, &key));
        }
        found.djoser_links(settings);
        found.algorithm(settings);
        found
    }

    /// [`Findings::of`], and what is only found by the clock.
    pub fn at(settings: &Settings, now: Timestamp) -> Self {
        let mut found = Self::of(settings);
        found.django_keys(settings, now);
        found.warned.extend(settings.old_links.doubts(settings, now));
        found
    }

    fn refuse(&mut self, key: &str, value: impl Into<Value>, message: impl Into<String>) {
        self.refused.push(Problem::new(key, Some(&value.into()), message));
    }

    fn warn(&mut self, key: &str, value: impl Into<Value>, message: impl Into<String>) {
        self.warned.push(Problem::new(key, Some(&value.into()), message));
    }

    /// A server that listens everywhere does not know under which address clients reach it.
    fn address(&mut self, settings: &Settings) {
        let makes_links = |mount: &MountSettings| [Djoser::NAME, SanctumSpa::NAME].contains(&mount.adapter.as_str());
        let server = &settings.server;
        if server.base_url.is_empty() && server.bind.ip().is_unspecified() && settings.mounts.iter().any(makes_links) {
            let message = format!("is not set, so that links lead to {}", server.public_url());
            self.warned.push(Problem::new("server.base_url", None, message));
        }
    }

    /// The pages of which front ends send no cookies.
    fn front_ends(&mut self, settings: &Settings, base: Option<&Base>) {
        if settings.front_ends.is_empty() {
            let url = settings.server.public_url();
            let message = format!("is empty although sanctum_spa is mounted: only pages of {url} itself have sessions");
            self.warned.push(Problem::new("front_ends", None, message));
        }
        let has_foreign = |base: &Base| pages(settings).any(|page| page != base.origin);
        if settings.laravel.cors_origins == CorsOrigins::Any && base.is_some_and(has_foreign) {
            let message = "goes without cookies: pages of front_ends cannot read what sanctum_spa answers them";
            self.warn("laravel.cors_origins", "any", message);
        }
        let Some(Base { origin: base, is_declared }) = base else { return };
        for page in pages(settings) {
            let (near, named) = (page.is_loopback() && base.is_loopback(), format!("server.base_url \"{base}\""));
            if page.is_same_site(base) || (near && !is_declared && page.is_https == base.is_https) {
                continue;
            }
            let message = if page.is_https != base.is_https && (near || page.has_same_domain(base)) {
                format!(
                    "has another scheme than {named}: that is another site to a browser, whose pages send no cookies here; \
                     write https in both"
                )
            } else if near {
                format!(
                    "has another name than {named}: {} and {} are two sites to a browser, which sends no cookies from the \
                     one to the other; write one of them in both",
                    page.host, base.host
                )
            } else {
                format!(
                    "is another site than {named}: a browser sends no cookies from its pages, so that sanctum_spa logs \
                     nobody in there; they need one registrable domain, or tokens"
                )
            };
            self.warn("front_ends", page.to_string(), message);
        }
    }

    /// Which cookies no browser takes, and which pages cannot read them.
    fn cookies(
        &mut self,
        settings: &Settings,
        base: Option<&Base>,
        (options, key): (&SanctumSpaOptions, &dyn Fn(&str) -> String),
    ) {
        let Some(Base { origin: base, is_declared }) = base else { return };
        let is_plain = !base.is_https && !base.is_loopback();
        let needs_tls = !cookies::prefix(&options.session_cookie).is_empty();
        if needs_tls && is_plain && *is_declared {
            let message = format!("does not go with server.base_url \"{base}\": no browser takes it over http");
            self.refuse(&key("session_cookie"), options.session_cookie.as_str(), message);
        }
        match options.secure_cookies {
            Some(true) if is_plain && *is_declared => self.refuse(
                &key("secure_cookies"),
                true,
                format!("does not go with server.base_url \"{base}\": no browser takes a Secure cookie over http"),
            ),
            Some(false) if base.is_https => self.warn(
                &key("secure_cookies"),
                false,
                format!("sends cookies over http as well, although server.base_url is \"{base}\""),
            ),
            _ => {}
        }
        // Pages of another site are told of already.
        let readers = pages(settings).filter(|page| page.is_same_site(base));
        let Some(domain) = options.cookie_domain.as_deref() else {
            for page in readers.filter(|page| page.host != base.host) {
                if let Some(parent) = common_parent(&page.host, &base.host) {
                    let message = format!(
                        "is not set, so that pages of {page} cannot read XSRF-TOKEN, which belongs to {} alone: write \
                         \"{parent}\"",
                        base.host
                    );
                    self.warned.push(Problem::new(&key("cookie_domain"), None, message));
                }
            }
            return;
        };
        let bare = domain.trim_start_matches('.').to_ascii_lowercase();
        if is_public_suffix(&bare) && bare != base.host {
            let message = "belongs to many owners: no browser takes a cookie for it";
            self.refuse(&key("cookie_domain"), domain, message);
        } else if !domain_matches(&base.host, domain) {
            let right = registrable(&base.host).map(|right| format!("; write \"{right}\" or leave it out"));
            let right = right.unwrap_or_else(|| "; leave it out".to_owned());
            let message =
                format!("is not the domain of server.base_url \"{base}\": no browser takes its cookies{right}");
            if *is_declared {
                self.refuse(&key("cookie_domain"), domain, message);
            } else {
                self.warn(&key("cookie_domain"), domain, message);
            }
        } else {
            for page in readers.filter(|page| !domain_matches(&page.host, domain)) {
                let message = format!("does not reach {page}, whose pages cannot read XSRF-TOKEN");
                self.warn(&key("cookie_domain"), domain, message);
            }
        }
    }

    /// Links of the SPA's mails that lead where no front end is.
    fn spa_links(&mut self, settings: &Settings, (options, key): (&SanctumSpaOptions, &dyn Fn(&str) -> String)) {
        let Some(url) = &options.frontend_url else {
            if settings.front_ends.is_empty() {
                let message = "is not set and there are no front_ends: links in mails lead to this server, which has no \
                               pages for them";
                self.warned.push(Problem::new(&key("frontend_url"), None, message));
            }
            return;
        };
        let own = Origin::of_url(&settings.server.public_url());
        let page = Origin::of_url(url);
        if page != own && !pages(settings).any(|listed| Some(listed) == page) {
            let message = "is none of front_ends: the pages behind the links in mails may not call this server";
            self.warn(&key("frontend_url"), url.as_str(), message);
        }
    }

    /// Tokens that others cannot check.
    fn algorithm(&mut self, settings: &Settings) {
        if settings.jwt.algorithm == JwtAlgorithm::EdDsa {
            let message = "is unknown to some of the libraries that check tokens by /.well-known/jwks.json, which all know \
                           RS256 and ES256: jsonwebtoken and express-jwt for Node refuse it, others call it deprecated since \
                           RFC 9864 named it Ed25519";
            self.warn("jwt.algorithm", settings.jwt.algorithm.as_str(), message);
        }
        if settings.jwt.secret.is_some() && settings.jwt.algorithm != JwtAlgorithm::Hs256 {
            let message = format!(
                "is a key for HS256, and jwt.algorithm is {}: it only checks what it signed before; take it out when \
                 `countersign keys list` shows it no more",
                settings.jwt.algorithm
            );
            self.warned.push(Problem::new("jwt.secret", None, message));
        }
    }

    /// Keys with which somebody else signs for users of ours.
    fn django_keys(&mut self, settings: &Settings, now: Timestamp) {
        for (id, until) in of_djangos(settings, now) {
            let message = format!(
                "has the key {id} of a Django until {}: whoever has its secret can make tokens for everybody who was imported \
                 from there",
                until.to_rfc3339_opts(SecondsFormat::Secs, true)
            );
            self.warn("jwt.key_file", key_file(settings).display().to_string(), message);
        }
    }

    /// Links of Djoser's mails, where mails are really sent.
    fn djoser_links(&mut self, settings: &Settings) {
        if !matches!(settings.mail.transport.way(), Ok(Way::Smtp(_))) {
            return;
        }
        for (mount, options) in mounted::<DjoserOptions>(settings, Djoser::NAME) {
            if options.email_frontend_domain.is_none() {
                let message = "is not set: links in mails lead to this server, which has no pages for them";
                let key = format!("mount[{}].email_frontend_domain", mount.number);
                self.warned.push(Problem::new(&key, None, message));
            }
        }
    }
}

/// Where browsers find the server.
struct Base {
    origin: Origin,
    /// Does `server.base_url` say it? Otherwise it follows from `server.bind`, and this machine has many names.
    is_declared: bool,
}

impl Base {
    /// `None` if nobody knows.
    fn of(settings: &Settings) -> Option<Self> {
        let (server, is_declared) = (&settings.server, !settings.server.base_url.is_empty());
        let is_known = is_declared || !IpAddr::is_unspecified(&server.bind.ip());
        let origin = Origin::of_url(&server.public_url()).filter(|_| is_known)?;
        Some(Self { origin, is_declared })
    }
}

fn pages(settings: &Settings) -> impl Iterator<Item = Origin> {
    settings.front_ends.iter().filter_map(|front_end| Origin::parse(front_end).ok())
}

/// The mounts of one adapter with their options; wrong ones are told of elsewhere.
pub fn mounted<'a, S: countersign_adapters::settings::Section>(
    settings: &'a Settings,
    adapter: &str,
) -> Vec<(&'a MountSettings, S)> {
    let mounts = settings.mounts.iter().filter(|mount| mount.adapter == adapter);
    mounts.filter_map(|mount| Some((mount, parse_options(&mount.options).ok()?))).collect()
}

/// The narrowest domain that both hosts are in and that a cookie may have.
pub fn common_parent<'a>(one: &'a str, other: &str) -> Option<&'a str> {
    let mut parent = one;
    while !domain_matches(other, parent) {
        parent = parent.split_once('.')?.1;
    }
    (!is_public_suffix(parent)).then_some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hosts_share_their_narrowest_domain() {
        for (one, other, parent) in [
            ("app.example.org", "api.example.org", Some("example.org")),
            ("app.dev.example.org", "api.dev.example.org", Some("dev.example.org")),
            ("app.example.org", "example.org", Some("example.org")),
            ("example.org", "api.example.org", Some("example.org")),
            ("a.example.org", "a.example.com", None),
            ("a.vercel.app", "b.vercel.app", None),
        ] {
            assert_eq!(common_parent(one, other), parent, "{one} {other}");
        }
    }
}
