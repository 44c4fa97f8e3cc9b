//! `countersign serve`: migrate, listen, and stop without losing anything.

use std::{io, sync::Arc, time::Duration};

use actix_web::{
    HttpServer,
    rt::{
        self, System,
        signal::unix::{SignalKind, signal},
    },
};
use countersign_core::env::{Clock as _, Random, SystemClock, SystemRandom};

use crate::{
    app::{App, AssemblyError, Parts, edge},
    config::Settings,
    keys::{self, KeyError},
    store::{Backend, OpenError, Store, StoreOptions},
};

/// How long the head of a request may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
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

/// Opens what the settings name: key ring and migrated store.
///
/// # Errors
/// [`ServeError::Keys`], [`ServeError::Store`].
pub fn open(settings: &Settings) -> Result<(Parts, Backend), ServeError> {
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let keys = keys::key_ring(&settings.keys, random.as_ref())?;
    let store = Store::open(&StoreOptions::from(&settings.database))?;
    let applied = store.migrate()?;
    if !applied.is_empty() {
        tracing::info!(backend = %store.backend(), migrations = applied.len(), "database is up to date");
    }
    store.adopt_keys(&keys.ids(), SystemClock.now())?;
    let backend = store.backend();
    let store = Arc::new(store);
    let parts = Parts { users: store.clone(), tokens: store, keys, clock: Arc::new(SystemClock), random };
    Ok((parts, backend))
}

/// Serves until SIGTERM or SIGINT; then requests in flight are finished and pending writes are written.
///
/// `ready` is called with the database's kind once the address is bound, before the first request is taken.
///
/// # Errors
/// [`ServeError`].
pub fn serve(settings: &Settings, ready: impl FnOnce(Backend)) -> Result<(), ServeError> {
    let (parts, backend) = open(settings)?;
    let app = App::assemble(settings, parts)?;
    let background = app.background(settings)?;
    let bind = settings.server.bind;
    System::new().block_on(async {
        let registered = app.clone();
        let server = HttpServer::new(move || {
            let app = registered.clone();
            actix_web::App::new().wrap_fn(edge).configure(move |cfg| app.configure(cfg))
        })
        .workers(settings.server.worker_count())
        .client_request_timeout(HEAD_TIMEOUT)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(settings.server.shutdown_timeout.duration().as_secs());
        let server = server.bind(bind).map_err(|source| ServeError::Bind { bind, source })?;
        ready(backend);
        let mut stop = signal(SignalKind::terminate())?;
        rt::spawn(async move {
            // actix waits for connections that are in use, as an open socket always is.
            stop.recv().await;
            app.close_sockets();
        });
        Ok::<_, ServeError>(server.run().await?)
    })?;
    drop(background);
    Ok(())
}
