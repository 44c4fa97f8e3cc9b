//! A whole server on a loopback port, with a clock that stands still and randomness that is counted.

use std::{
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread::JoinHandle,
};

use actix_web::{HttpServer, dev::ServerHandle, rt::System};
use chrono::{DateTime, TimeDelta, Utc};
use countersign::{
    app::{App, Background, Parts},
    config::{Settings, Sources},
    keys::Keys,
    mail::Mailer,
    store::Store,
};
use countersign_core::{
    Auth, Digest,
    env::{Clock, CountedRandom, FixedClock, Random},
    seal::KeyRing,
    store::Stores,
};

use crate::{
    actor::Actor,
    databases::{Database, databases, run, sqlite},
    wire::exchange,
};

/// When the clock of every test stands at the beginning.
pub const NOON: &str = "2026-01-02T12:00:00Z";

/// Hashes cost next to nothing, and a failed login is not held back: tests that are about either say so themselves.
const QUICK: &str = "[passwords]\nmemory_kib = 64\niterations = 1\nfailure_floor = \"0s\"\n";
/// Tests fail to log in far more often than one client may; those that are about that say so themselves.
const UNLIMITED: &str = "[throttle]\nenabled = false\n";

/// A server of the test's own; dropping it stops it and drops its database.
pub struct Server {
    /// Where it listens, such as `http://127.0.0.1:40123`.
    pub url: String,
    /// Its clock; it stands at [`NOON`] until it is moved.
    pub clock: Arc<FixedClock>,
    /// The same realm without HTTP, for what a document leaves to the owner.
    pub owner: Auth,
    /// Its store, for tests that look at what is kept.
    pub store: Store,
    /// The effective settings.
    pub settings: Settings,
    /// Which database it runs on: `sqlite`, `postgres` or `mysql`.
    pub backend: &'static str,
    app: App,
    address: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
    background: Option<Background>,
    /// Its post.
    pub mailer: Mailer,
    /// Its database, for those who go behind its back.
    pub database: Arc<Database>,
}

impl Server {
    /// All adapters at their documented places, on SQLite.
    pub fn start() -> Self {
        Self::with("")
    }

    /// On SQLite, with this configuration; `[passwords]` is taken. Without `[throttle]` nothing is limited.
    pub fn with(configuration: &str) -> Self {
        Self::on(Arc::new(sqlite()), configuration)
    }

    /// One server on each database that is there, all adapters at their documented places.
    pub fn each() -> Vec<Self> {
        databases().into_iter().map(|database| Self::on(Arc::new(database), "")).collect()
    }

    /// On this database; several servers may share one.
    pub fn on(database: Arc<Database>, configuration: &str) -> Self {
        Self::run(database, quick(configuration))
    }

    /// The same with randomness of its own, so that several servers of one database never draw the same.
    pub fn seeded(database: Arc<Database>, configuration: &str, seed: u64) -> Self {
        let random = SeededRandom { seed, draws: CountedRandom::default() };
        Self::build(database, quick(configuration), Arc::new(random), |app| app)
    }

    /// On SQLite, with this configuration and what an application adds.
    pub fn extended(configuration: &str, extend: impl FnOnce(App) -> App) -> Self {
        Self::build(Arc::new(sqlite()), quick(configuration), Arc::new(CountedRandom::default()), extend)
    }

    /// With exactly these settings.
    pub fn run(database: Arc<Database>, settings: Settings) -> Self {
        Self::build(database, settings, Arc::new(CountedRandom::default()), |app| app)
    }

    fn build(
        database: Arc<Database>,
        settings: Settings,
        random: Arc<dyn Random>,
        extend: impl FnOnce(App) -> App,
    ) -> Self {
        let clock = Arc::new(FixedClock::at(noon()));
        let ring = KeyRing::new(["the key ring of every test server!"]).expect("32 bytes and more");
        let keys = Keys::on_ring(ring, &settings, random.as_ref(), noon()).expect("[jwt] of the test is right");
        let store = database.store();
        let shared = Arc::new(store.clone());
        // Its own randomness: a mail changes no token of the test.
        let counted = Arc::new(CountedRandom::default());
        let mailer = Mailer::start(&settings.mail, Arc::clone(&clock) as Arc<dyn Clock>, counted);
        let mailer = mailer.expect("[mail] of the test is right");
        let parts = Parts {
            stores: Stores::together(shared.clone()),
            counters: shared,
            keys,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random,
            postman: mailer.postman(),
        };
        let app = extend(App::assemble(&settings, parts).expect("these settings can be served"));
        let background = app.background(&settings).expect("the database answers");
        let owner = app.owners_door();
        let (address, handle, thread) = listen(app.clone());
        Self {
            url: format!("http://{address}"),
            clock,
            owner,
            store,
            settings,
            backend: database.name,
            app,
            address,
            handle,
            thread: Some(thread),
            background: Some(background),
            mailer,
            database,
        }
    }

    /// Serves the same application once more, every request by its router.
    pub fn without_shortcuts(&self) -> Plain {
        let (address, handle, thread) = listen(self.app.clone().without_shortcuts());
        Plain { address, handle, thread: Some(thread) }
    }

    /// Somebody without any credential.
    pub fn anon(&self) -> Actor {
        Actor::at(&self.url)
    }

    /// Somebody with `Authorization: Bearer token`.
    pub fn bearer(&self, token: &str) -> Actor {
        self.anon().with("Authorization", &format!("Bearer {token}"))
    }

    /// Moves the clock on.
    pub fn wait(&self, delta: TimeDelta) {
        self.clock.advance(delta);
    }

    /// Changes the database behind the server's back.
    pub fn tamper(&self, statement: &str) {
        let patience = if self.backend == "sqlite" { "PRAGMA busy_timeout = 5000; " } else { "" };
        run(&self.database.url, &format!("{patience}{statement}"));
    }

    /// Tells every open socket to close, as a stop does.
    pub fn close_sockets(&self) {
        self.app.close_sockets();
    }

    /// Sends these bytes as they are and reads until the connection closes or is silent for a second.
    pub fn raw(&self, request: &[u8]) -> String {
        exchange(self.address, request)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What `server.metrics_bind` would serve.
    ///
    /// # Panics
    /// If it is not UTF-8.
    pub fn all_metrics(&self) -> String {
        let body = System::new().block_on(async {
            let app = actix_web::App::new().configure(|cfg| self.app.configure_metrics(cfg));
            let service = actix_web::test::init_service(app).await;
            let request = actix_web::test::TestRequest::get().uri("/metrics").to_request();
            actix_web::test::call_and_read_body(&service, request).await
        });
        String::from_utf8(body.to_vec()).expect("text")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&self.handle, &mut self.thread);
        self.background.take();
    }
}

/// What is counted, made another sequence by a seed.
struct SeededRandom {
    seed: u64,
    draws: CountedRandom,
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let mut drawn = [0; 40];
            self.draws.fill(&mut drawn[..32]);
            drawn[32..].copy_from_slice(&self.seed.to_be_bytes());
            chunk.copy_from_slice(&Digest::of(&drawn).as_bytes()[..chunk.len()]);
        }
    }
}

fn quick(configuration: &str) -> Settings {
    let unlimited = if configuration.contains("[throttle]") { "" } else { UNLIMITED };
    settings(&format!("{configuration}\n{QUICK}{unlimited}"))
}

/// [`NOON`] as a moment.
pub fn noon() -> DateTime<Utc> {
    NOON.parse().expect("a moment")
}

/// The settings that this TOML text gives.
pub fn settings(configuration: &str) -> Settings {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("countersign.toml");
    std::fs::write(&file, configuration).expect("a file in it");
    let sources = Sources { file: Some(file), ..Sources::default() };
    Settings::load(&sources).expect("the configuration of the test is right")
}

/// The same application once more; dropping it ends it.
pub struct Plain {
    /// Where it listens.
    pub address: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Plain {
    fn drop(&mut self) {
        end(&self.handle, &mut self.thread);
    }
}

fn end(handle: &ServerHandle, thread: &mut Option<JoinHandle<()>>) {
    System::new().block_on(handle.stop(false));
    if let Some(thread) = thread.take() {
        let _ = thread.join();
    }
}

fn listen(app: App) -> (SocketAddr, ServerHandle, JoinHandle<()>) {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        System::new().block_on(async {
            let server = HttpServer::new(move || {
                let inner = app.clone();
                app.shortcuts()
                    .before(actix_web::App::new().wrap(app.edge()).configure(move |cfg| inner.configure(cfg)))
            })
            .workers(1)
            .h1_allow_half_closed(false)
            .disable_signals()
            .bind("127.0.0.1:0")
            .expect("a loopback port");
            let address = server.addrs()[0];
            let server = server.run();
            sender.send((address, server.handle())).expect("the test waits");
            server.await.expect("the server ends when it is told to");
        });
    });
    let (address, handle) = receiver.recv().expect("the server starts");
    (address, handle, thread)
}
