//! What is to be mounted: the settings' mounts with their defaults filled in, and refused where they cannot be.

use std::collections::BTreeMap;

use countersign_adapters::{
    Dialect,
    mount::Neighbours,
    settings::{Problem, Table, Value},
};
use countersign_core::{StrategyKind, password::PasswordRules};

use crate::{
    config::{MountSettings, Problems, Settings},
    openapi::{self, Mounted},
};

/// One mount.
pub(super) struct Planned {
    pub(super) dialect: &'static Dialect,
    pub(super) prefix: String,
    pub(super) strategy: StrategyKind,
    pub(super) rules: PasswordRules,
    pub(super) options: Table,
}

/// All mounts, in the order of the configuration.
pub(super) struct Plan {
    pub(super) list: Vec<Planned>,
    pub(super) beside: Neighbours,
}

impl Plan {
    /// # Errors
    /// All at once: unknown adapters, strategies that cannot serve a wire, operations that two mounts claim.
    pub(super) fn of(settings: &Settings) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let planned = settings.mounts.iter().zip(1..).filter_map(|(mount, n)| plan_one(mount, n, &mut problems));
        let list: Vec<_> = planned.collect();
        let beside = Neighbours::new(list.iter().map(|mount| (mount.dialect.name.to_owned(), mount.prefix.clone())));
        let plan = Self { list, beside };
        problems.extend(plan.conflicts());
        if problems.is_empty() { Ok(plan) } else { Err(Problems(problems)) }
    }

    /// The strategy of what the owner issues: that of the first mount with personal access tokens, or else of the
    /// first mount.
    pub(super) fn owners_strategy(&self) -> StrategyKind {
        let personal = |mount: &&Planned| mount.strategy == StrategyKind::SanctumPat;
        let mount = self.list.iter().find(personal).or_else(|| self.list.first());
        mount.map_or(StrategyKind::SanctumPat, |mount| mount.strategy)
    }

    /// Operations that two mounts claim: actix would serve the first in silence.
    fn conflicts(&self) -> Vec<Problem> {
        let mut owners: BTreeMap<(String, &str), &Planned> = BTreeMap::new();
        let mut found = Vec::new();
        for (mount, number) in self.list.iter().zip(1..) {
            let document = openapi::document(mount.mounted(), &self.beside);
            let paths = openapi::methods(&document).into_iter();
            for (path, method) in paths.flat_map(|(path, methods)| methods.into_iter().map(move |m| (path.clone(), m)))
            {
                if let Some(first) = owners.get(&(path.clone(), method)) {
                    let (one, other) = (first.dialect.name, mount.dialect.name);
                    let message =
                        format!("{one} and {other} both claim {method} {path}; give one of them another prefix");
                    found.push(problem(number, "prefix", &mount.prefix, message));
                } else {
                    owners.insert((path, method), mount);
                }
            }
        }
        found
    }
}

impl Planned {
    pub(super) fn mounted(&self) -> Mounted<'_> {
        Mounted { dialect: self.dialect, prefix: &self.prefix }
    }
}

fn plan_one(mount: &MountSettings, number: usize, problems: &mut Vec<Problem>) -> Option<Planned> {
    let Some(dialect) = Dialect::named(&mount.adapter) else {
        problems.push(problem(number, "adapter", &mount.adapter, "is not in this build".to_owned()));
        return None;
    };
    let strategy = mount.strategy.unwrap_or(dialect.strategy);
    if let Err(reason) = (dialect.serves)(strategy) {
        let message = format!("cannot serve {}: {reason}", dialect.name);
        problems.push(problem(number, "strategy", strategy.as_str(), message));
    }
    Some(Planned {
        dialect,
        prefix: mount.prefix.clone().unwrap_or_else(|| dialect.prefix.to_owned()),
        strategy,
        rules: mount.password_rules.unwrap_or(dialect.password_rules),
        options: mount.options.clone(),
    })
}

fn problem(number: usize, key: &str, value: &str, message: String) -> Problem {
    Problem::new(&format!("mount[{number}].{key}"), Some(&Value::String(value.to_owned())), message)
}
