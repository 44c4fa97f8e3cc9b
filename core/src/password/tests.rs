//! What is right, what is wrong, and what is refused.

use base64::Engine as _;

use super::*;
use crate::env::CountedRandom;

fn cheap() -> Passwords {
    Passwords::new(Argon2Params { memory_kib: 64, iterations: 1, parallelism: 1 })
}

#[test]
fn the_right_password_is_right_and_every_other_is_not() {
    let passwords = cheap();
    let stored = passwords.hash(&Secret::from("Zx9-quokka-77"), &CountedRandom::default());
    assert!(passwords.check(&Secret::from("Zx9-quokka-77"), Some(&stored)));
    for wrong in ["zx9-quokka-77", "Zx9-quokka-77 ", "", "Zx9-quokka-7"] {
        assert!(!passwords.check(&Secret::from(wrong), Some(&stored)), "{wrong:?}");
    }
    assert!(!passwords.check(&Secret::from("Zx9-quokka-77"), None));
}

#[test]
fn a_hash_of_another_cost_is_checked_and_called_outdated() {
    let stored = EncodedPassword::new("$argon2id$v=19$m=16,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg");
    let password = Secret::from("x");
    assert!(cheap().is_outdated(&stored, &password));
    assert!(!cheap().is_outdated(&cheap().hash(&password, &CountedRandom::default()), &password));
}

/// Of the 97 letters that Laravel was given bcrypt looks at 72.
#[test]
fn a_bcrypt_hash_is_checked_as_php_does() {
    let stored = EncodedPassword::new("$2y$10$of9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05S");
    let whole = "LongPassw0rd-".repeat(6) + "tail-after-72-bytes";
    let is_right = |password: &str| cheap().check(&Secret::from(password), Some(&stored));
    assert!(is_right(&whole) && is_right(&whole[..72]) && !is_right(&whole[..71]));
    assert!(!cheap().is_outdated(&stored, &Secret::from(&whole[..72])));

    let short = EncodedPassword::new("$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe");
    let is_right = |password: &str| cheap().check(&Secret::from(password), Some(&short));
    // PHP takes "a\0b" for "a", as it compares C strings; but it makes no hash of a password with a NUL.
    assert!(is_right("a") && !is_right("a\0b") && !is_right("") && !is_right("b"));
    assert!(cheap().is_outdated(&short, &Secret::from("a")));
}

/// Each with why it is refused: no work is done for it.
#[test]
fn hostile_or_broken_hashes_are_nobodys_password() {
    use Unverifiable::{Malformed, TooCostly, Unknown};
    let (salt, tag) = ("c29tZXNhbHQxMjM0NTY3OA", "jUIp9sPDP0zTAoYCVLNcJg");
    let bcrypt = "of9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05S";
    let sha256 = "3QPm/co/s1NAwiQMm4b8eDQmn5weY+tCpDbIgy4ei8E=";
    let scrypt = "FcUaxdGhAOqNKfG3sRGmnqk8n+TX6EyInPP4lHuhKE62pB2t0D1wn+TFNPo4D8wxymOYWSZVuTcCY99K/Wpwfw==";
    let md5 = "19011315d15e4622efeff2e8ed2933bd";
    let too_costly = |scheme, parameter, limit| TooCostly { scheme, parameter, limit };
    let long = "x".repeat(1 << 20);
    let hostile = [
        ("plain".to_owned(), Unknown),
        (format!("{salt}${tag}"), Unknown),
        (md5.to_owned(), Unknown),
        (format!("md5$${md5}"), Malformed("md5")),
        (format!("md5$salt${}", md5.to_uppercase()), Malformed("md5")),
        (format!("md5$salt${}", &md5[1..]), Malformed("md5")),
        (format!("sha1$salt${md5}01234567"), Unknown),
        (format!("crypt$$sa{md5}"), Unknown),
        (long.clone(), Unknown),
        (format!("pbkdf2_sha256$1000${long}${sha256}"), Unknown),
        (format!("$argon2id$v=19$m=4194304,t=2,p=1${salt}${tag}"), too_costly("argon2id", "memory in KiB", 1 << 20)),
        (format!("$argon2id$v=19$m=64,t=1000,p=1${salt}${tag}"), too_costly("argon2id", "iterations", 10)),
        (format!("$argon2i$v=19$m=64,t=1,p=255${salt}${tag}"), too_costly("argon2i", "parallelism", 16)),
        (
            format!("argon2$argon2id$v=19$m=99999999999999999999999,t=1,p=1${salt}${tag}"),
            too_costly("argon2id", "memory in KiB", 1 << 20),
        ),
        (format!("$argon2id$v=19$m=+64,t=1,p=1${salt}${tag}"), Malformed("argon2id")),
        (format!("$argon2id$v=19$m=064,t=1,p=1${salt}${tag}"), Malformed("argon2id")),
        (format!("$argon2id$v=19$m=64,t=0,p=1${salt}${tag}"), Malformed("argon2id")),
        (format!("$argon2id$v=19$m=7,t=1,p=1${salt}${tag}"), Malformed("argon2id")),
        (format!("$argon2id$v=19$m=64,t=1,p=1,keyid=x${salt}${tag}"), Malformed("argon2id")),
        ("$argon2id$v=19$m=64,t=1,p=1$$".to_owned(), Malformed("argon2id")),
        ("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$****".to_owned(), Malformed("argon2id")),
        (format!("$argon2id$v=19$m=64,t=1,p=1${salt}${tag}$"), Malformed("argon2id")),
        (format!("$argon2id$v=16$m=64,t=1,p=1${salt}${tag}"), Unknown),
        (format!("$argon2d$v=19$m=64,t=1,p=1${salt}${tag}"), Unknown),
        ("$argon2id$v=19".to_owned(), Unknown),
        (format!("$2y$31${bcrypt}"), too_costly("bcrypt", "a cost", 15)),
        (format!("bcrypt$$2b$16${bcrypt}"), too_costly("bcrypt", "a cost", 15)),
        (format!("bcrypt_sha256$$2b$99${bcrypt}"), too_costly("bcrypt", "a cost", 15)),
        (format!("$2y$03${bcrypt}"), Malformed("bcrypt")),
        (format!("$2y$+4${bcrypt}"), Malformed("bcrypt")),
        (format!("$2y$004${bcrypt}"), Malformed("bcrypt")),
        (format!("$2x$04${bcrypt}"), Unknown),
        ("$2y$04$of9lvT.Pduop5x9/6zqCdu".to_owned(), Malformed("bcrypt")),
        ("$2y$04$\u{e9}f9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05".to_owned(), Malformed("bcrypt")),
        (format!("$1$salt${md5}"), Unknown),
        (format!("pbkdf2_sha256$10000001$salt${sha256}"), too_costly("pbkdf2_sha256", "iterations", 10_000_000)),
        (format!("pbkdf2_sha256$1000000000$salt${sha256}"), too_costly("pbkdf2_sha256", "iterations", 10_000_000)),
        (format!("pbkdf2_sha256$0$salt${sha256}"), Malformed("pbkdf2_sha256")),
        (format!("pbkdf2_sha256$-1$salt${sha256}"), Malformed("pbkdf2_sha256")),
        (format!("pbkdf2_sha256$1$${sha256}"), Malformed("pbkdf2_sha256")),
        (format!("pbkdf2_sha256$1$salt${}", &sha256[..40]), Malformed("pbkdf2_sha256")),
        (format!("pbkdf2_sha1$1$salt${sha256}"), Malformed("pbkdf2_sha1")),
        (format!("pbkdf2_sha256$1$sa$lt${sha256}"), Malformed("pbkdf2_sha256")),
        ("pbkdf2_sha256$1".to_owned(), Malformed("pbkdf2_sha256")),
        (format!("scrypt$16777216$salt$8$5${scrypt}"), too_costly("scrypt", "N", 1 << 17)),
        (format!("scrypt$16384$salt$9$5${scrypt}"), too_costly("scrypt", "r", 8)),
        (format!("scrypt$16384$salt$8$11${scrypt}"), too_costly("scrypt", "p", 10)),
        (format!("scrypt$16383$salt$8$5${scrypt}"), Malformed("scrypt")),
        (format!("scrypt$1$salt$8$5${scrypt}"), Malformed("scrypt")),
        (format!("scrypt$0$salt$8$5${scrypt}"), Malformed("scrypt")),
        (format!("scrypt$16384$salt$8$0${scrypt}"), Malformed("scrypt")),
        (format!("scrypt$16384$salt$8$5${}", &scrypt[..40]), Malformed("scrypt")),
    ];
    for (encoded, reason) in hostile {
        let stored = EncodedPassword::new(&encoded);
        let shown = &encoded[..encoded.len().min(80)];
        assert_eq!(PasswordScheme::of(&stored), Err(reason), "{shown:?}");
        assert_eq!(cheap().learn(&stored), Err(reason), "{shown:?}");
        assert!(!cheap().check(&Secret::from("x"), Some(&stored)), "{shown:?}");
        assert!(!cheap().is_outdated(&stored, &Secret::from("x")), "{shown:?}");
    }
    for encoded in ["", "!", "!UXMmV4uKpPBLnhESospvMOJRjTvYILqmXzJhyHvU"] {
        let stored = EncodedPassword::new(encoded);
        assert_eq!(PasswordScheme::of(&stored), Ok(PasswordScheme::Unusable), "{encoded:?}");
        assert!(!cheap().check(&Secret::from(encoded), Some(&stored)), "{encoded:?}");
    }
}

/// What a refusal says holds nothing of the hash: somebody may have kept passwords in clear.
#[test]
fn a_refusal_does_not_show_what_was_stored() {
    for (encoded, said) in [
        ("hunter2", "it is in no known format"),
        ("hun$ter2", "it is in no known format"),
        ("$2y$31$of9lvT", "its bcrypt asks for a cost above 15"),
        ("scrypt$16384$salt", "it is no whole scrypt hash"),
    ] {
        let reason = PasswordScheme::of(&EncodedPassword::new(encoded)).unwrap_err();
        assert_eq!(reason.to_string(), said);
    }
}

#[test]
fn an_over_long_password_is_refused_without_hashing() {
    let passwords = Passwords::new(Argon2Params { memory_kib: 1 << 20, iterations: 10, parallelism: 1 });
    assert!(!passwords.check(&Secret::new("x".repeat(MAX_BYTES + 1)), None));
}

/// Hashes of `x`.
const LARAVEL: [&str; 4] = [
    "$2y$04$ABRYMBGRWB0fQmlTiX6/uOexpfj9lOMB5.qkI3TjJ5bxJ.k7CGAh.",
    "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg",
    "$argon2i$v=19$m=64,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg",
    "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg",
];
const DJANGO: [&str; 8] = [
    "pbkdf2_sha256$1$salt$3QPm/co/s1NAwiQMm4b8eDQmn5weY+tCpDbIgy4ei8E=",
    "pbkdf2_sha1$900$salt$yvDs2K71DTmEnKRYaYqguSeN6ak=",
    "argon2$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg",
    "argon2$argon2i$m=64,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$jUIp9sPDP0zTAoYCVLNcJg",
    "bcrypt_sha256$$2b$12$KH.hBSiz2j2QtwvQzqmwsuojFn.u3GCcxCsv.nZlYXaWLuzx6jbPi",
    "bcrypt$$2b$12$khMg0O6X67MJgJpKnhp9pueNvIzrFT5TXtjbLuujJGL9UOsP2GUjG",
    "scrypt$16384$salt$8$5$FcUaxdGhAOqNKfG3sRGmnqk8n+TX6EyInPP4lHuhKE62pB2t0D1wn+TFNPo4D8wxymOYWSZVuTcCY99K/Wpwfw==",
    "md5$salt$19011315d15e4622efeff2e8ed2933bd",
];

fn upgrading(mode: Upgrade) -> Passwords {
    cheap().upgrading(UpgradeOptions { mode, bcrypt_cost: 5, pbkdf2_iterations: 200 })
}

/// What stands before the salt.
fn becomes(mode: Upgrade, stored: &str, password: &str) -> Option<String> {
    let password = Secret::from(password);
    let passwords = upgrading(mode);
    let new = passwords.upgraded(&EncodedPassword::new(stored), &password, &CountedRandom::default())?;
    assert!(passwords.check(&password, Some(&new)), "{new:?}");
    assert!(!passwords.is_outdated(&new, &password), "an upgraded hash stays");
    let new = new.as_str();
    let prefixes = ["$argon2id$v=19$m=64,t=1,p=1$", "$2y$05$", "pbkdf2_sha256$200$"];
    prefixes.into_iter().find(|prefix| new.starts_with(prefix)).map(str::to_owned)
}

#[test]
fn an_upgrade_makes_everything_native_or_keeps_it_in_its_family_or_leaves_it() {
    let native = Some("$argon2id$v=19$m=64,t=1,p=1$".to_owned());
    for stored in LARAVEL.into_iter().chain(DJANGO) {
        assert_eq!(becomes(Upgrade::Off, stored, "x"), None, "{stored}");
        let expected = native.clone().filter(|_| stored != LARAVEL[3]);
        assert_eq!(becomes(Upgrade::Full, stored, "x"), expected, "{stored}");
    }
    let bcrypt = Some("$2y$05$".to_owned());
    let laravel: Vec<_> = LARAVEL.iter().map(|stored| becomes(Upgrade::SameFamily, stored, "x")).collect();
    assert_eq!(laravel, [bcrypt.clone(), native, None, None]);
    for stored in DJANGO {
        assert_eq!(becomes(Upgrade::SameFamily, stored, "x").as_deref(), Some("pbkdf2_sha256$200$"), "{stored}");
    }
    let stronger = [
        "pbkdf2_sha256$201$salt$3QPm/co/s1NAwiQMm4b8eDQmn5weY+tCpDbIgy4ei8E=",
        "$2y$06$ABRYMBGRWB0fQmlTiX6/uOexpfj9lOMB5.qkI3TjJ5bxJ.k7CGAh.",
    ];
    for stored in stronger {
        assert_eq!(becomes(Upgrade::SameFamily, stored, "x"), None, "{stored}");
    }
}

/// Of all passwords that a bcrypt hash fits, a whole hash would leave one.
#[test]
fn a_long_password_keeps_its_bcrypt_hash_unless_bcrypt_takes_its_place() {
    let (long, shorter) = ("x".repeat(72), "x".repeat(71));
    let bcrypt = Some("$2y$05$".to_owned());
    for stored in [LARAVEL[0], DJANGO[5]] {
        assert_eq!(becomes(Upgrade::Full, stored, &long), None);
        assert!(becomes(Upgrade::Full, stored, &shorter).is_some());
    }
    assert_eq!(becomes(Upgrade::SameFamily, LARAVEL[0], &long), bcrypt);
    assert_eq!(becomes(Upgrade::SameFamily, DJANGO[5], &long), None);
    assert_eq!(becomes(Upgrade::SameFamily, DJANGO[4], &long).as_deref(), Some("pbkdf2_sha256$200$"));
}

/// What an import says of a hash.
#[test]
fn a_hash_has_a_name_a_family_and_a_cost() {
    let said = |encoded: &str| {
        let scheme = PasswordScheme::of(&EncodedPassword::new(encoded)).unwrap();
        (scheme.to_string(), scheme.family())
    };
    let (laravel, django) = (Some(Family::Laravel), Some(Family::Django));
    assert_eq!(said(LARAVEL[0]), ("bcrypt (cost=4)".to_owned(), laravel));
    assert_eq!(said(LARAVEL[1]), ("argon2id (m=64,t=2,p=1)".to_owned(), laravel));
    assert_eq!(said(LARAVEL[2]), ("argon2i (m=64,t=2,p=1)".to_owned(), laravel));
    assert_eq!(said(DJANGO[0]), ("pbkdf2_sha256 (iterations=1)".to_owned(), django));
    assert_eq!(said(DJANGO[1]), ("pbkdf2_sha1 (iterations=900)".to_owned(), django));
    assert_eq!(said(DJANGO[3]), ("argon2i (m=64,t=2,p=1)".to_owned(), django));
    assert_eq!(said(DJANGO[4]), ("bcrypt_sha256 (cost=12)".to_owned(), django));
    assert_eq!(said(DJANGO[6]), ("scrypt (N=16384,r=8,p=5)".to_owned(), django));
    assert_eq!(said(DJANGO[7]), ("md5".to_owned(), django));
    assert_eq!(said("!"), ("unusable".to_owned(), None));
}

/// The floor of failed logins is measured by them.
#[test]
fn of_each_scheme_the_costliest_is_known_and_clones_know_it_too() {
    let passwords = cheap();
    let native = passwords.hash(&Secret::from("x"), &CountedRandom::default());
    passwords.learn(&native).unwrap();
    passwords.clone().check(&Secret::from("x"), Some(&EncodedPassword::new(LARAVEL[0])));
    for encoded in [DJANGO[5], DJANGO[0], DJANGO[7], "!"] {
        passwords.learn(&EncodedPassword::new(encoded)).unwrap();
    }
    passwords.learn(&EncodedPassword::new(LARAVEL[0])).unwrap();
    let known: Vec<String> = passwords.present().iter().map(ToString::to_string).collect();
    assert_eq!(known, ["bcrypt (cost=12)", "pbkdf2_sha256 (iterations=1)"]);
}

/// What Django and PHP made of the same password and the same salt.
#[test]
fn what_is_written_for_a_framework_is_what_it_writes_itself() {
    let django = "pbkdf2_sha256$1000$PkjN81ovXFNK2C0opDaMG5$YGg+B04Nt08vzjc7wKsDNfx27yVkrs7wIogyQRCSbsY=";
    let password = Secret::from("Walrus-and-0yster");
    assert_eq!(pbkdf2::encode(&password, "PkjN81ovXFNK2C0opDaMG5", 1000), django);

    let php = "$2y$04$..AJ4VtZ.d4UdT1nKUXDiuRWkUEtygFdOWE.A4jGHGhw8UdWr.QQq";
    let password = Secret::from("пароль-Ünï-🔑");
    let salt = ::bcrypt::BASE_64.decode(&php[7..29]).unwrap().try_into().unwrap();
    assert_eq!(bcrypt::encode(&password, salt, 4), php);
}
