//! The table of dialects: what the server needs of an adapter without knowing its type.

use std::{any::Any, sync::Arc};

use actix_web::{HttpRequest, HttpResponse, http::Method};
use countersign_core::{Auth, JwtForm, StrategyKind, password::PasswordRules};
use utoipa::openapi::OpenApi;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    adapter::Adapter,
    djoser,
    front::Front,
    gateway::Gate,
    hotel,
    laravel::session::Sessions,
    minimal,
    mount::{Mount, Neighbours, Site, Use},
    sanctum, sanctum_spa,
    settings::{AdapterOptions, Problem, Section as _, Table, parse_options},
    shortcut::Shortcut,
};

/// Every dialect, in the order in which they are mounted by default. A new adapter is a module and a row here.
pub const ALL: &[Dialect] = &[
    Dialect::of::<sanctum::Sanctum>(),
    Dialect::of::<sanctum_spa::SanctumSpa>(),
    Dialect::of::<djoser::Djoser>(),
    Dialect::of::<hotel::Hotel>(),
    Dialect::of::<minimal::Minimal>(),
];

/// An adapter as a value.
#[derive(Clone, Copy)]
pub struct Dialect {
    /// [`Adapter::NAME`].
    pub name: &'static str,
    /// [`Adapter::PREFIX`].
    pub prefix: &'static str,
    /// [`Adapter::STRATEGY`].
    pub strategy: StrategyKind,
    /// [`Adapter::PASSWORD_RULES`].
    pub password_rules: PasswordRules,
    /// [`Adapter::FRONT`].
    pub front: Option<Front>,
    /// [`Adapter::Options`].
    pub options: AdapterOptions,
    /// [`Adapter::serves`].
    pub serves: fn(StrategyKind) -> Result<(), &'static str>,
    /// [`Adapter::jwt_form`] of a table of options; what is wrong with them has its default.
    pub jwt_form: fn(&Table) -> JwtForm,
    /// [`Adapter::routes`] with a table of options; what is wrong with them has its default.
    pub routes: fn(&mut ServiceConfig, &Table, &Neighbours),
    /// [`Adapter::describe`].
    pub describe: fn() -> OpenApi,
    /// [`Adapter::unserved`].
    pub unserved: fn(&HttpRequest, &[Method]) -> HttpResponse,
    /// Makes a mount; see [`Dialect::mount`].
    wire: fn(MountParts<'_>) -> Result<Wired, Vec<Problem>>,
}

/// What a mount is made of, before its options are read.
pub struct MountParts<'a> {
    /// The door, under the mount's strategy and rules.
    pub auth: Auth,
    /// The same under the JWT pair, for a wire that takes it beside that.
    pub pair: Auth,
    /// The adapter's options as configured.
    pub options: &'a Table,
    /// See [`Mount::prefix`].
    pub prefix: String,
    /// See [`Mount::beside`].
    pub beside: Neighbours,
    /// See [`Mount::site`].
    pub site: Arc<Site>,
}

/// What registers a part of a mount.
type Registration = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// A mount whose type is forgotten.
#[derive(Clone)]
pub struct Wired {
    often: Registration,
    register: Registration,
    mount: Arc<dyn Any + Send + Sync>,
    gate: Gate,
    sessions: Option<Arc<Sessions>>,
    shortcut: Option<Arc<Shortcut>>,
    doors: Arc<[Auth]>,
}

impl Wired {
    /// Registers the mount's data and [`Adapter::often`]; called once a worker, before [`Wired::register`].
    pub fn register_often(&self, cfg: &mut ServiceConfig) {
        (self.often)(cfg);
    }

    /// Registers the mount's other routes; called once a worker.
    pub fn register(&self, cfg: &mut ServiceConfig) {
        (self.register)(cfg);
    }

    /// [`Adapter::gate`] of the mount.
    pub const fn gate(&self) -> &Gate {
        &self.gate
    }

    /// [`Adapter::sessions`] of the mount.
    pub const fn sessions(&self) -> Option<&Arc<Sessions>> {
        self.sessions.as_ref()
    }

    /// [`Adapter::shortcut`] of the mount.
    pub const fn shortcut(&self) -> Option<&Arc<Shortcut>> {
        self.shortcut.as_ref()
    }

    /// The doors behind which the mount looks a token up, whatever header it came in.
    pub fn doors(&self) -> &[Auth] {
        &self.doors
    }

    /// The mount, if it is `A`'s.
    pub fn mount<A: Adapter>(&self) -> Option<Use<A>> {
        self.mount.downcast_ref::<Use<A>>().cloned()
    }
}

impl Dialect {
    /// The row of adapter `A`.
    pub const fn of<A: Adapter>() -> Self {
        Self {
            name: A::NAME,
            prefix: A::PREFIX,
            strategy: A::STRATEGY,
            password_rules: A::PASSWORD_RULES,
            front: A::FRONT,
            options: AdapterOptions {
                problems: |raw| read_options::<A>(raw).err().unwrap_or_default(),
                ..AdapterOptions::of::<A::Options>(A::NAME)
            },
            serves: A::serves,
            jwt_form: |options| A::jwt_form(&A::Options::read(options).0),
            routes: |cfg, options, beside| {
                A::often(cfg);
                A::routes(cfg, &A::Options::read(options).0, beside);
            },
            describe: A::describe,
            unserved: A::unserved,
            wire: wire::<A>,
        }
    }

    /// The dialect called `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|dialect| dialect.name == name)
    }

    /// Mounts it.
    ///
    /// # Errors
    /// All that is wrong with the options.
    pub fn mount(&self, parts: MountParts<'_>) -> Result<Wired, Vec<Problem>> {
        (self.wire)(parts)
    }
}

/// Reads and checks the options of a mount, each by itself and then all together.
fn read_options<A: Adapter>(raw: &Table) -> Result<A::Options, Vec<Problem>> {
    let options = parse_options::<A::Options>(raw)?;
    let found = A::contradictions(&options);
    let problems: Vec<Problem> =
        found.into_iter().map(|(key, message)| Problem::new(key, raw.get(key), message)).collect();
    if problems.is_empty() { Ok(options) } else { Err(problems) }
}

fn wire<A: Adapter>(parts: MountParts<'_>) -> Result<Wired, Vec<Problem>> {
    let MountParts { auth, pair, options, prefix, beside, site } = parts;
    let options = read_options::<A>(options)?;
    let pair = A::takes_pair(&options).then_some(pair);
    let own = A::takes_token(&options).then(|| auth.clone());
    let doors = own.into_iter().chain(pair.clone()).collect();
    let data = Use::data(Mount::<A> { auth, pair, options, prefix, beside, site });
    let (mount, gate, sessions) = (Arc::new(data.clone()), A::gate(&data), A::sessions(&data));
    let shortcut = A::shortcut(&data).map(Arc::new);
    let often = data.clone();
    let often = Arc::new(move |cfg: &mut ServiceConfig| {
        cfg.app_data(often.clone());
        A::lend(cfg, &often);
        A::often(cfg);
    });
    let register = Arc::new(move |cfg: &mut ServiceConfig| A::routes(cfg, &data.options, &data.beside));
    Ok(Wired { often, register, mount, gate, sessions, shortcut, doors })
}
