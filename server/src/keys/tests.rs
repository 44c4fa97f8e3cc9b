use std::{fs, os::unix::fs::PermissionsExt as _};

use chrono::DateTime;
use countersign_core::{Secret, env::SystemRandom, strategy::PublicNumbers};

use super::*;

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_767_355_200 + seconds, 0).unwrap()
}

/// Settings whose files are in this folder.
fn within(folder: &tempfile::TempDir, algorithm: JwtAlgorithm) -> Settings {
    let mut settings = Settings::default();
    settings.keys.file = folder.path().join("countersign.keys");
    settings.jwt.algorithm = algorithm;
    settings
}

fn open(settings: &Settings, now: Timestamp) -> Keys {
    Keys::open(settings, &SystemRandom, now).unwrap()
}

fn refused(settings: &Settings) -> String {
    Keys::open(settings, &SystemRandom, at(0)).unwrap_err().to_string()
}

fn states(keys: &Keys, now: Timestamp) -> Vec<KeyState> {
    keys.jwt.states(now).into_iter().map(|(_, state)| state).collect()
}

fn files(folder: &tempfile::TempDir) -> Vec<String> {
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn a_key_is_made_once_and_kept_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let settings = within(&folder, JwtAlgorithm::Es256);
    let first = open(&settings, at(0));
    let again = open(&settings, at(0));
    assert_eq!(first.ring.ids(), again.ring.ids());
    let kid = |keys: &Keys| keys.jwt.published(at(0))[0].kid().unwrap().to_owned();
    assert_eq!(kid(&first), kid(&again));
    assert_eq!(files(&folder), ["countersign.jwt.pem", "countersign.keys"]);
    for name in files(&folder) {
        assert_eq!(fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn of_many_that_start_at_once_all_have_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let settings = within(&folder, JwtAlgorithm::Es256);
    let start = || {
        let keys = open(&settings, at(0));
        (keys.ring.ids(), keys.jwt.published(at(0))[0].kid().unwrap().to_owned())
    };
    let keys: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..16).map(|_| scope.spawn(start)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]));
    assert_eq!(files(&folder).len(), 2);
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let settings = within(&folder, JwtAlgorithm::EdDsa);
    open(&settings, at(0));
    for file in [settings.keys.file.clone(), key_file(&settings)] {
        for (mode, taken) in [(0o644, false), (0o660, false), (0o400, true), (0o640, true), (0o600, true)] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(Keys::open(&settings, &SystemRandom, at(0)).is_ok(), taken, "{mode:o}");
        }
    }
}

#[test]
fn a_damaged_file_is_named_with_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let settings = within(&folder, JwtAlgorithm::Rs256);
    open(&within(&folder, JwtAlgorithm::Hs256), at(0));
    let write = |path: &std::path::Path, text: &str| {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    };
    let pem = key_file(&settings);
    for (text, line) in [
        ("x\n", 1),
        ("\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 2),
        ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", 1),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n", 1),
        ("# signs from yesterday\n", 1),
    ] {
        write(&pem, text);
        let error = refused(&settings);
        assert!(error.contains(&format!("countersign.jwt.pem is damaged at line {line}: ")), "{text}: {error}");
    }
    write(&pem, "\n");
    let empty = "countersign.jwt.pem is empty: bring back a copy, or delete it, and a new one is made";
    assert!(refused(&settings).ends_with(empty));
    write(&settings.keys.file, "# ring\nnot a key\n");
    assert!(refused(&settings).contains("countersign.keys is damaged at line 2"));
}

#[test]
fn a_new_ring_key_seals_and_signs_when_its_moment_comes_and_the_old_one_stays_good() {
    let folder = tempfile::tempdir().unwrap();
    let settings = within(&folder, JwtAlgorithm::Hs256);
    let running = open(&settings, at(0));
    let old = running.ring.ids();
    let rotated = rotate(&settings, Rotate::All, &SystemRandom, at(0)).unwrap();
    let [new] = rotated.as_slice() else { panic!("{rotated:?}") };
    assert_eq!((new.kind, new.from), ("ring", at(600)));

    running.look(&SystemRandom, at(1)).unwrap();
    assert_eq!(running.ring.ids(), [old.clone(), vec![new.id.clone()]].concat());
    assert_eq!(states(&running, at(1)), [KeyState::Announced(at(600)), KeyState::Signs]);
    running.look(&SystemRandom, at(600)).unwrap();
    assert_eq!(running.ring.ids(), [vec![new.id.clone()], old].concat());
    // The longest token is a refresh token of Djoser's mount.
    let end = at(600 + 86_400 + 5);
    assert_eq!(states(&running, at(600)), [KeyState::Signs, KeyState::Checks(Some(end))]);
    assert_eq!(states(&running, end), [KeyState::Signs, KeyState::Over]);
    assert_eq!(open(&settings, at(600)).ring.ids(), running.ring.ids());
}

#[test]
fn a_new_token_key_is_announced_first_and_one_that_is_over_goes_at_the_next_rotation() {
    let folder = tempfile::tempdir().unwrap();
    let settings = within(&folder, JwtAlgorithm::Es256);
    let running = open(&settings, at(0));
    rotate(&settings, Rotate::Jwt, &SystemRandom, at(0)).unwrap();
    running.look(&SystemRandom, at(1)).unwrap();
    assert_eq!(states(&running, at(1)), [KeyState::Announced(at(600)), KeyState::Signs]);
    assert_eq!(running.jwt.published(at(1)).len(), 2);
    assert_eq!(running.ring.ids().len(), 1, "the ring is another matter");
    let later = at(600 + 86_400 + 5);
    assert_eq!(states(&running, later), [KeyState::Signs, KeyState::Over]);
    rotate(&settings, Rotate::Jwt, &SystemRandom, later).unwrap();
    running.look(&SystemRandom, later).unwrap();
    assert_eq!(states(&running, later).len(), 2);
    let text = fs::read_to_string(key_file(&settings)).unwrap();
    assert_eq!(text.matches("BEGIN PRIVATE KEY").count(), 2);
    assert_eq!(text.matches("# signs from ").count(), 2);
}

#[test]
fn another_algorithm_adds_a_key_and_retires_the_others() {
    let folder = tempfile::tempdir().unwrap();
    open(&within(&folder, JwtAlgorithm::Es256), at(0));
    let settings = within(&folder, JwtAlgorithm::EdDsa);
    let keys = open(&settings, at(10));
    assert_eq!(states(&keys, at(10)), [KeyState::Signs, KeyState::Checks(Some(at(10 + 86_400 + 5)))]);
    let published = keys.jwt.published(at(10));
    assert!(matches!(published[0].numbers(), Some(PublicNumbers::Ed25519 { .. })));
    assert!(matches!(published[1].numbers(), Some(PublicNumbers::P256 { .. })));
}

#[test]
fn a_key_for_the_next_algorithm_is_announced_and_a_change_before_its_time_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let [hs256, es256] = [JwtAlgorithm::Hs256, JwtAlgorithm::Es256].map(|algorithm| within(&folder, algorithm));
    let running = open(&hs256, at(0));
    rotate(&hs256, Rotate::Announce(JwtAlgorithm::Es256), &SystemRandom, at(0)).unwrap();
    running.look(&SystemRandom, at(1)).unwrap();
    for keys in [&running, &Keys::view(&hs256, &SystemRandom, at(1)).unwrap()] {
        let announced = ("ES256", KeyState::Announced(at(600)));
        assert_eq!(algorithms(keys, at(1)), [("HS256", KeyState::Signs), announced]);
        assert_eq!(keys.jwt.published(at(1)).len(), 1);
        assert!(early(&keys.jwt, at(1)).is_none());
    }
    let changed = open(&es256, at(599));
    assert_eq!(algorithms(&changed, at(599))[0], ("ES256", KeyState::Signs));
    let told = early(&changed.jwt, at(599)).map(|(key, from)| (key.id(), from));
    assert_eq!(told, Some((running.jwt.published(at(1))[0].id(), at(600))));
    assert!(early(&changed.jwt, at(600)).is_none());
}

#[test]
fn what_is_configured_is_not_rotated_here() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = within(&folder, JwtAlgorithm::Hs256);
    let told = |settings: &Settings, which| rotate(settings, which, &SystemRandom, at(0)).unwrap_err().to_string();
    assert_eq!(
        told(&settings, Rotate::Jwt),
        "the HS256 key is derived from the key ring and rotates with it: use --ring"
    );
    settings.jwt.secret = Some(Secret::from("kq3Vw0rJm9Zt5yXc7Lf1Gh2Bn8Pd4Qs6"));
    assert_eq!(told(&settings, Rotate::Jwt), "the HS256 key is jwt.secret of the configuration: change it there");
    settings.keys.secret = settings.jwt.secret.clone();
    let ring = "the key ring is keys.secret of the configuration: change it there";
    assert_eq!((told(&settings, Rotate::Ring).as_str(), told(&settings, Rotate::All).as_str()), (ring, ring));
    assert!(files(&folder).iter().all(|name| name == "countersign.keys"));
}

#[test]
fn a_file_that_cannot_be_read_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let settings = within(&folder, JwtAlgorithm::Es256);
    let running = open(&settings, at(0));
    let kids =
        |keys: &Keys| keys.jwt.published(at(1)).iter().map(|key| key.kid().map(str::to_owned)).collect::<Vec<_>>();
    let before = kids(&running);
    fs::write(key_file(&settings), "half").unwrap();
    assert!(running.look(&SystemRandom, at(1)).is_err());
    assert_eq!(kids(&running), before);
}

/// The file without its keys, and with every other line: what is left when its owner takes them out.
fn without_blocks(text: &str) -> String {
    let mut is_inside = false;
    let kept = text.lines().filter(|line| {
        let was_inside = is_inside;
        is_inside = (is_inside || line.starts_with("-----BEGIN ")) && !line.starts_with("-----END ");
        !was_inside && !is_inside
    });
    kept.fold(String::new(), |text, line| text + line + "\n")
}

/// How many keys that are not over hold a signature of this one.
fn held(keys: &Keys, now: Timestamp, of: &JwtKey) -> usize {
    let token = of.sign(&"claims").unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let live = keys.jwt.states(now).into_iter().filter(|(_, state)| *state != KeyState::Over);
    live.filter(|(key, _)| key.holds(message, signature)).count()
}

#[test]
fn the_only_key_is_taken_out_and_a_running_server_knows_it_no_more_and_makes_another() {
    let folder = tempfile::tempdir().unwrap();
    let settings = within(&folder, JwtAlgorithm::Es256);
    let [running, other] = [0, 1].map(|second| open(&settings, at(second)));
    let (leaked, _) = running.jwt.states(at(1)).remove(0);
    assert_eq!(held(&running, at(1), &leaked), 1);
    let text = without_blocks(&fs::read_to_string(key_file(&settings)).unwrap());
    assert!(!text.contains("KEY") && text.contains("# ES256 signs since "), "{text}");
    fs::write(key_file(&settings), text).unwrap();
    for keys in [&running, &other] {
        assert!(keys.look(&SystemRandom, at(2)).unwrap(), "it was read again");
        assert_eq!((held(keys, at(2), &leaked), states(keys, at(2))), (0, vec![KeyState::Signs]));
    }
    let kid = |keys: &Keys| keys.jwt.published(at(2))[0].kid().unwrap().to_owned();
    assert_ne!(Some(kid(&running).as_str()), leaked.kid());
    assert_eq!((kid(&other), kid(&open(&settings, at(3)))), (kid(&running), kid(&running)), "all have the same one");
}

#[test]
fn the_only_imported_secret_is_taken_out_and_a_running_server_knows_it_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let settings = within(&folder, JwtAlgorithm::Hs256);
    let running = open(&settings, at(0));
    import(&settings, &with_secret(SECRET), None, at(100), &SystemRandom, at(1)).unwrap();
    running.look(&SystemRandom, at(2)).unwrap();
    let leaked = JwtKey::hs256(SECRET.as_bytes());
    assert_eq!(held(&running, at(2), &leaked), 1);
    let text = without_blocks(&fs::read_to_string(key_file(&settings)).unwrap());
    fs::write(key_file(&settings), text).unwrap();
    running.look(&SystemRandom, at(3)).unwrap();
    for keys in [running, open(&settings, at(4))] {
        assert_eq!((held(&keys, at(4), &leaked), states(&keys, at(4))), (0, vec![KeyState::Signs]));
    }
}

/// By `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`.
const OPENSSL_P256: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg16oDCQr8whd8UHiY
BNxQrAs1ALrN5AoT3/qGss1oRoyhRANCAASEK+HRQLCvxDGAA/4xkCbpPfn4gJcq
NVP60ZhD8H5q/glyRLfIgs/mcRnkjV6xcQyNgVe4LR9migrqawvcPhvt
-----END PRIVATE KEY-----
";
/// By `openssl pkey -pubout`, of RSA with 2048 bits.
const OPENSSL_RSA: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAv9lJSdzeYGERgpDiyqkv
WNVjWgBu2EUCGsrtH4J9GOMjKu0BuQi8ag4IdEmiAN+F8A0lh871agvJUQszlxdU
8LSabM286G0UARLFcPvQN8FI99imB879P4qm8jdwGHvegilJQSONSwmRRmw4X+4t
w2ZrQAwpoLpqq9avY91O+3sF5Lr2aAmGyzWovTnfM8HE86oW6sFnf/pz2Dsf4Tlb
g8YbJ4Z9Y3NAysROFQnlM3wLWaB87xY/gPCfNC5v9uz8GkB0/DW6JnEVTtYBPrRd
z3lO4uW/AxXkxSnUwXlDx41rVIaVeX5ebDxlEplsjzVau9SLBV5oDHwi5qw3Opbf
wQIDAQAB
-----END PUBLIC KEY-----
";

#[test]
fn keys_that_openssl_wrote_are_taken_and_a_public_one_only_checks() {
    let folder = tempfile::tempdir().unwrap();
    let settings = within(&folder, JwtAlgorithm::Es256);
    let text = format!("{OPENSSL_P256}# checks until 2026-01-02T12:00:10Z\n{OPENSSL_RSA}");
    fs::write(key_file(&settings), text).unwrap();
    fs::set_permissions(key_file(&settings), fs::Permissions::from_mode(0o600)).unwrap();
    let keys = open(&settings, at(0));
    assert_eq!(states(&keys, at(9)), [KeyState::Signs, KeyState::Checks(Some(at(10)))]);
    assert_eq!(states(&keys, at(10)), [KeyState::Signs, KeyState::Over]);
    let rsa = within(&folder, JwtAlgorithm::Rs256);
    assert_eq!(states(&open(&rsa, at(0)), at(0))[0], KeyState::Signs, "one that signs is made");
}

const SECRET: &str = "kq3Vw0rJm9Zt5yXc7Lf1Gh2Bn8Pd4Qs6";

fn algorithms(keys: &Keys, now: Timestamp) -> Vec<(&'static str, KeyState)> {
    keys.jwt.states(now).into_iter().map(|(key, state)| (key.algorithm().as_str(), state)).collect()
}

#[test]
fn an_algorithm_that_is_given_up_is_noted_and_its_keys_check_until_their_last_token_is_dead() {
    let folder = tempfile::tempdir().unwrap();
    let under = |algorithm, seconds| open(&within(&folder, algorithm), at(seconds));
    let last = |seconds: i64| KeyState::Checks(Some(at(seconds + 86_400 + 5)));
    assert_eq!(algorithms(&under(JwtAlgorithm::Hs256, 0), at(0)), [("HS256", KeyState::Signs)]);
    let es256 = under(JwtAlgorithm::Es256, 10);
    assert_eq!(algorithms(&es256, at(10)), [("ES256", KeyState::Signs), ("HS256", last(10))]);
    let hs256 = under(JwtAlgorithm::Hs256, 20);
    assert_eq!(algorithms(&hs256, at(20)), [("HS256", KeyState::Signs), ("ES256", last(20))]);
    let text = fs::read_to_string(key_file(&within(&folder, JwtAlgorithm::Es256))).unwrap();
    assert!(
        text.contains("# HS256 signs since 2026-01-02T12:00:20Z\n# ES256 signed until 2026-01-02T12:00:20Z\n"),
        "{text}"
    );
    // The key that is there signs again; a second look changes nothing.
    let back = under(JwtAlgorithm::Es256, 30);
    assert_eq!(algorithms(&back, at(30)), [("ES256", KeyState::Signs), ("HS256", last(30))]);
    assert_eq!(algorithms(&under(JwtAlgorithm::Es256, 40), at(40)), algorithms(&back, at(40)));
    assert_eq!(back.jwt.published(at(30))[0].kid(), es256.jwt.published(at(10))[0].kid());
}

#[test]
fn who_looks_or_still_runs_under_the_old_algorithm_notes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [hs256, es256] = [JwtAlgorithm::Hs256, JwtAlgorithm::Es256].map(|algorithm| within(&folder, algorithm));
    let old = open(&hs256, at(0));
    let new = open(&es256, at(10));
    let text = fs::read_to_string(key_file(&es256)).unwrap();
    old.look(&SystemRandom, at(11)).unwrap();
    Keys::view(&hs256, &SystemRandom, at(12)).unwrap();
    new.look(&SystemRandom, at(13)).unwrap();
    assert_eq!(fs::read_to_string(key_file(&es256)).unwrap(), text);
    // Each takes what the other signs.
    assert_eq!(algorithms(&old, at(14)), [("HS256", KeyState::Signs), ("ES256", KeyState::Checks(None))]);
    assert_eq!(algorithms(&new, at(14))[1], ("HS256", KeyState::Checks(Some(at(10 + 86_400 + 5)))));
}

#[test]
fn a_server_that_restarts_with_the_old_configuration_is_understood_by_the_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let [hs256, es256] = [JwtAlgorithm::Hs256, JwtAlgorithm::Es256].map(|algorithm| within(&folder, algorithm));
    open(&hs256, at(0));
    let new = open(&es256, at(10));
    let old = open(&hs256, at(20));
    new.look(&SystemRandom, at(21)).unwrap();
    assert_eq!(algorithms(&new, at(21)), [("ES256", KeyState::Signs), ("HS256", KeyState::Checks(None))]);
    let [by_old, by_new] = [&old, &new].map(|keys| Arc::clone(&keys.jwt.states(at(21))[0].0));
    assert_eq!((held(&new, at(21), &by_old), held(&old, at(21), &by_new)), (1, 1));
    // When it gets the new configuration, too, the end is known again.
    open(&es256, at(30));
    new.look(&SystemRandom, at(31)).unwrap();
    assert_eq!(algorithms(&new, at(31))[1], ("HS256", KeyState::Checks(Some(at(30 + 86_400 + 5)))));
}

#[test]
fn where_the_ring_is_as_new_as_the_key_hs256_never_signed() {
    let folder = tempfile::tempdir().unwrap();
    for second in [0, 1] {
        let keys = open(&within(&folder, JwtAlgorithm::Rs256), at(second));
        assert_eq!(algorithms(&keys, at(second)), [("RS256", KeyState::Signs)]);
    }
}

#[test]
fn a_key_of_the_ring_that_is_younger_than_the_change_checks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    open(&within(&folder, JwtAlgorithm::Hs256), at(0));
    let settings = within(&folder, JwtAlgorithm::Es256);
    open(&settings, at(10));
    rotate(&settings, Rotate::Ring, &SystemRandom, at(20)).unwrap();
    let keys = open(&settings, at(10_000));
    assert_eq!(keys.ring.ids().len(), 2);
    let states = algorithms(&keys, at(10_000));
    assert_eq!(states, [("ES256", KeyState::Signs), ("HS256", KeyState::Checks(Some(at(10 + 86_400 + 5))))]);
}

fn with_secret(secret: &str) -> Import {
    Import::Secret(Secret::from(secret))
}

#[test]
fn keys_are_imported_to_check_until_their_end() {
    let folder = tempfile::tempdir().unwrap();
    let settings = within(&folder, JwtAlgorithm::Hs256);
    let running = open(&settings, at(0));
    let take = |what: &Import, until| import(&settings, what, None, until, &SystemRandom, at(1));
    let secret = take(&with_secret(SECRET), at(100)).unwrap();
    let public = take(&Import::Public(format!("Bag Attributes\n{OPENSSL_RSA}")), at(200)).unwrap();
    running.look(&SystemRandom, at(2)).unwrap();
    let ids = |keys: &Keys| keys.jwt.states(at(2)).iter().map(|(key, _)| key.id()).collect::<Vec<_>>();
    assert_eq!(ids(&running)[1..], [secret.clone(), public.clone()]);
    let checks = |until| KeyState::Checks(Some(at(until)));
    assert_eq!(
        algorithms(&running, at(2)),
        [("HS256", KeyState::Signs), ("HS256", checks(100)), ("RS256", checks(200))]
    );
    let mode = fs::metadata(key_file(&settings)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let theirs = JwtKey::hs256(SECRET.as_bytes());
    assert_eq!((held(&running, at(99), &theirs), held(&running, at(100), &theirs)), (1, 0));
    // The same again changes its end; what is over is taken away by the next one.
    assert_eq!(take(&with_secret(&format!("base64:{}", base64(SECRET))), at(300)).unwrap(), secret);
    assert_eq!(algorithms(&open(&settings, at(2)), at(2))[1..], [("RS256", checks(200)), ("HS256", checks(300))]);
    import(&settings, &with_secret(&SECRET.to_lowercase()), None, at(999), &SystemRandom, at(250)).unwrap();
    assert_eq!(algorithms(&open(&settings, at(250)), at(250))[1..], [("HS256", checks(300)), ("HS256", checks(999))]);
}

fn base64(text: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(text)
}

#[test]
fn what_is_no_key_to_check_with_is_not_imported_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let settings = within(&folder, JwtAlgorithm::Es256);
    open(&settings, at(0));
    let before = fs::read_to_string(key_file(&settings)).unwrap();
    let refused = |what: &Import, until: i64| {
        import(&settings, what, None, at(until), &SystemRandom, at(1)).unwrap_err().to_string()
    };
    let short = "a secret for HS256 has 32 bytes or more, and this one has 6";
    assert_eq!(refused(&with_secret("canary"), 100), short);
    let public = "this is a key of another algorithm or a certificate, and no secret for HS256";
    assert_eq!(refused(&with_secret(OPENSSL_RSA), 100), public);
    assert_eq!(refused(&with_secret(OPENSSL_P256), 100), public);
    assert_eq!(refused(&with_secret("base64:?"), 100), "that is not base64 behind \"base64:\"");
    assert_eq!(refused(&with_secret(SECRET), 1), "the end is in the past: nothing would be checked");
    for text in [
        OPENSSL_P256,
        SECRET,
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\n",
    ] {
        let told = refused(&Import::Public(text.to_owned()), 100);
        assert!(told.starts_with("that is no public key in PEM"), "{told}");
    }
    assert_eq!(fs::read_to_string(key_file(&settings)).unwrap(), before);
}

#[test]
fn a_secret_in_the_file_has_an_end_and_32_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let settings = within(&folder, JwtAlgorithm::Hs256);
    let block =
        |secret: &str| format!("-----BEGIN HS256 SECRET-----\n{}\n-----END HS256 SECRET-----\n", base64(secret));
    let until = "# checks until 2026-01-02T12:00:10Z\n";
    for (text, line, reason) in [
        (block(SECRET), 1, "a secret that only checks needs an end: put `# checks until` with a moment before it"),
        (until.to_owned() + &block("canary"), 2, "a secret for HS256 has 32 bytes or more, and this one has 6"),
        (
            until.to_owned() + &block(OPENSSL_RSA),
            2,
            "this is a key of another algorithm or a certificate, and no secret for HS256",
        ),
    ] {
        fs::write(key_file(&settings), text).unwrap();
        fs::set_permissions(key_file(&settings), fs::Permissions::from_mode(0o600)).unwrap();
        let told = refused(&settings);
        assert!(told.ends_with(&format!("countersign.jwt.pem is refused at line {line}: {reason}")), "{told}");
    }
}
