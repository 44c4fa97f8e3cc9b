//! What is issued is kept nowhere in clear: not in any byte of the database's files, not in any line of the log.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

use std::{fmt::Write as _, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign_tests::{
    Actor, Answer, Mailbox,
    program::{Running, Sandbox},
    sandbox,
};
use serde_json::json;

/// Two passwords that occur nowhere else.
const PASSWORD: &str = "canary-Zx9-quokka-77";
const OTHER_PASSWORD: &str = "canary-Wy8-numbat-66";

/// A secret and where it came from.
type Secret = (String, String);

/// Where a secret was found, and how it was written.
fn occurrences(haystack: &[u8], (what, secret): &Secret) -> Vec<String> {
    let mut hex = String::new();
    secret.bytes().for_each(|byte| write!(hex, "{byte:02x}").unwrap());
    // Without the last characters, which depend on what follows in a longer text.
    let base64 = STANDARD.encode(&secret[..secret.len() / 3 * 3]);
    let mut written = vec![secret.clone(), hex.to_uppercase(), hex.clone(), base64];
    // Tokens that are hex or base64 themselves could be kept as the bytes that they stand for.
    let bytes: Option<Vec<u8>> =
        (0..secret.len() / 2).map(|i| u8::from_str_radix(secret.get(2 * i..2 * i + 2)?, 16).ok()).collect();
    let is_in = |needle: &[u8]| haystack.windows(needle.len()).any(|window| window == needle);
    written.retain(|written| is_in(written.as_bytes()));
    if bytes.is_some_and(|bytes| bytes.len() >= 16 && is_in(&bytes)) {
        written.push("raw bytes".to_owned());
    }
    written.into_iter().map(|form| format!("{what} as {form:?}")).collect()
}

fn cookie(answer: &Answer, name: &str) -> String {
    let pair = answer.header_all("set-cookie").into_iter().find_map(|line| line.strip_prefix(&format!("{name}=")));
    pair.unwrap_or_else(|| panic!("no cookie {name}")).split(';').next().unwrap().to_owned()
}

/// A page of the front end: its cookies, and the CSRF token that it sends back.
struct Page {
    session: String,
    csrf: String,
}

impl Page {
    fn of(answer: &Answer) -> Self {
        Self { session: cookie(answer, "laravel-session"), csrf: cookie(answer, "XSRF-TOKEN") }
    }

    fn actor(&self, server: &Running) -> Actor {
        let cookies = format!("laravel-session={}; XSRF-TOKEN={}", self.session, self.csrf);
        let page = server.anon().wants_json().with("Origin", "http://localhost:3000");
        page.with("Cookie", &cookies).with("X-XSRF-TOKEN", &self.csrf)
    }

    fn secrets(&self, when: &str) -> [Secret; 2] {
        [(format!("session {when}"), self.session.clone()), (format!("CSRF token {when}"), self.csrf.clone())]
    }
}

/// The MAC of the link in the last mail to this address, of `count`.
fn mailed(mailbox: &Mailbox, address: &str, count: usize) -> String {
    let mails = mailbox.wait_for(address, count);
    mails[count - 1].links[0].rsplit_once('-').unwrap().1.to_owned()
}

/// Has links mailed, uses them, and returns them: one that was used up, one that was not, and what came with them.
fn links(mailbox: &Mailbox, anon: &Actor, token: &str) -> Vec<Secret> {
    const ADDRESS: &str = "ada@example.org";
    let mut found = Vec::new();
    let mut ask = |path: &str, count: usize| {
        assert_eq!(anon.post(path, json!({"email": ADDRESS})).whole(), (204, ""));
        found.push((format!("link of {path}"), mailed(mailbox, ADDRESS, count)));
        mailbox.wait_for(ADDRESS, count)[count - 1].links[0].rsplit('/').next().unwrap().to_owned()
    };
    let unused = ask("/auth/users/reset_username/", 1);
    let link = ask("/auth/users/reset_password/", 2);
    let ada = anon.with("Authorization", &format!("Token {token}"));
    let confirm = "/auth/users/reset_password_confirm/";
    for (actor, path, body, status) in [
        (anon, confirm, json!({"uid": "MQ", "token": link, "new_password": "canary"}), 400),
        (anon, confirm, json!({"uid": "Mg", "token": link, "new_password": OTHER_PASSWORD}), 400),
        (anon, "/auth/users/activation/", json!({"uid": "MQ", "token": unused}), 403),
        (anon, "/auth/users/activation/", json!({"uid": "MQ", "token": {"of": link}}), 400),
        (anon, "/auth/users/resend_activation/", json!({"email": PASSWORD}), 400),
        (&ada, "/auth/users/set_username/", json!({"new_username": "bob", "current_password": PASSWORD}), 400),
        (&ada, "/auth/users/set_username/", json!({"new_username": "eve", "current_password": OTHER_PASSWORD}), 400),
        (anon, confirm, json!({"uid": "MQ", "token": link, "new_password": OTHER_PASSWORD}), 204),
        (anon, confirm, json!({"uid": "MQ", "token": link, "new_password": PASSWORD}), 400),
    ] {
        assert_eq!(actor.post(path, body.clone()).status, status, "{path} {body}");
    }
    found
}

/// Logs in to the SPA with the password that [`links`] has set, so that the device is remembered, has the links of its mails sent and uses them, and sends what is
/// refused; returns what was issued.
fn laravel(server: &Running, mailbox: &Mailbox) -> Vec<Secret> {
    const ADDRESS: &str = "ada@example.org";
    const DEVICE: &str = "remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d";
    let page = server.anon().wants_json().with("Origin", "http://localhost:3000");
    let visit = || Page::of(&page.get("/sanctum/csrf-cookie"));
    let link = |count: usize| mailbox.wait_for(ADDRESS, count)[count - 1].links[0].clone();
    let sent = mailbox.wait_for(ADDRESS, 1).len();
    let mut found = Vec::new();

    let answer =
        visit().actor(server).post("/login", json!({"email": ADDRESS, "password": OTHER_PASSWORD, "remember": true}));
    assert_eq!(answer.whole(), (204, ""));
    let (device, inside) = (cookie(&answer, DEVICE), Page::of(&answer));
    let alone = page.with("Cookie", &format!("{DEVICE}={device}"));
    let recalled = Page::of(&alone.get("/api/user"));
    found.push(("remembered device".to_owned(), device));
    found.extend(recalled.secrets("of the device"));

    assert_eq!(inside.actor(server).post("/email/verification-notification", json!({})).status, 200);
    let (_, local) =
        link(sent + 1).split_once("/verify-email").map(|(a, b)| (a.to_owned(), format!("/verify-email{b}"))).unwrap();
    let signature = local.rsplit_once("signature=").unwrap().1.to_owned();
    for (path, status) in [(format!("{local}x"), 403), (local, 302)] {
        assert_eq!(inside.actor(server).get(&path).status, status, "{path}");
    }
    found.push(("signature of a link".to_owned(), signature));

    // Whatever a 419 says in the log, it is none of the tokens.
    let other = visit();
    let cookies = format!("laravel-session={}; XSRF-TOKEN={}", inside.session, other.csrf);
    let forged = page.with("Cookie", &cookies);
    for actor in [
        forged.clone(),
        forged.with("X-XSRF-TOKEN", &other.csrf),
        forged.with("X-CSRF-TOKEN", &inside.csrf),
        page.with("X-XSRF-TOKEN", &inside.csrf),
    ] {
        assert_eq!(actor.post("/logout", json!({"_token": other.session})).status, 419);
    }
    // Nor is what contradicts itself.
    let both =
        page.with("Cookie", &format!("laravel-session={}; laravel-session={}", inside.session, recalled.session));
    assert_eq!(both.get("/api/user").status, 401);
    found.extend(inside.secrets("inside"));
    found.extend(other.secrets("of another page"));

    assert_eq!(visit().actor(server).post("/forgot-password", json!({"email": ADDRESS})).status, 200);
    let token = link(sent + 2).split_once("/password-reset/").unwrap().1.split_once('?').unwrap().0.to_owned();
    for (token, status) in [(format!("{token}0"), 422), (token.clone(), 200), (token.clone(), 422)] {
        let reset = json!({"email": ADDRESS, "token": token, "password": PASSWORD, "password_confirmation": PASSWORD});
        assert_eq!(visit().actor(server).post("/reset-password", reset).status, status, "{token}");
    }
    found.push(("link to a new password".to_owned(), token));
    found
}

/// Sends each secret where none belongs: in the address, in a form, in a header or cookie of no use.
fn in_addresses(server: &Running, secrets: &[Secret]) {
    let anon = server.anon();
    for (what, secret) in secrets {
        for path in ["/api/user", "/auth/me", "/auth/users", "/ws", "/login"] {
            let answers = [
                anon.get(&format!(
                    "{path}?token={secret}&access_token={secret}&email=ada@example.org&password={secret}"
                )),
                anon.get(&format!("{path}/{secret}")),
                anon.with("Cookie", &format!("token={secret}")).with("X-Api-Key", secret).get(path),
                anon.send("POST", path, Some("application/x-www-form-urlencoded"), &format!("access_token={secret}")),
                anon.with("Referer", &format!("http://localhost:3000/?token={secret}")).post(path, json!({})),
            ];
            for answer in answers {
                assert!((300..500).contains(&answer.status), "{path} {what}: {answer:?}");
            }
        }
    }
}

/// Uses every surface of the server once and returns every secret that was sent or received.
fn everything(sandbox: &Sandbox, server: &Running, mailbox: &Mailbox) -> Vec<Secret> {
    let mut secrets =
        vec![("password".to_owned(), PASSWORD.to_owned()), ("other password".to_owned(), OTHER_PASSWORD.to_owned())];
    let mut keep = |what: &str, secret: String| {
        // Of `id|secret` the id is no secret; of a JWT everything before the signature is known anyway.
        let secret = secret.split_once('|').map_or(secret.clone(), |(_, secret)| secret.to_owned());
        let secret = secret.rsplit_once('.').map_or(secret.clone(), |(_, signature)| signature.to_owned());
        assert!(secret.len() >= 20, "{what}: {secret}");
        secrets.push((what.to_owned(), secret));
    };
    let anon = server.anon().wants_json();
    let good = |answer: Answer| {
        assert!((200..300).contains(&answer.status), "{:?}", answer.whole());
        answer
    };
    good(anon.post("/auth/users/", json!({"username": "ada", "email": "ada@example.org", "password": PASSWORD})));
    good(anon.post("/register", json!({"login": "bob", "password": PASSWORD})));
    keep("minimal token", good(anon.post("/auth", json!({"login": "ada", "password": PASSWORD}))).text("token"));
    let djoser =
        || good(anon.post("/auth/token/login/", json!({"username": "ada", "password": PASSWORD}))).text("auth_token");
    let first = djoser();
    assert_eq!(first, djoser(), "the same token at each login");
    keep("djoser token", first.clone());
    let hotel = good(anon.post("/auth/login", json!({"identifier": "ada", "password": PASSWORD})));
    keep("access token", hotel.text("access_token"));
    keep("refresh token", hotel.text("refresh_token"));
    let refreshed = good(anon.post("/auth/refresh", json!({"refresh_token": hotel.text("refresh_token")})));
    keep("refreshed access token", refreshed.text("access_token"));
    let simple = good(anon.post("/auth/jwt/create/", json!({"username": "ada", "password": PASSWORD})));
    good(server.bearer(&simple.text("access")).get("/auth/users/me/"));
    let made = good(anon.post("/auth/jwt/refresh/", json!({"refresh": simple.text("refresh")})));
    keep("simplejwt's access token", simple.text("access"));
    keep("simplejwt's refresh token", simple.text("refresh"));
    keep("simplejwt's next access token", made.text("access"));
    let sanctum =
        good(anon.post("/api/auth/token", json!({"email": "ada@example.org", "password": PASSWORD}))).text("token");
    good(server.bearer(&sanctum).wants_json().get("/api/user"));
    keep("sanctum token", sanctum);
    let printed = sandbox.done(&["token", "issue", "ada", "--name", "ci", "--ability", "tokens:rotate"]);
    let rotate = json!({"email": "ada@example.org", "reason": "course_purchase"});
    good(server.bearer(printed.trim()).wants_json().post("/api/auth/token/rotate", rotate));
    keep("printed token", printed.trim().to_owned());

    let visit = Page::of(&good(anon.with("Origin", "http://localhost:3000").get("/sanctum/csrf-cookie")));
    let login = good(visit.actor(server).post("/login", json!({"email": "ada@example.org", "password": PASSWORD})));
    let page = Page::of(&login);
    let fragment = good(page.actor(server).get("/meta/api-token")).body;
    let api_token = fragment.split("content=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    keep("api-token", api_token);
    // What failed is no less a secret: people mistype by one key, or type the password as the name.
    assert_eq!(anon.post("/auth", json!({"login": "ada", "password": OTHER_PASSWORD})).status, 401);
    assert_eq!(anon.post("/auth/login", json!({"identifier": OTHER_PASSWORD, "password": "x"})).status, 422);
    anon.send(
        "POST",
        "/auth/login",
        Some("application/json"),
        &format!(r#"{{"identifier":"ada","password":"{OTHER_PASSWORD}"#),
    );
    anon.send(
        "POST",
        "/auth/users/",
        Some("application/json"),
        &format!(r#"{{"password":"{OTHER_PASSWORD}","password":"{OTHER_PASSWORD}"}}"#),
    );
    server.bearer(&format!("7|{OTHER_PASSWORD}")).wants_json().get("/api/user");
    anon.with("Authorization", &format!("Token {OTHER_PASSWORD}")).get("/auth/users/me/");
    server.bearer(OTHER_PASSWORD).get("/auth/me");
    good(visit.actor(server).get("/sanctum/csrf-cookie"));
    sandbox.done_with(OTHER_PASSWORD, &["user", "set-password", "bob", "--password-stdin"]);
    good(server.bearer(&refreshed.text("access_token")).post_empty("/auth/logout"));
    in_addresses(server, &secrets);
    secrets.extend(links(mailbox, &anon, &first));
    secrets.extend(laravel(server, mailbox));
    secrets.extend(visit.secrets("of the visit"));
    secrets.extend(page.secrets("of the login"));
    secrets
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())).collect()
}

#[test]
fn no_byte_of_the_database_holds_anything_that_was_issued() {
    let (sandbox, mailbox) = (sandbox!(), Mailbox::start());
    sandbox.write("countersign.toml", &mailbox.configuration());
    let mut server = sandbox.serve();
    let secrets = everything(&sandbox, &server, &mailbox);
    for when in ["while it runs", "after it stopped"] {
        let mut seen = 0;
        for (name, bytes) in files(sandbox.folder()).iter().filter(|(name, _)| name.starts_with("countersign.db")) {
            seen += bytes.len();
            let found: Vec<String> = secrets.iter().flat_map(|secret| occurrences(bytes, secret)).collect();
            assert!(found.is_empty(), "{name} {when}: {found:#?}");
        }
        assert!(seen > 10_000, "the database is where it was looked for");
        if when == "while it runs" {
            assert_eq!(server.stop(), 0);
        }
    }
}

#[test]
fn no_line_of_the_log_holds_a_secret_however_much_is_logged() {
    for format in ["text", "json"] {
        let (mut sandbox, mailbox) = (sandbox!(), Mailbox::start());
        sandbox.write("countersign.toml", &mailbox.configuration());
        sandbox.set("COUNTERSIGN__LOG__LEVEL", "trace");
        sandbox.set("COUNTERSIGN__LOG__FORMAT", format);
        sandbox.set("COUNTERSIGN__LOG__ACCESS", "stdout");
        let mut server = sandbox.serve();
        let secrets = everything(&sandbox, &server, &mailbox);
        assert_eq!(server.stop(), 0);
        let log = server.log();
        assert!(log.len() > 500, "trace logs something: {log}");
        let found: Vec<String> = secrets.iter().flat_map(|secret| occurrences(log.as_bytes(), secret)).collect();
        assert!(found.is_empty(), "{format}: {found:#?}");
        assert!(log.contains("/auth/users/reset_password_confirm/"), "the access log is in it");
    }
}

#[test]
fn the_dump_of_what_was_issued_finds_what_is_really_there() {
    // The search itself: a secret in each form is found, and one that is not there is not.
    let secret = ("x".to_owned(), "0123456789abcdef0123456789abcdef01234567".to_owned());
    let hex: String = secret.1.bytes().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let raw = (0..20).map(|i| u8::from_str_radix(&secret.1[2 * i..2 * i + 2], 16).unwrap()).collect::<Vec<u8>>();
    for hidden in [secret.1.clone().into_bytes(), hex.into_bytes(), STANDARD.encode(&secret.1).into_bytes(), raw] {
        assert!(!occurrences(&[b"before".as_slice(), &hidden, b"after"].concat(), &secret).is_empty());
    }
    assert!(occurrences(&[0; 4096], &secret).is_empty());
}
