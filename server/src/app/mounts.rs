//! The mounted adapters: their strategies, their routes, and what must not be mounted together.

use std::{collections::BTreeMap, sync::Arc};

use actix_web::web;
use chrono::TimeDelta;
use countersign_adapters::{
    Dialect,
    dialect::{MountParts, Wired},
    mount::{Neighbours, Site},
    settings::{Problem, Span, Value},
};
use countersign_core::{
    Auth, Strategy, StrategyKind,
    auth::Realm,
    strategy::{DjoserToken, JwtPair, JwtSettings, SanctumPat},
};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    config::{MountSettings, Problems, Settings, key_bytes},
    openapi::{self, Mounted},
};

/// What the signing key of the JWT pair is derived for, if none is configured.
const JWT_KEY: &str = "jwt-hs256";

/// One mount.
pub(super) struct Mount {
    pub(super) dialect: &'static Dialect,
    pub(super) prefix: String,
    strategy: Strategy,
    wired: Wired,
}

impl Mount {
    pub(super) fn mounted(&self) -> Mounted<'_> {
        Mounted { dialect: self.dialect, prefix: &self.prefix }
    }
}

/// All mounts, in the order of the configuration.
pub(super) struct Mounts {
    pub(super) list: Vec<Mount>,
    pub(super) beside: Neighbours,
}

impl Mounts {
    /// Mounts what the settings name; all that is wrong is told at once.
    pub(super) fn wire(settings: &Settings, realm: &Realm, site: &Arc<Site>) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let chosen: Vec<_> = settings.mounts.iter().zip(1..).filter_map(|(m, n)| chosen(m, n, &mut problems)).collect();
        let names = chosen.iter().map(|(dialect, prefix, _)| (dialect.name.to_owned(), prefix.clone()));
        let beside = Neighbours::new(names);
        let mut list = Vec::new();
        for (at, (dialect, prefix, mount)) in chosen.into_iter().enumerate() {
            let kind = mount.strategy.unwrap_or(dialect.strategy);
            if let Err(reason) = (dialect.serves)(kind) {
                let message = format!("cannot serve {}: {reason}", dialect.name);
                problems.push(problem(at, "strategy", kind.as_str(), message));
                continue;
            }
            let strategy = strategy(kind, settings, realm);
            let rules = mount.password_rules.unwrap_or(dialect.password_rules);
            let parts = MountParts {
                auth: Auth::new(realm.clone(), strategy.clone(), rules),
                options: &mount.options,
                prefix: prefix.clone(),
                beside: beside.clone(),
                site: Arc::clone(site),
            };
            match dialect.mount(parts) {
                Ok(wired) => list.push(Mount { dialect, prefix, strategy, wired }),
                Err(wrong) => {
                    problems.extend(wrong.into_iter().map(|p| p.within(&format!("mount[{}].", at + 1))));
                }
            }
        }
        let mounts = Self { list, beside };
        problems.extend(mounts.conflicts());
        if problems.is_empty() { Ok(mounts) } else { Err(Problems(problems)) }
    }

    /// The strategy that the owner's `token issue` uses.
    pub(super) fn owners_strategy(&self) -> Strategy {
        let personal = |mount: &&Mount| mount.strategy.kind() == StrategyKind::SanctumPat;
        let mount = self.list.iter().find(personal).or_else(|| self.list.first());
        mount.map_or_else(|| Strategy::SanctumPat(SanctumPat::default()), |mount| mount.strategy.clone())
    }

    /// Registers the unprefixed mounts on the application itself, then one scope a prefix, the longest first: of two
    /// scopes that fit a path, actix asks only the first.
    pub(super) fn routes(&self, cfg: &mut web::ServiceConfig) {
        let mut scopes: BTreeMap<&str, Vec<&Wired>> = BTreeMap::new();
        for mount in &self.list {
            if mount.prefix.is_empty() {
                (mount.wired)(&mut ServiceConfig::new(cfg));
            } else {
                scopes.entry(&mount.prefix).or_default().push(&mount.wired);
            }
        }
        let mut scopes: Vec<_> = scopes.into_iter().collect();
        scopes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        for (prefix, wired) in scopes {
            cfg.service(web::scope(prefix).configure(|cfg| {
                for wire in wired {
                    wire(&mut ServiceConfig::new(cfg));
                }
            }));
        }
    }

    /// Operations that two mounts claim: actix would serve the first in silence.
    fn conflicts(&self) -> Vec<Problem> {
        let mut owners: BTreeMap<(String, &str), &Mount> = BTreeMap::new();
        let mut found = Vec::new();
        for (at, mount) in self.list.iter().enumerate() {
            let document = openapi::document(mount.mounted(), &self.beside);
            let paths = openapi::methods(&document);
            let claims =
                paths.into_iter().flat_map(|(path, methods)| methods.into_iter().map(move |m| (path.clone(), m)));
            for (path, method) in claims {
                if let Some(first) = owners.get(&(path.clone(), method)) {
                    let (one, other) = (first.dialect.name, mount.dialect.name);
                    let message =
                        format!("{one} and {other} both claim {method} {path}; give one of them another prefix");
                    found.push(problem(at, "prefix", &mount.prefix, message));
                } else {
                    owners.insert((path, method), mount);
                }
            }
        }
        found
    }
}

/// The dialect and prefix that a mount's settings mean.
fn chosen<'a>(
    mount: &'a MountSettings,
    number: usize,
    problems: &mut Vec<Problem>,
) -> Option<(&'static Dialect, String, &'a MountSettings)> {
    let dialect = Dialect::named(&mount.adapter);
    if dialect.is_none() {
        problems.push(problem(number - 1, "adapter", &mount.adapter, "is not in this build".to_owned()));
    }
    dialect.map(|dialect| {
        let prefix = mount.prefix.clone().unwrap_or_else(|| dialect.prefix.to_owned());
        (dialect, prefix, mount)
    })
}

fn problem(at: usize, key: &str, value: &str, message: String) -> Problem {
    Problem::new(&format!("mount[{}].{key}", at + 1), Some(&Value::String(value.to_owned())), message)
}

fn strategy(kind: StrategyKind, settings: &Settings, realm: &Realm) -> Strategy {
    match kind {
        StrategyKind::SanctumPat => Strategy::SanctumPat(SanctumPat {
            token_prefix: settings.sanctum.token_prefix.clone(),
            expiration: settings.sanctum.expiration.map(delta),
        }),
        StrategyKind::DjoserToken => Strategy::DjoserToken(DjoserToken),
        StrategyKind::JwtPair => {
            let jwt = &settings.jwt;
            let secret = jwt.secret.as_ref().and_then(key_bytes);
            let secret = secret.unwrap_or_else(|| realm.keys().derive(JWT_KEY).to_vec());
            let names = JwtSettings {
                issuer: jwt.issuer.clone(),
                audience: jwt.audience.clone(),
                access_ttl: delta(jwt.access_ttl),
                refresh_ttl: delta(jwt.refresh_ttl),
            };
            Strategy::JwtPair(JwtPair::new(names, &secret))
        }
    }
}

/// A span is at most a hundred years, which every date can be moved by.
fn delta(span: Span) -> TimeDelta {
    TimeDelta::from_std(span.duration()).unwrap_or(TimeDelta::MAX)
}
