//! What it costs to check one password against a hash of every scheme, at the cost that its framework writes today.

use std::time::Duration;

use countersign_core::{
    Secret,
    env::SystemRandom,
    password::{Argon2Params, EncodedPassword, PasswordScheme, Passwords},
};

use crate::{figures::Row, keys::core_time};

/// The least of several: other programs take the caches and the core's other half now and then.
const TURNS: usize = 7;

const SHORT: &str = "c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg";
const BCRYPT: &str = "of9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05S";
const SHA256: &str = "3QPm/co/s1NAwiQMm4b8eDQmn5weY+tCpDbIgy4ei8E=";
const SCRYPT: &str = "FcUaxdGhAOqNKfG3sRGmnqk8n+TX6EyInPP4lHuhKE62pB2t0D1wn+TFNPo4D8wxymOYWSZVuTcCY99K/Wpwfw==";

/// Every scheme.
pub fn rows() -> Vec<Row> {
    let native = Passwords::new(Argon2Params::default()).hash(&Secret::from("measured"), &SystemRandom);
    let hashes = [
        native.as_str().to_owned(),
        format!("$argon2id$v=19$m=65536,t=4,p=1${SHORT}"),
        format!("$argon2i$v=19$m=65536,t=4,p=1${SHORT}"),
        format!("$2y$10${BCRYPT}"),
        format!("$2y$12${BCRYPT}"),
        format!("bcrypt_sha256$$2b$12${BCRYPT}"),
        format!("pbkdf2_sha256$1000000$salt${SHA256}"),
        format!("pbkdf2_sha256$1200000$salt${SHA256}"),
        "pbkdf2_sha1$1000000$salt$yvDs2K71DTmEnKRYaYqguSeN6ak=".to_owned(),
        format!("argon2$argon2id$v=19$m=102400,t=2,p=8${SHORT}"),
        format!("scrypt$16384$salt$8$5${SCRYPT}"),
    ];
    hashes.into_iter().map(row).collect()
}

fn row(encoded: String) -> Row {
    let of = if encoded.starts_with('$') { "Laravel and PHP" } else { "Django" };
    let scheme = PasswordScheme::of(&EncodedPassword::new(encoded)).expect("a hash within the bounds");
    let least = (0..TURNS).map(|_| timed(scheme)).min().unwrap_or_default();
    Row::new(format!("a check of {of}'s {scheme}"), format!("{:.0} ms", least.as_secs_f64() * 1e3), "")
}

/// As long as the thread had a core: what else the machine does is no part of it.
fn timed(scheme: PasswordScheme) -> Duration {
    let began = core_time();
    scheme.burn();
    core_time().saturating_sub(began)
}
