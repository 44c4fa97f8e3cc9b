//! `countersign config` and `countersign openapi`, and configurations that no command takes.

use countersign_tests::{program::Ran, sandbox};
use serde_json::Value;

/// Not a placeholder and long enough, so that it is taken.
const KEY: &str = "kq3Vw0rJm9Zt5yXc7Lf1Gh2Bn8Pd4Qs6";

/// What `config check` says to this file.
fn check(configuration: &str) -> Ran {
    let sandbox = sandbox!();
    sandbox.write("countersign.toml", configuration);
    let ran = sandbox.run(&["config", "check"]);
    let others = std::fs::read_dir(sandbox.folder()).unwrap().count();
    assert_eq!(others, 1, "a check leaves nothing behind");
    ran
}

/// The complaints that it makes, without the name of the program.
fn complaints(configuration: &str) -> Vec<String> {
    let ran = check(configuration);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{configuration}");
    ran.stderr.lines().map(|line| line.strip_prefix("countersign: ").unwrap_or(line).to_owned()).collect()
}

#[test]
fn the_written_file_loads_and_is_the_default() {
    let mut sandbox = sandbox!();
    for name in
        ["PASSWORDS__MEMORY_KIB", "PASSWORDS__ITERATIONS", "PASSWORDS__FAILURE_FLOOR", "CACHE__POLL", "CACHE__BOUND"]
    {
        sandbox.unset(&format!("COUNTERSIGN__{name}"));
    }
    let defaults = sandbox.done(&["config", "dump"]);
    assert_eq!(sandbox.done(&["config", "init", "--write", "countersign.toml"]), "wrote countersign.toml\n");
    assert_eq!(sandbox.done(&["config", "check"]), "countersign.toml and the environment are in order\n");
    assert_eq!(sandbox.done(&["config", "dump"]), defaults);
    let again = sandbox.run(&["config", "init", "--write", "countersign.toml"]);
    assert_eq!((again.code, again.stdout.as_str()), (1, ""));
    assert!(again.stderr.starts_with("countersign: countersign.toml: "), "{}", again.stderr);
}

#[test]
fn the_written_file_with_every_default_uncommented_is_the_default() {
    let sandbox = sandbox!();
    let defaults = sandbox.done(&["config", "dump"]);
    let setting = |line: &str| {
        line.strip_prefix('#')
            .is_some_and(|rest| rest.starts_with("[[") || rest.starts_with(|c: char| c.is_ascii_lowercase()))
    };
    let lines = sandbox.done(&["config", "init"]);
    let lines = lines.lines().filter(|line| !line.trim_end().ends_with('='));
    let bare: Vec<&str> = lines.map(|line| if setting(line) { &line[1..] } else { line }).collect();
    sandbox.write("countersign.toml", &bare.join("\n"));
    assert_eq!(sandbox.done(&["config", "dump"]), defaults);
}

#[test]
fn the_dump_is_a_configuration_itself_unless_secrets_are_masked() {
    let sandbox = sandbox!();
    let dump = sandbox.done(&["config", "dump"]);
    sandbox.write("countersign.toml", &dump);
    assert_eq!(sandbox.done(&["config", "dump"]), dump);
}

#[test]
fn secrets_are_masked_in_the_dump() {
    let mut sandbox = sandbox!();
    sandbox.write("countersign.toml", &format!("[keys]\nsecret = \"{KEY}-of-the-ring\"\n"));
    sandbox.set("COUNTERSIGN__JWT__SECRET", &format!("{KEY}-of-jwt"));
    sandbox.set("COUNTERSIGN__DATABASE__URL", "sqlite://x.db");
    let dump = sandbox.done(&["config", "dump"]);
    assert!(!dump.contains(KEY), "{dump}");
    assert_eq!(dump.lines().filter(|line| line.starts_with("secret = ")).count(), 2, "{dump}");
}

#[cfg(feature = "postgres")]
#[test]
fn the_password_of_the_database_is_masked_in_the_dump_and_in_refusals() {
    let mut sandbox = sandbox!();
    sandbox.set("COUNTERSIGN__DATABASE__URL", "postgres://owner:canary-Zx9@127.0.0.1:1/none");
    let dump = sandbox.done(&["config", "dump"]);
    assert!(!dump.contains("canary-Zx9") && dump.contains("owner"), "{dump}");
    let ran = sandbox.run(&["user", "list"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(!ran.stderr.contains("canary-Zx9"), "{}", ran.stderr);
}

#[test]
fn a_secret_is_read_from_its_file() {
    let sandbox = sandbox!();
    sandbox.write("key", &format!("{KEY}\n"));
    sandbox.write("countersign.toml", "[keys]\nsecret_file = \"key\"\n");
    sandbox.add("ada");
    assert!(!sandbox.path("countersign.keys").exists(), "no key is made where one is given");
    sandbox.write("countersign.toml", "[keys]\nsecret_file = \"missing\"\n");
    let ran = sandbox.run(&["user", "list"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("keys.secret_file") && ran.stderr.contains("missing"), "{}", ran.stderr);
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    let wrong = [
        ("[server]\nbinds = \"127.0.0.1:1\"", "server.binds", "bind"),
        ("[sever]\nbind = \"127.0.0.1:1\"", "sever", "server"),
        ("bind = \"127.0.0.1:1\"", "bind", "server.bind"),
        ("[[mount]]\nadapter = \"minmal\"", "mount[1].adapter", "minimal"),
        ("[[mount]]\nadapter = \"minimal\"\nprefx = \"/x\"", "mount[1].prefx", "prefix"),
        ("[database]\nurls = \"sqlite://x.db\"", "database.urls", "url"),
    ];
    for (configuration, key, near) in wrong {
        let complaints = complaints(configuration);
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints[0].starts_with(key) && complaints[0].contains(near), "{complaints:?}");
    }
}

#[test]
fn a_variable_that_is_no_setting_is_refused_by_its_name() {
    let mut sandbox = sandbox!();
    sandbox.set("COUNTERSIGN__SERVER__BINDS", "127.0.0.1:1");
    let ran = sandbox.run(&["config", "check"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("COUNTERSIGN__SERVER__BINDS"), "{}", ran.stderr);
}

#[test]
fn all_problems_are_told_at_once() {
    let complaints = complaints(
        "front_ends = [\"localhost\"]\n[server]\nbind = \"here\"\nbody_limit = 1\nbody_timeout = \"0s\"\n\
         [database]\nurl = \"mongodb://x\"\n[jwt]\nsecret = \"secret\"\nissuer = \"\"\nrefresh_ttl = \"1s\"\n\
         [[mount]]\nadapter = \"nothing\"\n",
    );
    let keys = [
        "front_ends",
        "server.bind",
        "server.body_limit",
        "server.body_timeout",
        "database.url",
        "jwt.secret",
        "jwt.issuer",
        "jwt.refresh_ttl",
        "mount[1].adapter",
    ];
    for key in keys {
        assert!(complaints.iter().any(|line| line.starts_with(key)), "{key}: {complaints:#?}");
    }
    assert_eq!(complaints.len(), keys.len(), "{complaints:#?}");
}

#[test]
fn what_cannot_be_mounted_is_told_with_everything_else() {
    let complaints = complaints(
        "[server]\nbind = \"here\"\n[[mount]]\nadapter = \"nothing\"\n[[mount]]\nadapter = \"minimal\"\n\
         prefix = \"/docs\"\n[[mount]]\nadapter = \"hotel\"\nstrategy = \"djoser_token\"\n[[mount]]\n\
         adapter = \"djoser\"\n[[mount]]\nadapter = \"djoser\"\nprefix = \"here\"\n",
    );
    for start in ["server.bind", "mount[1].adapter", "mount[2].prefix", "mount[3].strategy", "mount[5].prefix"] {
        assert!(complaints.iter().any(|line| line.starts_with(start)), "{start}: {complaints:#?}");
    }
    // What is said of the wrong ones is said once: the place that they would have by default claims nothing.
    assert!(!complaints.iter().any(|line| line.starts_with("mount[4]")), "{complaints:#?}");
    assert_eq!(complaints.iter().filter(|line| line.starts_with("mount[5]")).count(), 1, "{complaints:#?}");
}

#[test]
fn weak_keys_are_refused_and_not_repeated() {
    for weak in ["short-canary", "changeme-canary-changeme-canary-changeme", &"canary".repeat(9), "base64:Y2FuYXJ5"] {
        for section in ["keys", "jwt"] {
            let complaints = complaints(&format!("[{section}]\nsecret = \"{weak}\""));
            assert_eq!(complaints.len(), 1, "{complaints:?}");
            assert!(complaints[0].starts_with(&format!("{section}.secret")), "{complaints:?}");
            assert!(!complaints[0].contains("canary") && !complaints[0].contains("Y2FuYXJ5"), "{complaints:?}");
        }
    }
}

#[test]
fn two_mounts_that_claim_one_path_are_refused_naming_both() {
    let complaints = complaints(
        "[[mount]]\nadapter = \"minimal\"\n[[mount]]\nadapter = \"minimal\"\n[[mount]]\nadapter = \"hotel\"",
    );
    assert_eq!(complaints.len(), 3, "{complaints:?}");
    for (line, path) in complaints.iter().zip(["POST /auth", "POST /register", "GET /ws"]) {
        assert!(line.starts_with("mount[2].prefix") && line.contains("minimal and minimal both claim"), "{line}");
        assert!(line.contains(path), "{line}");
    }
}

#[test]
fn an_adapter_may_be_mounted_twice_at_different_places() {
    let ran = check("[[mount]]\nadapter = \"sanctum\"\n[[mount]]\nadapter = \"sanctum\"\nprefix = \"/api\"");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}

#[test]
fn a_strategy_that_cannot_serve_a_wire_is_refused_with_the_reason() {
    let complaints = complaints("[[mount]]\nadapter = \"hotel\"\nstrategy = \"sanctum_pat\"");
    assert_eq!(
        complaints,
        ["mount[1].strategy: \"sanctum_pat\" cannot serve hotel: its login answers with a refresh token, which only \
          jwt_pair issues"]
    );
}

#[test]
fn a_refused_configuration_is_refused_by_every_command_that_uses_it() {
    let sandbox = sandbox!();
    sandbox.write("countersign.toml", "[server]\nbinds = \"x\"\n");
    let commands: [&[&str]; 5] =
        [&["serve"], &["migrate"], &["user", "list"], &["token", "prune"], &["config", "dump"]];
    for command in commands {
        let ran = sandbox.run(command);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{command:?}");
        assert!(ran.stderr.starts_with("countersign: server.binds"), "{command:?}: {}", ran.stderr);
    }
    assert_eq!(std::fs::read_dir(sandbox.folder()).unwrap().count(), 1, "nothing was made");
}

#[test]
fn a_file_that_is_named_must_be_there_and_be_toml() {
    let sandbox = sandbox!();
    let ran = sandbox.run(&["--config", "missing.toml", "config", "check"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.starts_with("countersign: missing.toml: cannot be read: "), "{}", ran.stderr);
    sandbox.write("broken.toml", "[server]\nbind = \n");
    let ran = sandbox.run(&["--config", "broken.toml", "config", "check"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("countersign: broken.toml: line 2 is not TOML: "), "{}", ran.stderr);
}

#[test]
fn documents_are_printed_and_written() {
    let sandbox = sandbox!();
    let whole: Value = serde_json::from_str(&sandbox.done(&["openapi"])).unwrap();
    assert!(whole["paths"]["/health/ready"].is_object());
    let hotel = sandbox.done(&["openapi", "hotel"]);
    let parsed: Value = serde_json::from_str(&hotel).unwrap();
    assert!(parsed["paths"]["/auth/login"].is_object());
    assert_eq!(sandbox.done(&["openapi", "hotel", "--write", "documents"]), "wrote documents/hotel.json\n");
    assert_eq!(std::fs::read_to_string(sandbox.path("documents/hotel.json")).unwrap(), hotel);
    let written = sandbox.done(&["openapi", "--write", "documents"]);
    assert!(written.contains("wrote documents/minimal.json\n"), "{written}");
    let ran = sandbox.run(&["openapi", "hotl"]);
    let refusal = "countersign: there is no adapter \"hotl\": did you mean hotel?\n";
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (1, "", refusal));
}
