//! The application: realm, mounts and the server's own paths, put together once and registered by every worker.

mod access;
mod background;
mod books;
mod cors;
mod docs;
mod edge;
mod failures;
mod gates;
mod health;
mod introspect;
mod jwks;
mod metrics;
mod mounts;
mod paths;
mod plan;
mod requests;
mod shortcuts;
mod strategies;
mod verify;

pub use access::Writer as AccessWriter;
pub use background::Background;
pub use edge::Edge;
pub use shortcuts::{Before, BeforeFactory, Shortcuts};

use std::{io, sync::Arc};

use actix_web::web;
use countersign_adapters::{
    Adapter, Use,
    executor::{Executor, ExecutorOptions, LaneOptions},
    laravel::{self, held::AllSessions},
    mail::Postman,
    mount::Site,
    sockets::{Handler, SocketHandler, Sockets},
};
use countersign_core::{
    Auth, Strategy, Throttle,
    auth::{Realm, RealmParts},
    cache::{Cache, CacheOptions},
    env::{Clock, Random},
    password::{PasswordRules, Passwords},
    store::Stores,
    throttle::CounterStore,
};

use utoipa::{OpenApi as _, openapi::OpenApi};

use crate::{
    config::{CounterPlace, Problems, Settings, Sources, Verified},
    keys::Keys,
};
use access::AccessLog;
use books::Books;
use cors::Cors;
use docs::Docs;
use gates::{Gates, Schemes};
use jwks::Jwks;
use metrics::Metrics;
use mounts::Mounts;
use paths::Paths;
use plan::Plan;
use requests::Requests;

/// What an application is made of beside its settings; a host may bring its own users and its own post.
#[derive(Clone)]
pub struct Parts {
    /// Users and tokens.
    pub stores: Stores,
    /// The counters of the throttles, if `throttle.store` is "database".
    pub counters: Arc<dyn CounterStore>,
    /// The server's keys.
    pub keys: Keys,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub random: Arc<dyn Random>,
    /// Takes the mails that are to be sent; a [`Mailer`](crate::mail::Mailer) sends them as `[mail]` says.
    pub postman: Arc<dyn Postman>,
}

/// Why an application could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// The configuration asks for what cannot be; all problems at once.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// The system gave no threads.
    #[error("cannot start the hashing threads: {0}")]
    Threads(#[from] io::Error),
}

/// Everything that is served. Cheap to clone; each worker registers it with [`App::configure`].
#[derive(Clone)]
pub struct App {
    realm: Realm,
    keys: Keys,
    jwks: web::Data<Jwks>,
    owners_strategy: Strategy,
    mounts: Arc<Mounts>,
    docs: Docs,
    sockets: Sockets,
    throttle: Throttle,
    executor: Executor,
    cors: web::Data<Cors>,
    paths: web::Data<Paths>,
    site: Arc<Site>,
    gates: web::Data<Gates>,
    sessions: web::Data<AllSessions>,
    metrics: web::Data<Metrics>,
    /// Are they served beside everything else?
    shows_metrics: bool,
    has_shortcuts: bool,
    own: Option<OwnRoutes>,
    own_sockets: Option<Handler>,
}

/// An application's own routes, beside those of the mounts.
type OwnRoutes = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;

impl App {
    /// Puts an application together: the realm, the mounts and their documents.
    ///
    /// # Errors
    /// [`AssemblyError`].
    pub fn assemble(settings: &Settings, parts: Parts) -> Result<Self, AssemblyError> {
        let plan = Plan::of(settings)?;
        let owners_strategy = strategies::owners(&plan, settings, &parts.keys.jwt);
        let postman = Arc::clone(&parts.postman);
        let keys = parts.keys.clone();
        let access = AccessLog::wanted(&settings.log, &parts.clock);
        let passwords = settings.passwords.passwords();
        let throttle = throttle(settings, &parts);
        let realm = realm(settings, parts, passwords.clone());
        let executor = Executor::start(executors(settings, passwords))?;
        let sockets = Sockets::default();
        let site = Arc::new(Site {
            base_url: settings.server.public_url(),
            front_ends: settings.front_ends.clone(),
            body_limit: settings.server.body_limit,
            body_timeout: settings.server.body_timeout.into(),
            executor: executor.clone(),
            sockets: sockets.clone(),
            throttle: throttle.clone(),
            proxies: settings.server.proxies(),
            laravel: settings.laravel.clone(),
            cors: laravel::cors::Cors::new(&settings.laravel, &settings.front_ends),
            postman: Arc::clone(&postman),
        });
        let mounts = Arc::new(Mounts::wire(plan, settings, &realm, &keys.jwt, &site)?);
        let gates = web::Data::new(Gates::of(&mounts, &site));
        let sessions = web::Data::new(mounts.sessions());
        let shows_metrics = settings.server.metrics_bind.is_none();
        let docs = Docs::of(&mounts, shows_metrics);
        let cors = web::Data::new(Cors::new(&settings.front_ends));
        let paths = web::Data::new(Paths::new(&mounts, &docs, &docs::own(shows_metrics)));
        let requests = Arc::new(Requests::new(paths.clone()));
        let metrics = web::Data::new(Metrics {
            realm: realm.clone(),
            executor: executor.clone(),
            sockets: sockets.clone(),
            postman,
            requests,
            access,
        });
        let jwks = web::Data::new(Jwks::of(keys.jwt.clone(), settings.keys.announce));
        Ok(Self {
            realm,
            keys,
            jwks,
            owners_strategy,
            mounts,
            docs,
            sockets,
            throttle,
            executor,
            cors,
            paths,
            site,
            gates,
            sessions,
            metrics,
            shows_metrics,
            has_shortcuts: true,
            own: None,
            own_sockets: None,
        })
    }

    /// A door that belongs to no mount, for the server's owner and for a host with use cases of its own. It issues under
    /// the strategy of the first mount with personal access tokens, or else of the first mount.
    pub fn owners_door(&self) -> Auth {
        Auth::new(self.realm.clone(), self.owners_strategy.clone(), PasswordRules::None)
    }

    /// The first mount of adapter `A`: what an application's own views need to know their caller in its dialect. `None`
    /// if it is not mounted.
    pub fn mounted<A: Adapter>(&self) -> Option<Use<A>> {
        self.mounts.first()
    }

    /// Adds an application's own routes; they are asked before those of the mounts. See [`serve_with`] for an example.
    ///
    /// [`serve_with`]: crate::serve::serve_with
    #[must_use]
    pub fn with_routes(mut self, own: impl Fn(&mut web::ServiceConfig) + Send + Sync + 'static) -> Self {
        self.own = Some(Arc::new(own));
        self
    }

    /// Gives the sockets of `/ws` to an application, in the place of the handler that says who is there. Who is let in, and
    /// for how long, stays as it is.
    ///
    /// ```no_run
    /// use countersign::{app, config::Sources, serve::serve_with};
    /// use countersign_adapters::sockets::{Handled, Message, OpenSocket, SocketHandler};
    /// use countersign_core::Role;
    ///
    /// /// Tells administrators how many lines a text has.
    /// struct Lines;
    ///
    /// impl SocketHandler for Lines {
    ///     fn message(&self, socket: &OpenSocket, message: Message) -> Handled {
    ///         let text = message.text().unwrap_or_default();
    ///         let answer = match socket.caller().user.role {
    ///             Role::Admin => text.lines().count().to_string(),
    ///             _ => "not yours".to_owned(),
    ///         };
    ///         // Of a client that has gone `closed` is told, too.
    ///         let _ = socket.send(answer);
    ///         Handled::Done
    ///     }
    /// }
    ///
    /// let settings = app::load(&Sources::of_process(None)).expect("a configuration that can be served");
    /// let served = serve_with(&settings, |app| app.with_socket_handler(Lines), |_| println!("ready"));
    /// ```
    #[must_use]
    pub fn with_socket_handler(mut self, handler: impl SocketHandler) -> Self {
        self.own_sockets = Some(Handler::new(handler));
        self
    }

    /// Answers every request by its router; see [`App::shortcuts`].
    #[must_use]
    pub const fn without_shortcuts(mut self) -> Self {
        self.has_shortcuts = false;
        self
    }

    /// Registers everything: an application's own routes, the mounts and the server's own paths, then what answers the rest.
    /// actix asks one route after the other, so what is asked most often stands first.
    pub fn configure(&self, cfg: &mut web::ServiceConfig) {
        cfg.app_data(web::Data::new(self.realm.clone())).app_data(web::Data::new(self.executor.clone()));
        cfg.app_data(self.cors.clone()).app_data(self.site.clone()).app_data(self.paths.clone());
        cfg.app_data(self.sessions.clone());
        if let Some(own_sockets) = &self.own_sockets {
            cfg.app_data(own_sockets.clone());
        }
        if let Some(own) = &self.own {
            own(cfg);
        }
        cfg.app_data(self.gates.clone());
        self.mounts.often(cfg);
        verify::often(cfg);
        self.mounts.routes(cfg);
        verify::routes(cfg);
        introspect::routes(cfg);
        health::routes(cfg);
        if self.shows_metrics {
            cfg.app_data(self.metrics.clone());
            metrics::routes(cfg);
        }
        cfg.app_data(self.jwks.clone());
        jwks::routes(cfg);
        self.docs.routes(cfg);
        cfg.default_service(web::to(paths::unserved));
    }

    /// The outermost layer, around everything that [`App::configure`] registers.
    pub fn edge(&self) -> Edge {
        let Metrics { requests, access, .. } = self.metrics.as_ref();
        Edge { requests: Arc::clone(requests), access: access.clone(), site: Arc::clone(&self.site) }
    }

    /// The layer in front of the application with its [edge](App::edge), made anew by every worker:
    ///
    /// ```text
    /// HttpServer::new(move || {
    ///     let inner = app.clone();
    ///     app.shortcuts().before(actix_web::App::new().wrap(app.edge()).configure(move |cfg| inner.configure(cfg)))
    /// })
    /// ```
    ///
    /// It answers what programs ask most often without a router and without any layer that an application has around it, and may be
    /// left out. An application with [routes of its own](App::with_routes) is always asked: one of them may be for the same path.
    pub fn shortcuts(&self) -> Shortcuts {
        let Metrics { requests, access, .. } = self.metrics.as_ref();
        let wanted = self.mounts.shortcuts().filter(|_| self.has_shortcuts && self.own.is_none());
        Shortcuts::new(wanted, Books::new(requests, access.as_ref(), &self.site))
    }

    /// Registers the whole of `/metrics`, and `/health/live` once more, for the address of `server.metrics_bind`, which is not for
    /// clients. Whoever answers there never asks the database by itself.
    pub fn configure_metrics(&self, cfg: &mut web::ServiceConfig) {
        cfg.app_data(self.metrics.clone());
        metrics::own_routes(cfg);
        cfg.service(health::show_liveness);
    }

    /// Starts writing the access log, if there is one.
    ///
    /// # Errors
    /// If its file cannot be opened, or the system gives no thread.
    pub fn write_access_log(&self, settings: &Settings) -> io::Result<Option<AccessWriter>> {
        match &self.metrics.access {
            Some(access) => access.write_to(&settings.log.access),
            None => Ok(None),
        }
    }

    /// Tells every open WebSocket to close, and lets no more of them in: the first thing of a stop.
    pub fn close_sockets(&self) {
        self.sockets.close();
    }

    /// Starts what runs beside the requests: reading the revocations of other processes, writing last uses.
    ///
    /// # Errors
    /// If the log cannot be read, or the system gives no threads.
    pub fn background(&self, settings: &Settings) -> io::Result<Background> {
        Background::start(&self.realm, &self.keys, &self.throttle, &self.executor, settings.cache.poll.into())
    }
}

/// Reads the settings and checks that they can be served.
///
/// # Errors
/// All problems at once, those of [`Settings::load`] and those of [`App::assemble`].
pub fn load(sources: &Sources) -> Result<Settings, Problems> {
    Settings::load_and(sources, |settings| Plan::examine(settings).1)
}

/// [`App::owners_door`] without an application: for the command line.
///
/// # Errors
/// Mounts that cannot be served.
pub fn owners_door(settings: &Settings, parts: Parts) -> Result<Auth, Problems> {
    let strategy = strategies::owners(&Plan::of(settings)?, settings, &parts.keys.jwt);
    Ok(Auth::new(realm(settings, parts, settings.passwords.passwords()), strategy, PasswordRules::None))
}

/// The server's own operations, for the merged document.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        health::show_liveness,
        health::show_readiness,
        metrics::show_metrics,
        verify::verify,
        introspect::introspect,
        jwks::list_keys
    ),
    tags((name = "server", description = "The server itself")),
    modifiers(&Schemes)
)]
struct OwnApi;

/// The document of the server's own operations.
pub fn own_document() -> OpenApi {
    OwnApi::openapi()
}

fn executors(settings: &Settings, passwords: Passwords) -> ExecutorOptions {
    let (hashing, database) = (&settings.passwords, &settings.database);
    ExecutorOptions {
        lane: LaneOptions { threads: hashing.thread_count(), max_wait: hashing.max_wait.into() },
        passwords,
        failure_floor: hashing.failure_floor.into(),
        connections: usize::try_from(database.pool_size).unwrap_or(usize::MAX),
        store_wait: database.wait.into(),
    }
}

fn throttle(settings: &Settings, parts: &Parts) -> Throttle {
    let throttle = Throttle::new(settings.throttle.options());
    match settings.throttle.store {
        CounterPlace::Memory => throttle,
        CounterPlace::Database => throttle.shared(Arc::clone(&parts.counters), &parts.keys.ring),
    }
}

fn realm(settings: &Settings, parts: Parts, passwords: Passwords) -> Realm {
    let capacity = match settings.cache.verified {
        Verified::On => settings.cache.capacity,
        Verified::Off => 0,
    };
    Realm::new(RealmParts {
        stores: parts.stores,
        passwords,
        keys: parts.keys.ring,
        clock: parts.clock,
        random: parts.random,
        cache: Cache::new(CacheOptions { capacity, bound: Some(settings.cache.bound.into()) }),
        old_links: settings.old_links.links(),
    })
}
