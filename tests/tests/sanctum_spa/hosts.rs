//! Where mails and redirects lead: to the configured addresses, whatever a request says about hosts and pages.

use countersign_tests::{Actor, Server};
use serde_json::json;

use crate::{
    common::{Browser, FRONT_END, PASSWORD, with_ada},
    mailed::{ADA, Site},
};

const BASE: &str = "http://127.0.0.1:8000";
/// Where a visitor of [`Browser::ready`] was last.
const LAST: &str = "http://127.0.0.1:8000/sanctum/csrf-cookie";
const FORM: &str = "application/x-www-form-urlencoded";

/// Heads that name another host: what stands between the method and the version, and lines of the head.
fn heads(path: &str) -> Vec<(String, String)> {
    let lines = [
        "Host: evil.example",
        "Host: evil.example:8000",
        "Host: 127.0.0.1:8000@evil.example",
        "Host: 127.0.0.1:8000.evil.example",
        "Host: ",
        "Host: x\r\nX-Forwarded-Host: evil.example",
        "Host: x\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 444\r\nX-Forwarded-Prefix: /evil",
        "Host: x\r\nX-Forwarded-Proto: javascript",
        "Host: x\r\nForwarded: for=1.2.3.4;host=evil.example;proto=https",
        "Host: x\r\nX-Original-URL: /evil\r\nX-Rewrite-URL: /evil\r\nX-Host: evil.example\r\nX-Forwarded-Server: evil.example",
        "Host: x\r\nReferer: https://evil.example/\r\nX-Original-Host: evil.example",
    ];
    let mut heads: Vec<_> = lines.map(|line| (path.to_owned(), line.to_owned())).into();
    heads.push((format!("http://evil.example{path}"), "Host: evil.example".to_owned()));
    heads.push((format!("https://evil.example:444{path}"), "Host: 127.0.0.1:8000".to_owned()));
    heads
}

/// The answer to a request with this head, as it came.
fn raw(server: &Server, method: &str, (target, head): &(String, String), browser: &Browser, body: &str) -> String {
    let cookies: Vec<_> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let token = browser.cookies.get("XSRF-TOKEN").map(String::as_str).unwrap_or_default();
    let request = format!(
        "{method} {target} HTTP/1.1\r\n{head}\r\nCookie: {}\r\nX-XSRF-TOKEN: {token}\r\nConnection: close\r\nContent-Type: {FORM}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        cookies.join("; "),
        body.len(),
    );
    let answer = server.raw(request.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 "), "{target} {head}: {answer}");
    answer
}

/// Behind no proxy, and behind one that is believed.
fn sites() -> [Site; 2] {
    let limits = "verification_rate = \"1000/min\"\nverification_mail_rate = \"1000/min\"\n";
    [Site::with(limits), Site::with(&format!("{limits}[server]\ntrusted_proxies = [\"127.0.0.1\"]\n"))]
}

#[test]
fn the_links_of_mails_never_lead_where_a_request_says() {
    for site in sites() {
        let (server, mut count) = (&site.server, 0);
        let ada = Browser::of_ada(server);
        for head in heads("/forgot-password") {
            server.wait(chrono::TimeDelta::minutes(2));
            let answer = raw(server, "POST", &head, &site.browser(), "email=ada%40example.org");
            assert!(answer.starts_with("HTTP/1.1 200 "), "{head:?}: {answer}");
            count += 1;
            let link = site.link(count);
            assert!(link.starts_with("http://localhost:3000/password-reset/"), "{head:?}: {link}");
        }
        let mut ada = Browser { anon: ada.anon, cookies: ada.cookies };
        for head in heads("/email/verification-notification") {
            assert_eq!(ada.get("/api/user").status, 200);
            let answer = raw(server, "POST", &head, &ada, "");
            assert!(answer.starts_with("HTTP/1.1 200 "), "{head:?}: {answer}");
            count += 1;
            let link = site.link(count);
            assert!(link.starts_with(&format!("{BASE}/verify-email/1/")), "{head:?}: {link}");
        }
        for mail in site.mailbox.mails() {
            assert!(!mail.raw.contains("evil") && !mail.raw.contains("javascript"), "{}", mail.raw);
        }
    }
}

#[test]
fn redirects_never_lead_where_a_request_says() {
    for site in sites() {
        let server = &site.server;
        let mut ada = Browser::of_ada(server);
        assert_eq!(ada.post("/email/verification-notification", json!({})).status, 200);
        let link = site.link(1).strip_prefix(BASE).unwrap().to_owned();
        let visitor = site.browser();
        let wrong = "email=ada%40example.org&password=x";
        for (method, path, browser, body, expected) in [
            ("GET", "/api/user", &visitor, "", "http://127.0.0.1:8000/login"),
            ("GET", "/meta/api-token", &visitor, "", "http://127.0.0.1:8000/login"),
            ("GET", link.as_str(), &visitor, "", "http://127.0.0.1:8000/login"),
            ("POST", "/login", &visitor, wrong, LAST),
            ("POST", "/register", &visitor, "name=x", LAST),
            ("POST", "/forgot-password", &visitor, "email=x", LAST),
            ("POST", "/reset-password", &visitor, "email=x", LAST),
            ("POST", "/login", &ada, "", BASE),
            ("GET", link.as_str(), &ada, "", "http://localhost:3000/dashboard?verified=1"),
            ("POST", "/email/verification-notification", &ada, "", "http://127.0.0.1:8000/dashboard"),
        ] {
            for head in heads(path) {
                let answer = raw(server, method, &head, browser, body);
                assert!(answer.starts_with("HTTP/1.1 302 "), "{method} {head:?}: {answer}");
                let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
                assert_eq!(location, Some(expected), "{method} {head:?}");
                assert!(!answer.contains("evil"), "{method} {head:?}: {answer}");
            }
        }
    }
}

#[test]
fn of_two_hosts_none_is_believed() {
    let server = with_ada();
    for path in ["/api/user", "/sanctum/csrf-cookie", "/health/live", "/nothing", "/auth/me"] {
        for hosts in ["Host: a\r\nHost: b", "Host: a\r\nHost: a", "Host: a\r\nX: y\r\nhost: b"] {
            let answer = server.raw(format!("GET {path} HTTP/1.1\r\n{hosts}\r\nConnection: close\r\n\r\n").as_bytes());
            assert!(answer.starts_with("HTTP/1.1 400 "), "{path} {hosts:?}: {answer}");
            assert!(!answer.to_lowercase().contains("set-cookie"), "{path} {hosts:?}: {answer}");
        }
    }
}

/// Addresses that look like one of ours, or like none at all.
const PAGES: [&str; 34] = [
    "https://evil.example",
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https:/evil.example",
    "http:///evil.example",
    "/%09/evil.example",
    "http://localhost:3000@evil.example",
    "http://localhost:3000@evil.example/",
    "http://localhost:3000%40evil.example/",
    "http://localhost:3000:x@evil.example/",
    "http://localhost:3000\\@evil.example/",
    "http://localhost:3000.evil.example/",
    "http://localhost:3000%2eevil.example/",
    "http://localhost:30001/",
    "http://localhost/",
    "http://localhost.evil.example:3000/",
    "http://127.0.0.1:8000.evil.example/",
    "http://evil.example/http://localhost:3000/",
    "http://evil.example?http://localhost:3000/",
    "http://evil.example#http://localhost:3000/",
    "http://evil.example\\http://localhost:3000/",
    "http://[::1]:3000/",
    "javascript:alert(1)",
    "javascript://localhost:3000/%0aalert(1)",
    "data:text/html,localhost:3000",
    "ftp://localhost:3000/",
    "HTTP://EVIL.example/",
    "null",
    "*",
    "http://",
    "http://localhost:3000\t.evil.example/",
];

/// The `Location` of a refused form on a page of people's.
fn sent_back(actor: &Actor, path: &str) -> String {
    let answer = actor.with("Accept", "text/html").send("POST", path, Some(FORM), "email=nobody%40example.org");
    assert_eq!(answer.status, 302, "{path}");
    assert_eq!(answer.header_all("Location").len(), 1);
    let location = answer.header("Location").to_owned();
    // The page that comes along says the same address and no other.
    assert!(!answer.body.replace(&location, "").contains("://"), "{}", answer.body);
    location
}

#[test]
fn a_refused_form_is_sent_back_to_no_page_of_others() {
    let server = Server::start();
    let mut browser = Browser::ready(&server);
    browser.anon = server.anon();
    let long = format!("https://evil.example/{}", "x".repeat(8_000));
    for page in PAGES.iter().copied().chain([long.as_str()]) {
        for path in ["/login", "/api/register", "/forgot-password", "/reset-password"] {
            assert_eq!(sent_back(&browser.actor().with("Referer", page), path), LAST, "{path} {page}");
        }
        // Where there is no session, too.
        let answer = server.anon().with("Referer", page).send("POST", "/api/auth/token", Some(FORM), "email=x");
        assert_eq!((answer.status, answer.header("Location")), (302, BASE), "{page}");
    }
    // A front end to Sanctum, which does not compare schemes, and no page of ours.
    assert_eq!(sent_back(&browser.actor().with("Referer", "https://localhost:3000/"), "/login"), LAST);
    for page in [
        "http://localhost:3000",
        "http://localhost:3000/",
        "http://localhost:3000/a?next=https://evil.example",
        "http://127.0.0.1:8000/x",
        "http://localhost:3000/https://evil.example",
    ] {
        assert_eq!(sent_back(&browser.actor().with("Referer", page), "/login"), page);
    }
}

#[test]
fn no_field_and_no_query_says_where_to_go() {
    let server = with_ada();
    for field in [
        "redirect",
        "redirect_to",
        "redirect_uri",
        "next",
        "return_to",
        "return",
        "url",
        "intended",
        "callback",
        "back",
        "_previous",
    ] {
        for page in ["https://evil.example", "//evil.example", "javascript:alert(1)"] {
            let query = format!("{field}={page}");
            let form = format!("email=ada%40example.org&password={PASSWORD}&{query}");
            let html =
                |browser: Browser| Browser { anon: server.anon(), ..browser }.actor().with("Accept", "text/html");
            let to = |actor: &Actor, method: &str, path: &str, body: &str| {
                let answer = actor.send(method, &format!("{path}?{query}"), Some(FORM), body);
                (answer.status, answer.header("Location").to_owned())
            };
            let (guest, ada) = (html(Browser::ready(&server)), html(Browser::of_ada(&server)));
            assert_eq!(to(&guest, "GET", "/api/user", ""), (302, format!("{BASE}/login")), "{query}");
            assert_eq!(to(&guest, "GET", "/meta/api-token", ""), (302, format!("{BASE}/login")), "{query}");
            assert_eq!(to(&guest, "POST", "/forgot-password", &query), (302, LAST.to_owned()), "{query}");
            assert_eq!(to(&ada, "POST", "/login", &form), (302, BASE.to_owned()), "{query}");
            assert_eq!(to(&html(Browser::ready(&server)), "POST", "/login", &form), (204, String::new()), "{query}");
        }
    }
}

#[test]
fn the_last_page_is_one_of_ours_however_it_is_written() {
    let server = with_ada();
    for target in [
        "/verify-email/1/@evil.example",
        "/verify-email/@evil.example/x",
        "/verify-email/..%2f..%2f%2fevil.example/x",
        "/verify-email/1/%0d%0aLocation:%20https:%2f%2fevil.example",
        "/verify-email/1/x\"><script>",
        "http://evil.example/verify-email/1/x",
        "//evil.example/verify-email/1/x",
        "/api/user?next=https://evil.example",
        "*",
    ] {
        let mut browser = Browser::ready(&server);
        let head = (target.to_owned(), format!("Host: x\r\nOrigin: {FRONT_END}"));
        let answer = raw(&server, "GET", &head, &browser, "");
        for line in answer.lines().filter_map(|line| line.strip_prefix("set-cookie: ")) {
            let (name, rest) = line.split_once('=').unwrap();
            browser.cookies.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
        }
        browser.anon = server.anon();
        let refused = browser.actor().with("Accept", "text/html").send(
            "POST",
            "/login",
            Some(FORM),
            "email=nobody%40example.org",
        );
        let location = refused.header("Location");
        assert!(location == BASE || location.starts_with(&format!("{BASE}/")), "{target}: {location}");
        assert!(!refused.body.contains("<script>"), "{target}: {}", refused.body);
        assert!(!location.contains("evil.example/verify-email"), "{target}: {location}");
    }
    assert_eq!(Browser::of_ada(&server).get("/api/user").json()["email"], ADA);
}
