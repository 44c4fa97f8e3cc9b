//! `countersign serve`: migrate, listen, and stop without losing anything.

use std::{
    any::Any,
    io,
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    HttpServer,
    dev::{Server, ServerHandle},
    rt::{
        System,
        signal::unix::{Signal, SignalKind, signal},
        spawn,
    },
};
use countersign_adapters::{adapter::Adapter as _, djoser::Djoser, mail::NoPostman, settings::Problem};
use countersign_core::{
    env::{Clock as _, Random, SystemClock, SystemRandom},
    store::Stores,
};
use futures_util::future::{Either, select};

use crate::{
    app::{App, AssemblyError, Parts},
    config::{Findings, Settings, Way},
    keys::{KeyError, Keys},
    mail::{MailError, Mailer},
    store::{Backend, OpenError, Store, StoreOptions},
};

/// How long the head of a request may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client may take nothing of what is written to it. actix waits for ever, and with it whoever has an open
/// socket and does not read.
#[cfg(target_os = "linux")]
const UNREAD_MILLISECONDS: u32 = 30_000;
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Why the server did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The key ring.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The configuration, or threads.
    #[error(transparent)]
    Assembly(#[from] AssemblyError),
    /// The mails.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The address.
    #[error("cannot listen on {bind}: {source}")]
    Bind {
        /// Where.
        bind: std::net::SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else of the system.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Opens what the settings name: key ring and migrated store. No mail is sent yet: threads are for those who serve.
///
/// # Errors
/// [`ServeError::Keys`], [`ServeError::Store`].
pub fn open(settings: &Settings) -> Result<(Parts, Backend), ServeError> {
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let keys = Keys::open(settings, random.as_ref(), SystemClock.now())?;
    // One thread that serves is always left, whatever the disk does.
    let at_once = settings.server.worker_count() - 1;
    let store = Store::open(&StoreOptions { at_once, ..StoreOptions::from(&settings.database) })?;
    let applied = store.migrate()?;
    if !applied.is_empty() {
        tracing::info!(backend = %store.backend(), migrations = applied.len(), "database is up to date");
    }
    store.adopt_keys(&keys.ring.ids(), SystemClock.now())?;
    let backend = store.backend();
    let store = Arc::new(store);
    let (clock, postman) = (Arc::new(SystemClock), Arc::new(NoPostman));
    let parts = Parts { stores: Stores::together(store.clone()), counters: store, keys, clock, random, postman };
    Ok((parts, backend))
}

/// Tells what may not be meant: what [`Findings`] warns of, and mails that reach nobody but whoever reads the log.
fn warn(settings: &Settings) {
    for Problem { key, value, message } in Findings::at(settings, SystemClock.now()).warned {
        tracing::warn!(setting = key, value, "{message}");
    }
    if writes_mails_into_the_log(settings) {
        tracing::warn!("{MAILS_IN_THE_LOG}");
    }
}

/// What is said of [`writes_mails_into_the_log`].
pub const MAILS_IN_THE_LOG: &str = "mails go into the log, with links that let their reader in: set mail.transport";

/// Are mails only logged although Djoser, which sends them at anybody's request, is mounted? That is the default, for development.
pub fn writes_mails_into_the_log(settings: &Settings) -> bool {
    settings.mail.transport.way() == Ok(Way::Log) && settings.mounts.iter().any(|mount| mount.adapter == Djoser::NAME)
}

/// Serves until SIGTERM or SIGINT; then requests in flight are finished, pending writes are written, and mails that wait are
/// sent as long as `shutdown_timeout` allows. A second signal gives requests and mails up.
///
/// `ready` is called with the database's kind once the address is bound, before the first request is taken.
///
/// # Errors
/// [`ServeError`].
pub fn serve(settings: &Settings, ready: impl FnOnce(Backend)) -> Result<(), ServeError> {
    serve_with(settings, |app| app, ready)
}

/// The same for an application that is built on the server: `extend` adds its own routes.
///
/// ```no_run
/// use actix_web::web::{self, Json};
/// use countersign::{app, config::Sources, serve::serve_with};
/// use countersign_adapters::{
///     Caller,
///     django::{self, Guests, View},
///     djoser::Djoser,
/// };
///
/// static ROOMS: View = View {
///     pattern: "/api/rooms/",
///     allow: "GET, HEAD, OPTIONS",
///     guests: Guests::Only(&[]),
///     name: "Rooms",
///     description: "",
///     action: None,
/// };
///
/// async fn rooms(caller: Caller<Djoser>) -> Json<Vec<String>> {
///     Json(vec![format!("the room of {}", caller.user.username)])
/// }
///
/// let settings = app::load(&Sources::of_process(None)).expect("a configuration that can be served");
/// let served = serve_with(
///     &settings,
///     |app| {
///         let djoser = app.mounted::<Djoser>().expect("djoser is mounted");
///         app.with_routes(move |cfg| {
///             django::own_view(cfg, &djoser, &ROOMS, |view| view.route(web::get().to(rooms)));
///         })
///     },
///     |_| println!("ready"),
/// );
/// ```
///
/// # Errors
/// [`ServeError`].
pub fn serve_with(
    settings: &Settings,
    extend: impl FnOnce(App) -> App,
    ready: impl FnOnce(Backend),
) -> Result<(), ServeError> {
    let (parts, backend) = open(settings)?;
    let mailer = Mailer::start(&settings.mail, Arc::clone(&parts.clock), Arc::clone(&parts.random))?;
    let app = extend(App::assemble(settings, Parts { postman: mailer.postman(), ..parts })?);
    warn(settings);
    let background = app.background(settings)?;
    let access = app.write_access_log(settings)?;
    let bind = settings.server.bind;
    System::new().block_on(async {
        let registered = app.clone();
        let server = HttpServer::new(move || {
            let app = registered.clone();
            let shortcuts = app.shortcuts();
            shortcuts.before(actix_web::App::new().wrap(app.edge()).configure(move |cfg| app.configure(cfg)))
        })
        .workers(settings.server.worker_count())
        .client_request_timeout(HEAD_TIMEOUT)
        .keep_alive(KEEP_ALIVE)
        .on_connect(|connection, _| give_up_when_unread(connection))
        // Otherwise actix goes on with the requests of a client that has hung up, and passwords are hashed for nobody.
        .h1_allow_half_closed(false)
        // actix's own would not finish anything on SIGINT.
        .disable_signals()
        // The workers' threads end as well, and with them the last handles to the database.
        .system_exit()
        .shutdown_timeout(whole_seconds(settings.server.shutdown_timeout.into()));
        let server = server.bind(bind).map_err(|source| ServeError::Bind { bind, source })?;
        let watched = settings.server.metrics_bind.map(|bind| serve_metrics(&app, bind)).transpose()?;
        let signals = Signals::listen()?;
        outlive_full_files()?;
        ready(backend);
        let server = server.run();
        let handle = server.handle();
        if let Some(watched) = watched {
            spawn(async {
                if let Err(error) = watched.await {
                    tracing::error!(%error, "/metrics is not served any more");
                }
            });
        }
        let patience = settings.server.shutdown_timeout.into();
        match select(pin!(server), pin!(stop(signals, &app, &mailer, patience, &handle))).await {
            Either::Left((ended, _)) => Ok::<_, ServeError>(ended?),
            Either::Right(((), _)) => Ok(()),
        }
    })?;
    drop(background);
    mailer.finish();
    // Last, because it may wait for whoever reads it.
    drop(access);
    Ok(())
}

/// Binds the address that `/metrics` has for itself; it is served for as long as the process runs.
fn serve_metrics(app: &App, bind: SocketAddr) -> Result<Server, ServeError> {
    let app = app.clone();
    let server = HttpServer::new(move || {
        let app = app.clone();
        actix_web::App::new().configure(move |cfg| app.configure_metrics(cfg))
    });
    let server = server.workers(1).client_request_timeout(HEAD_TIMEOUT).disable_signals();
    Ok(server.bind(bind).map_err(|source| ServeError::Bind { bind, source })?.run())
}

/// A write beyond the largest file that the system allows (`RLIMIT_FSIZE`) fails like any other that finds no room. The signal that
/// comes with it ends a process that does not listen for it.
fn outlive_full_files() -> io::Result<()> {
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
}

/// What asks a process to end: a service manager, and a person at a terminal.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        select(pin!(self.terminate.recv()), pin!(self.interrupt.recv())).await;
    }
}

/// Begins a graceful stop at the first signal; returns at the second one, as whoever sends it has waited enough.
async fn stop(mut signals: Signals, app: &App, mailer: &Mailer, patience: Duration, handle: &ServerHandle) {
    signals.next().await;
    tracing::info!("stopping");
    mailer.stop_by(Instant::now() + patience);
    // actix waits for connections that are in use, as an open socket always is.
    app.close_sockets();
    // The order is given by the call; that it was carried out is seen by the server's end.
    drop(handle.stop(true));
    signals.next().await;
    tracing::warn!("stopping at once");
    mailer.stop_by(Instant::now());
}

/// Lets the system end a connection on which nothing that is written is taken (RFC 5482).
fn give_up_when_unread(connection: &dyn Any) {
    #[cfg(not(target_os = "linux"))]
    let _ = connection;
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>()
        && let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, UNREAD_MILLISECONDS)
    {
        tracing::debug!(%error, "a connection keeps the timeout of the system");
    }
}

/// actix counts the seconds of a stop whole: half a second is not none.
fn whole_seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}
