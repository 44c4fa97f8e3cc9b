//! The mounted adapters and their routes.

use std::{collections::BTreeMap, sync::Arc};

use actix_web::web;
use countersign_adapters::{
    Adapter, Dialect, Use,
    dialect::{MountParts, Wired},
    laravel::held::AllSessions,
    mount::{Neighbours, Site},
    settings::Table,
    shortcut::Shortcut,
};
use countersign_core::{Auth, StrategyKind, auth::Realm, strategy::JwtKeys};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    plan::{Plan, Planned},
    strategies::strategy,
};
use crate::{
    config::{Problems, Settings},
    openapi::{Methods, Mounted},
};

/// One mount.
pub(super) struct Mount {
    pub(super) dialect: &'static Dialect,
    pub(super) prefix: String,
    options: Table,
    pub(super) wired: Wired,
    /// What its document has.
    pub(super) methods: Methods,
}

impl Mount {
    pub(super) fn mounted(&self) -> Mounted<'_> {
        Mounted { dialect: self.dialect, prefix: &self.prefix, options: &self.options }
    }
}

/// All mounts, in the order of the configuration.
pub(super) struct Mounts {
    pub(super) list: Vec<Mount>,
    pub(super) beside: Neighbours,
}

impl Mounts {
    /// Gives every planned mount its door to the realm.
    ///
    /// # Errors
    /// Options that an adapter refuses.
    pub(super) fn wire(
        plan: Plan,
        settings: &Settings,
        realm: &Realm,
        keys: &JwtKeys,
        site: &Arc<Site>,
    ) -> Result<Self, Problems> {
        let Plan { list: planned, beside } = plan;
        let mut list = Vec::new();
        let mut problems = Vec::new();
        for mount in planned {
            let number = mount.number;
            let [auth, pair] = [mount.strategy, StrategyKind::JwtPair].map(|kind| {
                let strategy = strategy(kind, mount.jwt_form(), settings, keys);
                Auth::new(realm.clone(), strategy, mount.rules)
            });
            let parts = MountParts {
                auth,
                pair,
                options: &mount.options,
                prefix: mount.prefix.clone(),
                beside: beside.clone(),
                site: Arc::clone(site),
            };
            match mount.dialect.mount(parts) {
                Ok(wired) => {
                    let Planned { dialect, prefix, options, methods, .. } = mount;
                    list.push(Mount { dialect, prefix, options, wired, methods });
                }
                Err(wrong) => problems.extend(wrong.into_iter().map(|p| p.within(&format!("mount[{number}].")))),
            }
        }
        if problems.is_empty() { Ok(Self { list, beside }) } else { Err(Problems(problems)) }
    }

    /// The first mount of adapter `A`.
    pub(super) fn first<A: Adapter>(&self) -> Option<Use<A>> {
        self.list.iter().find_map(|mount| mount.wired.mount())
    }

    /// What can be answered without the router.
    pub(super) fn shortcuts(&self) -> impl Iterator<Item = Arc<Shortcut>> {
        self.list.iter().filter_map(|mount| mount.wired.shortcut().cloned())
    }

    /// The sessions of all mounts that have some.
    pub(super) fn sessions(&self) -> AllSessions {
        AllSessions::new(self.list.iter().filter_map(|mount| mount.wired.sessions().cloned()))
    }

    /// Registers what is asked most often of the mounts without a prefix; before [`Mounts::routes`].
    pub(super) fn often(&self, cfg: &mut web::ServiceConfig) {
        for mount in self.unprefixed() {
            mount.wired.register_often(&mut ServiceConfig::new(cfg));
        }
    }

    /// Registers the mounts: those without a prefix on the application itself, and one scope a prefix, the longest first: of
    /// two scopes that fit a path, actix asks only the first. It asks one path after the other, and no two mounts claim the
    /// same, so what is asked most often stands in front, and smaller mounts before larger ones. A path of a mount
    /// without a prefix may lie below that of another; then it has to come before the scope.
    pub(super) fn routes(&self, cfg: &mut web::ServiceConfig) {
        let mut scopes: BTreeMap<&str, Vec<&Mount>> = BTreeMap::new();
        for mount in self.list.iter().filter(|mount| !mount.prefix.is_empty()) {
            scopes.entry(&mount.prefix).or_default().push(mount);
        }
        let mut scopes: Vec<_> = scopes.into_iter().collect();
        scopes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        let reaches = |mount: &&Mount| {
            mount.methods.keys().any(|path| scopes.iter().any(|(prefix, _)| may_be_below(prefix, path)))
        };
        let (before, behind): (Vec<_>, Vec<_>) = self.unprefixed().partition(reaches);
        let register = |cfg: &mut web::ServiceConfig, mounts: Vec<&Mount>| {
            for mount in mounts {
                mount.wired.register(&mut ServiceConfig::new(cfg));
            }
        };
        register(cfg, before);
        for (prefix, mut mounts) in scopes {
            mounts.sort_by_key(|mount| mount.methods.len());
            cfg.service(web::scope(prefix).configure(|cfg| {
                for mount in &mounts {
                    mount.wired.register_often(&mut ServiceConfig::new(cfg));
                }
                register(cfg, mounts);
            }));
        }
        register(cfg, behind);
    }

    fn unprefixed(&self) -> impl Iterator<Item = &Mount> {
        self.list.iter().filter(|mount| mount.prefix.is_empty())
    }
}

/// Can a path of this pattern be the prefix, or below it?
fn may_be_below(prefix: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('/');
    prefix.split('/').all(|part| parts.next().is_some_and(|found| found == part || found.starts_with('{')))
}

#[cfg(test)]
mod tests {
    use super::may_be_below;

    #[test]
    fn a_variable_part_may_be_anything() {
        for (prefix, pattern, may) in [
            ("/auth", "/auth", true),
            ("/auth", "/auth/x", true),
            ("/auth", "/authority", false),
            ("/auth", "/{any}/x", true),
            ("/a/b", "/a", false),
            ("/a/b", "/{any}/b/c", true),
            ("/a/b", "/{any}/c", false),
        ] {
            assert_eq!(may_be_below(prefix, pattern), may, "{prefix} {pattern}");
        }
    }
}
