//! Cookie tossing: a neighbour (another host of the domain, another path, a page on plain HTTP) plants cookies of the
//! names that the server reads. Nobody ever acts for the neighbour, and what the neighbour made up opens nothing.

use countersign::config::{Settings, Sources};
use countersign_tests::{Server, server::settings};
use serde_json::json;

use crate::{
    common::{Browser, FRONT_END, MISMATCH, PASSWORD, UNAUTHENTICATED, add_ada, cookies, registration, with_ada},
    mailed::ADA,
};

const SESSION: &str = "laravel-session";
const CSRF: &str = "XSRF-TOKEN";
const DEVICE: &str = "remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d";

/// Somebody else who is logged in.
fn neighbour(server: &Server) -> Browser {
    let mut neighbour = Browser::ready(server);
    assert_eq!(neighbour.post("/api/register", registration("eve@example.org")).whole(), (204, ""));
    neighbour
}

#[test]
fn of_two_session_cookies_none_counts_in_whatever_order() {
    let server = with_ada();
    let (victim, eve) = (Browser::of_ada(&server), neighbour(&server));
    let (own, planted) = (&victim.cookies[SESSION], &eve.cookies[SESSION]);
    let anonymous = &Browser::ready(&server).cookies[SESSION];
    for (first, second) in [(own, planted), (planted, own), (own, anonymous), (anonymous, own)] {
        let both = format!("{SESSION}={first}; {SESSION}={second}");
        let page = Browser::new(&server).anon;
        for page in [
            page.with("Cookie", &both),
            page.with("Cookie", &format!("{SESSION}={first}")).with("Cookie", &format!("{SESSION}={second}")),
        ] {
            assert_eq!(page.get("/api/user").whole(), (401, UNAUTHENTICATED));
            assert_eq!(page.get("/meta/api-token").whole(), (401, UNAUTHENTICATED));
            for token in [&victim.cookies[CSRF], &eve.cookies[CSRF]] {
                let made = page.with("X-XSRF-TOKEN", token).post("/api/tokens/create", json!({"token_name": "x"}));
                assert_eq!(made.whole(), (419, MISMATCH));
                assert_eq!(page.with("X-XSRF-TOKEN", token).post("/logout", json!({})).whole(), (419, MISMATCH));
            }
        }
    }
    // The visit itself goes on.
    assert_eq!(victim.actor().get("/api/user").json()["email"], ADA);
}

#[test]
fn rubbish_and_older_cookies_of_the_same_visit_do_no_harm() {
    let server = with_ada();
    let mut victim = Browser::of_ada(&server);
    let older = victim.cookies[SESSION].clone();
    assert_eq!(victim.get("/api/user").status, 200);
    let own = &victim.cookies[SESSION];
    assert_ne!(&older, own);
    for other in [older.as_str(), "rubbish", "", "\"", "%00"] {
        for both in [format!("{SESSION}={own}; {SESSION}={other}"), format!("{SESSION}={other}; {SESSION}={own}")] {
            let page = Browser::new(&server).anon.with("Cookie", &both);
            assert_eq!(page.get("/api/user").json()["email"], ADA, "{other}");
            let made =
                page.with("X-XSRF-TOKEN", &victim.cookies[CSRF]).post("/api/tokens/create", json!({"token_name": "x"}));
            assert_eq!(made.status, 200, "{other}");
        }
    }
}

#[test]
fn another_spelling_of_a_name_is_another_name() {
    let server = with_ada();
    let eve = neighbour(&server);
    let planted = &eve.cookies[SESSION];
    for name in [
        "%6caravel-session",
        "laravel%2dsession",
        "Laravel-Session",
        "laravel_session",
        "laravel-session ",
        "x; laravel-sessions",
    ] {
        let page = Browser::new(&server).anon.with("Cookie", &format!("{name}={planted}"));
        assert_eq!(page.get("/api/user").whole(), (401, UNAUTHENTICATED), "{name}");
    }
    // Nor does a cookie of somebody else's, of whatever bytes, hide the own one.
    let head = format!(
        "GET /api/user HTTP/1.1\r\nHost: x\r\nOrigin: {FRONT_END}\r\nAccept: application/json\r\nConnection: close\r\n"
    );
    for other in [b"a=\xff\xfe".as_slice(), b"a", b"=", b"a=%ff", b"a=\"", b";;"] {
        let cookie = [b"Cookie: ", other, format!("; {SESSION}={planted}\r\n\r\n").as_bytes()].concat();
        let answer = server.raw(&[head.as_bytes(), &cookie].concat());
        assert!(answer.starts_with("HTTP/1.1 200 "), "{}: {answer}", String::from_utf8_lossy(other));
    }
}

#[test]
fn a_planted_csrf_token_with_an_equal_header_is_forged() {
    let server = with_ada();
    let (victim, eve) = (Browser::of_ada(&server), neighbour(&server));
    let unissued = server.owner.realm().keys().seal("laravel-csrf", "x", server.owner.realm().random());
    for token in ["x", eve.cookies[CSRF].as_str(), &unissued, victim.cookies[SESSION].as_str()] {
        let mut tossed = Browser { anon: victim.anon.clone(), cookies: victim.cookies.clone() };
        tossed.cookies.insert(CSRF.to_owned(), token.to_owned());
        assert_eq!(tossed.actor().post("/logout", json!({})).whole(), (419, MISMATCH), "{token}");
        let plain = tossed.cookies_only().with("X-CSRF-TOKEN", token);
        assert_eq!(plain.post("/logout", json!({})).whole(), (419, MISMATCH), "{token}");
        // Two of them, and a header that equals either.
        let both = format!("{CSRF}={}; {CSRF}={token}; {SESSION}={}", victim.cookies[CSRF], victim.cookies[SESSION]);
        let page = victim.anon.with("Cookie", &both).with("X-XSRF-TOKEN", token);
        assert_eq!(page.post("/logout", json!({})).whole(), (419, MISMATCH), "{token}");
    }
    assert_eq!(victim.actor().get("/api/user").status, 200);
}

#[test]
fn of_two_remembered_devices_none_is_remembered() {
    let server = with_ada();
    let remembered = |email: &str| {
        let mut browser = Browser::ready(&server);
        let login = json!({"email": email, "password": PASSWORD, "remember": true});
        assert_eq!(browser.post("/login", login).whole(), (204, ""));
        browser.cookies[DEVICE].clone()
    };
    neighbour(&server);
    let (own, planted) = (remembered(ADA), remembered("eve@example.org"));
    for (first, second) in [(&own, &planted), (&planted, &own)] {
        let page = Browser::new(&server).anon.with("Cookie", &format!("{DEVICE}={first}; {DEVICE}={second}"));
        assert_eq!(page.get("/api/user").whole(), (401, UNAUTHENTICATED));
    }
    let twice = Browser::new(&server).anon.with("Cookie", &format!("{DEVICE}={own}; {DEVICE}={own}"));
    assert_eq!(twice.get("/api/user").json()["email"], ADA);
    // A session goes before a device, whoever planted it.
    let victim = Browser::of_ada(&server);
    let page = victim.anon.with("Cookie", &format!("{DEVICE}={planted}; {SESSION}={}", victim.cookies[SESSION]));
    assert_eq!(page.get("/api/user").json()["email"], ADA);
}

#[test]
fn the_prefix_of_the_session_cookie_protects_every_cookie_that_opens_a_session() {
    for (prefix, base) in [("__Host-", "http://127.0.0.1:8000"), ("__Secure-", "https://auth.example.org")] {
        let server = Server::with(&format!(
            "front_ends = [\"{FRONT_END}\"]\n[server]\nbase_url = \"{base}\"\n[[mount]]\nadapter = \"sanctum_spa\"\n\
             session_cookie = \"{prefix}sid\"\n"
        ));
        add_ada(&server);
        let mut browser = Browser::ready(&server);
        let login = browser.post("/login", json!({"email": ADA, "password": PASSWORD, "remember": true}));
        assert_eq!(login.whole(), (204, ""));
        assert_eq!(
            cookies(&login),
            [
                "XSRF-TOKEN= expires=Fri, 02 Jan 2026 14:00:00 GMT; Max-Age=7200; path=/; secure; samesite=lax"
                    .to_owned(),
                format!(
                    "{prefix}sid= expires=Fri, 02 Jan 2026 14:00:00 GMT; Max-Age=7200; path=/; secure; httponly; samesite=lax"
                ),
                format!(
                    "{prefix}{DEVICE}= expires=Sat, 06 Feb 2027 12:00:00 GMT; Max-Age=34560000; path=/; secure; httponly; samesite=lax"
                ),
            ]
        );
        assert_eq!(browser.get("/api/user").status, 200);
        let session = &browser.cookies[&format!("{prefix}sid")];
        let device = &browser.cookies[&format!("{prefix}{DEVICE}")];
        let encoded = prefix.replacen("__", "__%", 1).replace("%H", "%48").replace("%S", "%53");
        for planted in [
            format!("sid={session}"),
            format!("{encoded}sid={session}"),
            format!("{DEVICE}={device}"),
            format!("{encoded}{DEVICE}={device}"),
        ] {
            let page = Browser::new(&server).anon.with("Cookie", &planted);
            assert_eq!(page.get("/api/user").whole(), (401, UNAUTHENTICATED), "{planted}");
        }
    }
}

#[test]
fn a_prefix_that_browsers_would_not_take_is_refused_at_the_start() {
    let problems = |options: &str| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("countersign.toml");
        std::fs::write(&file, format!("[[mount]]\nadapter = \"sanctum_spa\"\n{options}\n")).unwrap();
        Settings::load(&Sources { file: Some(file), ..Sources::default() }).map(drop).map_err(|error| error.to_string())
    };
    let secure = "secure_cookies: false leaves browsers without the cookie of the name in `session_cookie`, which they take \
                  over TLS only";
    let domain = "cookie_domain: \"example.org\" leaves browsers without the cookie of the name in `session_cookie`, which \
                  they take without a domain only";
    for (options, expected) in [
        ("session_cookie = \"__Host-sid\"\ncookie_domain = \"example.org\"", domain),
        ("session_cookie = \"__HOST-sid\"\nsecure_cookies = false", secure),
        ("session_cookie = \"__Secure-sid\"\nsecure_cookies = false", secure),
    ] {
        assert!(problems(options).unwrap_err().ends_with(expected), "{options}: {:?}", problems(options));
    }
    for options in [
        "session_cookie = \"__Host-sid\"\nsecure_cookies = true",
        "session_cookie = \"__Secure-sid\"\ncookie_domain = \"example.org\"",
        "cookie_domain = \"example.org\"\nsecure_cookies = false",
    ] {
        assert_eq!(problems(options), Ok(()), "{options}");
    }
    assert_eq!(settings("").mounts.len(), countersign_adapters::ALL.len());
}
