//! What is to be mounted: the settings' mounts with their defaults filled in, and refused where they cannot be.

mod claims;

use countersign_adapters::{
    Dialect,
    mount::Neighbours,
    settings::{Problem, Table, Value},
};
use countersign_core::{JwtForm, StrategyKind, password::PasswordRules};

use crate::{
    config::{MountSettings, Problems, Settings},
    openapi::{self, Methods, Mounted},
};

/// One mount.
pub(super) struct Planned {
    /// See [`MountSettings::number`].
    pub(super) number: usize,
    pub(super) dialect: &'static Dialect,
    pub(super) prefix: String,
    pub(super) strategy: StrategyKind,
    pub(super) rules: PasswordRules,
    pub(super) options: Table,
    /// What its document has. It is made once for this and dropped: documents are large.
    pub(super) methods: Methods,
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
        let (plan, problems) = Self::examine(settings);
        if problems.is_empty() { Ok(plan) } else { Err(Problems(problems)) }
    }

    /// The plan as far as it can be made, and everything that is wrong with it.
    pub(super) fn examine(settings: &Settings) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut list: Vec<_> = settings.mounts.iter().filter_map(|mount| plan_one(mount, &mut problems)).collect();
        let beside = Neighbours::new(list.iter().map(|mount| (mount.dialect.name.to_owned(), mount.prefix.clone())));
        for mount in &mut list {
            mount.methods = openapi::methods(&openapi::document(mount.mounted(), &beside));
        }
        let plan = Self { list, beside };
        problems.extend(claims::problems(&plan));
        (plan, problems)
    }

    /// The strategy of what the owner issues, and its form if it is the JWT pair: that of the first mount with personal
    /// access tokens, or else of the first mount.
    pub(super) fn owners_strategy(&self) -> (StrategyKind, JwtForm) {
        let personal = |mount: &&Planned| mount.strategy == StrategyKind::SanctumPat;
        let mount = self.list.iter().find(personal).or_else(|| self.list.first());
        mount.map_or((StrategyKind::SanctumPat, JwtForm::Hotel), |mount| (mount.strategy, mount.jwt_form()))
    }
}

impl Planned {
    pub(super) fn mounted(&self) -> Mounted<'_> {
        Mounted { dialect: self.dialect, prefix: &self.prefix, options: &self.options }
    }

    pub(super) fn jwt_form(&self) -> JwtForm {
        (self.dialect.jwt_form)(&self.options)
    }
}

fn plan_one(mount: &MountSettings, problems: &mut Vec<Problem>) -> Option<Planned> {
    let Some(dialect) = Dialect::named(&mount.adapter) else {
        problems.push(problem(mount.number, "adapter", &mount.adapter, "is not in this build".to_owned()));
        return None;
    };
    let strategy = mount.strategy.unwrap_or(dialect.strategy);
    if let Err(reason) = (dialect.serves)(strategy) {
        let message = format!("cannot serve {}: {reason}", dialect.name);
        problems.push(problem(mount.number, "strategy", strategy.as_str(), message));
    }
    Some(Planned {
        number: mount.number,
        dialect,
        prefix: mount.prefix.clone().unwrap_or_else(|| dialect.prefix.to_owned()),
        strategy,
        rules: mount.password_rules.unwrap_or(dialect.password_rules),
        options: mount.options.clone(),
        methods: Methods::new(),
    })
}

fn problem(number: usize, key: &str, value: &str, message: String) -> Problem {
    Problem::new(&format!("mount[{number}].{key}"), Some(&Value::String(value.to_owned())), message)
}
