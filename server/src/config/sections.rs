//! The sections of `countersign.toml`: every setting with its documentation, default and check.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZero,
    path::PathBuf,
    thread,
};

use countersign_adapters::{
    choices,
    client::{Network, Proxies, ProxyHeader},
    origin::Origin,
    settings::{Span, between, when_set},
};
use countersign_core::{
    Rate, Secret, ThrottleOptions,
    password::{Argon2Params, Passwords, Upgrade, UpgradeOptions},
    strategy::JwtAlgorithm,
};

use super::{
    access_log::AccessLogPlace,
    database_url::DatabaseUrl,
    mail_transport::MailTransport,
    origin,
    secrets::{no_key_of_others, strong},
};
use crate::mail;

countersign_adapters::settings! {
    /// What stands before the sections.
    pub struct Root {
        /// Origins of the front ends: they may send cookies, read answers (CORS) and open WebSockets.
        pub front_ends: Vec<Origin> = vec![nearby()],
    }
}

countersign_adapters::settings! {
    /// Where the server listens and what it takes.
    pub struct ServerSettings {
        /// The address to listen on, as IP:port.
        pub bind: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8000),
        /// Another address for `/metrics`, which is not served at `bind` then: the place for a scraper. `/health/live` is answered
        /// there as well, whatever keeps the threads of `bind`. Without it, whoever reaches `bind` can read how much the
        /// server does, but neither logins nor hashing jobs nor mails, which would tell who has an account.
        pub metrics_bind: Option<SocketAddr> = None,
        /// Threads that answer requests; 0 for one more than there are cores. From two on they read an SQLite file by themselves,
        /// all but one at a time: a disk that says nothing must not keep all of them.
        pub workers: usize = 0, check = between(0, MOST_THREADS),
        /// The address under which clients reach the server, such as "https://id.example.org"; "" for http:// and `bind`.
        /// Links are built from it, never from a Host header.
        pub base_url: String = String::new(), check = origin::base_url,
        /// The largest request body in bytes.
        pub body_limit: usize = 65_536, check = between(1_024, 16 * 1_024 * 1_024),
        /// How long a client may take to send a body.
        pub body_timeout: Span = Span::seconds(10), check = positive,
        /// Addresses and networks of proxies in front of the server, such as ["127.0.0.1", "10.0.0.0/8"]: the last address that
        /// they report and that is none of theirs is the client's.
        pub trusted_proxies: Vec<Network> = Vec::new(),
        /// Where they report it: "x-forwarded-for" or "forwarded" (RFC 7239). The other one is not looked at.
        pub proxy_header: ProxyHeader = ProxyHeader::XForwardedFor,
        /// How long a stopping server waits for the requests that it is still answering.
        pub shutdown_timeout: Span = Span::seconds(10),
    }
}

countersign_adapters::settings! {
    /// Where users and tokens are kept.
    pub struct DatabaseSettings {
        /// sqlite://FILE, postgres://USER:PASSWORD@HOST/NAME or mysql://USER:PASSWORD@HOST/NAME. Of several servers of PostgreSQL
        /// (postgres://USER:PASSWORD@HOST:5432,OTHER:5432/NAME) the one that takes writes is used. Move no other file over FILE while a
        /// server runs: it answers 503 then, until its own is back. To restore a backup, stop it, put the backup in place, delete
        /// FILE-wal and FILE-shm, and start it again.
        pub url: DatabaseUrl = DatabaseUrl::new("sqlite://countersign.db"), check = DatabaseUrl::check,
        /// The most connections for requests at a time; one more watches for revocations.
        pub pool_size: u32 = 10, check = between(1, 1_000),
        /// How long a request waits for a connection before it is answered 503.
        pub wait: Span = Span::seconds(2), check = positive,
    }
}

countersign_adapters::settings! {
    /// The server's own key, which seals what must be handed out again and signs links and cookies.
    pub struct KeySettings {
        /// The key file, made on the first start and readable by its owner only; a relative path begins at the working
        /// directory. A file that others can read is refused. Back it up with the database.
        pub file: PathBuf = PathBuf::from("countersign.keys"),
        /// A key to use instead of the file: 32 random bytes or more as text, or in base64 behind "base64:".
        pub secret: Option<Secret> = None, check = when_set(strong),
        /// How long a new key of `countersign keys rotate` is known before it is used: every server on the files learns of it
        /// within a second, and copies of the files on other machines must be there in this time. Half of it, at most ten
        /// minutes, is the time for which others may keep /.well-known/jwks.json.
        pub announce: Span = Span::seconds(600),
    }
}

countersign_adapters::settings! {
    /// Tokens of the strategy sanctum_pat, as in Laravel's config/sanctum.php.
    pub struct SanctumSettings {
        /// Put before the random characters of a new token, so that scanners recognise one that leaked; "" for nothing.
        pub token_prefix: String = String::new(), check = token_characters,
        /// How long after its creation every token ends, whatever its own expiry; without it, never.
        pub expiration: Option<Span> = None, check = when_set(positive),
    }
}

countersign_adapters::settings! {
    /// Imported tokens of django-rest-knox, which are accepted wherever the strategy djoser_token is, by the names of its
    /// `REST_KNOX`. None is issued here.
    pub struct KnoxSettings {
        /// Does each use put the end of a token off?
        pub auto_refresh: bool = false,
        /// How long after a use a token ends then. One without an end has none.
        pub token_ttl: Span = Span::hours(10), check = positive,
        /// How long after its creation a token ends however much it is used; without it, never.
        pub auto_refresh_max_ttl: Option<Span> = None, check = when_set(positive),
    }
}

countersign_adapters::settings! {
    /// Tokens of the strategy jwt_pair. Those of Djoser's mount have claims and lives of their own: see its options.
    pub struct JwtSettings {
        /// "HS256", "RS256", "ES256" or "EdDSA". With all but the first, others check the tokens by the public keys of
        /// /.well-known/jwks.json; some of their libraries do not know EdDSA. What was signed before a change lives on.
        pub algorithm: JwtAlgorithm = JwtAlgorithm::Hs256,
        /// The key that signs all JSON Web Tokens under HS256, in the form of `keys.secret`; without it, one is derived from
        /// the server's key. After a change to another algorithm leave it here until what it signed is dead.
        pub secret: Option<Secret> = None, check = when_set(no_key_of_others),
        /// The private keys of the other algorithms in PEM (PKCS #8), the newest first, made on the first start; without it,
        /// a file beside `keys.file`: countersign.jwt.pem. Others must not be able to read it. Beside them it may hold public keys
        /// and secrets of HS256 that only check; see `countersign keys import`.
        pub key_file: Option<PathBuf> = None,
        /// The `iss` claim.
        pub issuer: String = "countersign".to_owned(), check = filled,
        /// The `aud` claim.
        pub audience: String = "countersign".to_owned(), check = filled,
        /// The life of an access token.
        pub access_ttl: Span = Span::hours(1), check = whole_seconds,
        /// The life of a refresh token.
        pub refresh_ttl: Span = Span::days(30), check = whole_seconds,
        /// Does each refresh answer with a new refresh token, and end the one that was sent? Whoever sends an ended one later than
        /// `refresh_grace` has stolen it, or was robbed of it: the whole login ends.
        pub rotate_refresh: bool = false,
        /// For so long an ended refresh token still gets the same new one: for answers that were lost, and windows that ask
        /// at once. At a mount of Djoser with `blacklist_after_rotation` it is refused meanwhile, but ends no login.
        pub refresh_grace: Span = Span::seconds(10),
        /// How long a login lasts in all, however often its refresh token is a new one. At least `refresh_ttl`.
        pub login_ttl: Span = Span::days(90), check = whole_seconds,
    }
}

countersign_adapters::settings! {
    /// How passwords are hashed and how many wait for it. Hashes of Laravel and Django are checked as they are.
    pub struct PasswordSettings {
        /// What new passwords are hashed with: "argon2id", which PHP's password_verify reads as well.
        pub scheme: NewScheme = NewScheme::Argon2id,
        /// Memory of one hash in KiB. OWASP asks for 19456 with two iterations.
        pub memory_kib: u32 = 19_456, check = between(8, 1_048_576),
        /// Passes over that memory.
        pub iterations: u32 = 2, check = between(1, 10),
        /// Threads that hash, beside those that answer; 0 for as many as there are cores.
        pub threads: usize = 0, check = between(0, MOST_THREADS),
        /// A login that would have to wait about as long for its turn is answered 503 at once, and one whose turn has not come until
        /// then is as well.
        pub max_wait: Span = Span::seconds(1), check = positive,
        /// A failed login, and a request for a mail with a link, is answered no sooner than this, so that its duration tells
        /// nothing. If there are users with slower hashes, such as imported ones, a failed login takes as long as the
        /// slowest that was seen since the start; the log says how long.
        pub failure_floor: Span = Span::millis(100),
        /// Which hashes a login replaces: "full" makes everything what `scheme` says, "same-family" only what the old framework
        /// would write otherwise today, in a form that it still reads (Django's as pbkdf2_sha256, Laravel's bcrypt as bcrypt),
        /// "off" nothing.
        pub upgrade: Upgrade = Upgrade::Full,
        /// The cost of bcrypt under "same-family": Laravel's BCRYPT_ROUNDS.
        pub bcrypt_rounds: u32 = 12, check = between(UpgradeOptions::LEAST_BCRYPT_COST, UpgradeOptions::MOST_BCRYPT_COST),
        /// The iterations of pbkdf2_sha256 under "same-family": 1000000 in Django 5.2, 1200000 in 6.0.
        pub pbkdf2_iterations: u32 = 1_000_000, check = between(1, UpgradeOptions::MOST_ITERATIONS),
    }
}

countersign_adapters::settings! {
    /// How often may be guessed: a number in a second, minute, hour or day, such as "5/min". Counted over all dialects
    /// together; an IPv6 client is its network of 64 bits. Who has to wait is answered 429 with Retry-After, before anything
    /// is hashed, and whether or not there is such an account.
    pub struct ThrottleSettings {
        /// Is any of this limited?
        pub enabled: bool = true,
        /// Where it is counted, and what the mounts limit besides: "memory", each process for itself, from zero at its start, or
        /// "database", all processes of one database together, which costs each counted request a transaction or two.
        pub store: CounterPlace = CounterPlace::Memory,
        /// Wrong passwords of one client for one account; a right one forgets them.
        pub login: Rate = Rate::per_minute(5), check = some,
        /// Wrong passwords of one client for all accounts.
        pub login_client: Rate = Rate::per_minute(10), check = some,
        /// Wrong passwords for one account from clients that have not logged in to it within thirty days. From where they
        /// have been its owners still log in, and what a token can do goes on.
        pub login_account: Rate = Rate::per_hour(100), check = some,
        /// Registrations of one client, those that are refused among them.
        pub register: Rate = Rate::per_minute(20), check = some,
        /// Mails to one address that somebody asked for without being logged in.
        pub mail: Rate = Rate::per_hour(5), check = some,
        /// Such mails that one client asks for.
        pub mail_client: Rate = Rate::per_hour(30), check = some,
        /// Links of mails that one client shows and that do not hold.
        pub link: Rate = Rate::per_minute(20), check = some,
    }
}

countersign_adapters::settings! {
    /// Verified credentials are remembered, and forgotten when they are revoked.
    pub struct CacheSettings {
        /// "off" asks the database at every request.
        pub verified: Verified = Verified::On,
        /// How many credentials are remembered.
        pub capacity: usize = 100_000, check = between(1, 100_000_000),
        /// How often the revocations of other processes are read.
        pub poll: Span = Span::millis(250), check = positive,
        /// When they could not be read for this long, nothing remembered is trusted. A revocation on the command line
        /// returns after this time. More than `poll`.
        pub bound: Span = Span::seconds(1),
    }
}

countersign_adapters::settings! {
    /// How mails are sent. They wait in memory and never hold a request up.
    pub struct MailSettings {
        /// "log" writes each mail into the log, for development: whoever reads the log can use the links in it.
        /// "file:DIR" writes a file a mail. "smtps://USER:PASSWORD@HOST:PORT" (465) hands them to a mail server over TLS,
        /// "smtp://USER:PASSWORD@HOST:PORT?tls=required" (587) over STARTTLS, with "?tls=opportunistic" only if the server
        /// offers it, and "smtp://HOST:PORT" (25) in the clear. User and password are percent-encoded or left out; a name
        /// behind the host ("smtp://HOST/NAME") is said in EHLO instead of the machine's.
        pub transport: MailTransport = MailTransport::new("log"), check = MailTransport::check,
        /// The sender: an address, or "Name <address>".
        pub from: String = "webmaster@localhost".to_owned(), check = mail::sender_check,
        /// How long connecting, and each answer of the mail server, may take.
        pub timeout: Span = Span::seconds(30), check = positive,
        /// A mail that cannot be sent yet is tried again for this long, with growing pauses, and then given up.
        pub retry_for: Span = Span::hours(4),
        /// The most mails that wait; more are given up at once.
        pub queue: usize = 1_000, check = between(1, 1_000_000),
        /// How many mails are sent at a time; with 1 they keep their order.
        pub connections: usize = 2, check = between(1, 64),
    }
}

countersign_adapters::settings! {
    /// What is written to standard error; and the access log.
    pub struct LogSettings {
        /// "text" for people, "json" for machines.
        pub format: LogFormat = LogFormat::Text,
        /// "error", "warn", "info", "debug" or "trace".
        pub level: LogLevel = LogLevel::Info,
        /// Where a line a request goes, in the same format: "off", "stdout" or "file:PATH". It names the documented path and
        /// neither the address that was asked for nor any header, and has no secret in it. What cannot be written as fast as
        /// requests come is dropped and counted.
        pub access: AccessLogPlace = AccessLogPlace::Off,
    }
}

choices! {
    /// Where throttles count.
    pub enum CounterPlace {
        /// In the memory of each process.
        Memory = "memory",
        /// In the database.
        Database = "database",
    }
}

choices! {
    /// Are verified credentials remembered?
    pub enum Verified {
        /// Yes.
        On = "on",
        /// No: every request asks the database.
        Off = "off",
    }
}

choices! {
    /// What new passwords are hashed with.
    pub enum NewScheme {
        /// argon2id.
        Argon2id = "argon2id",
    }
}

choices! {
    /// The form of the log.
    pub enum LogFormat {
        /// A line to read.
        Text = "text",
        /// A JSON object a line.
        Json = "json",
    }
}

choices! {
    /// How much is logged.
    pub enum LogLevel {
        /// What needs somebody's attention.
        Error = "error",
        /// What may need it.
        Warn = "warn",
        /// Starts, stops and refusals.
        Info = "info",
        /// Every request.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

/// More threads than this are a slip of the keyboard.
const MOST_THREADS: usize = 1_024;

impl ServerSettings {
    /// The address under which clients reach the server, without a slash at the end.
    pub fn public_url(&self) -> String {
        if self.base_url.is_empty() { format!("http://{}", self.bind) } else { self.base_url.clone() }
    }

    /// How many threads answer requests.
    pub fn worker_count(&self) -> usize {
        // One is free while the others look something up.
        if self.workers == 0 { or_cores(0) + 1 } else { self.workers }
    }

    /// Whose word counts on where a request comes from.
    pub fn proxies(&self) -> Proxies {
        Proxies { trusted: self.trusted_proxies.clone(), header: self.proxy_header }
    }
}

impl ThrottleSettings {
    /// The limits, unless they are switched off.
    pub fn options(&self) -> Option<ThrottleOptions> {
        self.enabled.then_some(ThrottleOptions {
            login: self.login,
            login_client: self.login_client,
            login_account: self.login_account,
            registration: self.register,
            mail: self.mail,
            mail_client: self.mail_client,
            link: self.link,
        })
    }
}

impl PasswordSettings {
    /// How passwords are hashed, checked and upgraded.
    pub fn passwords(&self) -> Passwords {
        let NewScheme::Argon2id = self.scheme;
        Passwords::new(self.argon2()).upgrading(UpgradeOptions {
            mode: self.upgrade,
            bcrypt_cost: self.bcrypt_rounds,
            pbkdf2_iterations: self.pbkdf2_iterations,
        })
    }

    /// The cost of a new hash.
    pub fn argon2(&self) -> Argon2Params {
        Argon2Params { memory_kib: self.memory_kib, iterations: self.iterations, ..Argon2Params::default() }
    }

    /// How many threads hash.
    pub fn thread_count(&self) -> usize {
        or_cores(self.threads)
    }
}

/// `count`, or the number of cores for 0.
fn or_cores(count: usize) -> usize {
    if count == 0 { thread::available_parallelism().map_or(1, NonZero::get) } else { count }
}

/// Where a front end is served while it is developed.
fn nearby() -> Origin {
    Origin { is_https: false, host: "localhost".to_owned(), port: Some(3000) }
}

fn filled(text: &str) -> Result<(), String> {
    if text.is_empty() { Err("is empty".to_owned()) } else { Ok(()) }
}

/// RFC 9110's tchar: a token must fit a header and a WebSocket subprotocol as it is.
fn token_characters(prefix: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._~+-".contains(c);
    if prefix.chars().all(fits) { Ok(()) } else { Err("may hold only letters, digits and . _ ~ + -".to_owned()) }
}

fn some(rate: &Rate) -> Result<(), String> {
    if rate.requests() > 0 { Ok(()) } else { Err("permits nothing; write \"1/day\" or more".to_owned()) }
}

fn positive(span: &Span) -> Result<(), String> {
    if span.duration().is_zero() { Err("leaves no time; write more than \"0s\"".to_owned()) } else { Ok(()) }
}

/// The claims of a JWT are whole seconds (RFC 7519, `NumericDate`).
fn whole_seconds(span: &Span) -> Result<(), String> {
    positive(span)?;
    if span.duration().subsec_millis() == 0 { Ok(()) } else { Err("is not in whole seconds".to_owned()) }
}
