//! What is said of a request whose cookies or token do not fit: the reason on the wire, and the values in the log.

use countersign_core::{Registration, Secret};
use countersign_tests::{
    Actor, Server,
    program::{Running, Sandbox},
    sandbox,
};
use serde_json::json;

use crate::common::{FRONT_END, MISMATCH, UNAUTHENTICATED};

/// A listed front end under the other name of this machine, where the server is called `localhost`.
const OTHER_NAME: &str = "http://127.0.0.1:3000";

const CONFIGURATION: &str = "front_ends = [\"http://localhost:3000\", \"http://127.0.0.1:3000\", \
                             \"https://spa.vercel.app\"]\n[server]\nbase_url = \"http://localhost:8000\"\n\
                             [mail]\ntransport = \"file:mails\"\n";

/// A running server with these settings, and both cookies of somebody who asked for them.
fn running(configuration: &str) -> (Sandbox, Running, Cookies) {
    let sandbox = sandbox!();
    sandbox.write("countersign.toml", configuration);
    let server = sandbox.serve();
    let cookies = Cookies::of(&server);
    (sandbox, server, cookies)
}

struct Cookies {
    session: String,
    token: String,
}

impl Cookies {
    fn of(server: &Running) -> Self {
        let answer = server.anon().get("/sanctum/csrf-cookie");
        let value = |name: &str| {
            let cookies = answer.cookies();
            cookies.iter().find_map(|cookie| cookie.strip_prefix(&format!("{name}="))).unwrap().to_owned()
        };
        Self { session: value("laravel-session"), token: value("XSRF-TOKEN") }
    }

    fn both(&self) -> String {
        format!("XSRF-TOKEN={}; laravel-session={}", self.token, self.session)
    }
}

/// The value of `name` in a line of the log as text.
fn field(line: &str, name: &str) -> String {
    let (_, rest) = line.split_once(&format!(" {name}=")).unwrap_or_else(|| panic!("no {name}: {line}"));
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').unwrap().0.to_owned(),
        None => rest.split(' ').next().unwrap().to_owned(),
    }
}

/// The last line of the log with `message` in it.
fn last_line(server: &Running, message: &str) -> String {
    let log = server.log();
    log.lines().rfind(|line| line.contains(message)).unwrap_or_else(|| panic!("not logged: {log}")).to_owned()
}

/// A mistake as the server sees it.
struct Mistake {
    headers: Vec<(&'static str, String)>,
    reason: &'static str,
    cookies: &'static str,
    tokens: &'static str,
    advice: &'static str,
}

const BOTH: &str = "laravel-session, XSRF-TOKEN";

const SPA: (&str, &str) = ("Origin", FRONT_END);
const NEAR: (&str, &str) = ("Sec-Fetch-Site", "same-site");
const FAR: (&str, &str) = ("Sec-Fetch-Site", "cross-site");

fn row(
    headers: &[(&'static str, &str)],
    reason: &'static str,
    (cookies, tokens): (&'static str, &'static str),
    advice: &'static str,
) -> Mistake {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Mistake { headers, reason, cookies, tokens, advice }
}

/// What is wrong with pages and cookies, whatever the token.
fn mistakes_of_pages(ours: &Cookies) -> Vec<Mistake> {
    let both = ours.both();
    let both = ("Cookie", both.as_str());
    let elsewhere = "http://other.example:5173";
    vec![
        row(
            &[SPA, NEAR, ("X-XSRF-TOKEN", &ours.token)],
            "header_without_cookies",
            ("", "X-XSRF-TOKEN"),
            "the token came without its cookies: set withCredentials: true, or credentials: 'include' with fetch",
        ),
        row(
            &[("Origin", OTHER_NAME), FAR],
            "cross_site",
            ("", ""),
            "127.0.0.1 and localhost are two sites, and SameSite=Lax cookies stay home: use one name for both",
        ),
        // No browser: one would say so to this machine.
        row(
            &[("Origin", OTHER_NAME)],
            "no_cookies",
            ("", ""),
            "no cookie came back: was GET /sanctum/csrf-cookie called?",
        ),
        row(
            &[("Origin", "https://spa.vercel.app"), FAR],
            "cross_site",
            ("", ""),
            "spa.vercel.app and localhost are two sites, and SameSite=Lax cookies stay home: cookie login needs one \
             registrable domain, or use tokens",
        ),
        row(
            &[("Origin", "https://spa.vercel.app")],
            "cross_site",
            ("", ""),
            "spa.vercel.app and localhost are two sites, and SameSite=Lax cookies stay home: cookie login needs one \
             registrable domain, or use tokens",
        ),
        row(&[SPA, NEAR], "no_cookies", ("", ""), "no cookie came back: was GET /sanctum/csrf-cookie called?"),
        row(
            &[("Origin", "http://localhost:5173"), NEAR, both],
            "origin_not_stateful",
            (BOTH, ""),
            "localhost:5173 is not in front_ends (listed: localhost:3000, 127.0.0.1:3000, spa.vercel.app)",
        ),
        row(
            &[("Origin", elsewhere), FAR],
            "origin_not_stateful",
            ("", ""),
            "other.example:5173 is not in front_ends (listed: localhost:3000, 127.0.0.1:3000, spa.vercel.app); and \
             other.example and localhost are two sites, and SameSite=Lax cookies stay home: cookie login needs one \
             registrable domain, or use tokens",
        ),
        row(
            &[("Origin", "null"), both],
            "origin_not_stateful",
            (BOTH, ""),
            "null is not in front_ends (listed: localhost:3000, 127.0.0.1:3000, spa.vercel.app)",
        ),
    ]
}

/// What is wrong with the token of a page that sends its cookies.
fn mistakes_of_tokens(ours: &Cookies, other: &Cookies) -> Vec<Mistake> {
    let both = ours.both();
    let both = ("Cookie", both.as_str());
    let encoded = format!("{}%3D", ours.token);
    let decodable = format!("%{:02X}{}", ours.token.as_bytes()[0], &ours.token[1..]);
    let unknown = format!("laravel-session=rubbish; XSRF-TOKEN={}", ours.token);
    vec![
        row(
            &[SPA, NEAR, both],
            "header_missing",
            (BOTH, ""),
            "the cookies came without X-XSRF-TOKEN: axios 1.6 and later need withXSRFToken: true for another origin",
        ),
        row(
            &[SPA, NEAR, both, ("X-XSRF-TOKEN", &encoded)],
            "header_url_encoded",
            (BOTH, "X-XSRF-TOKEN"),
            "decode the cookie: X-XSRF-TOKEN takes decodeURIComponent of XSRF-TOKEN",
        ),
        // Laravel decodes no header, even if it would be right then.
        row(
            &[SPA, NEAR, both, ("X-XSRF-TOKEN", &decodable)],
            "header_url_encoded",
            (BOTH, "X-XSRF-TOKEN"),
            "decode the cookie: X-XSRF-TOKEN takes decodeURIComponent of XSRF-TOKEN",
        ),
        row(
            &[SPA, NEAR, both, ("X-XSRF-TOKEN", &other.token)],
            "token_stale",
            (BOTH, "X-XSRF-TOKEN"),
            "the token is of another session or from before a login: call GET /sanctum/csrf-cookie again and retry once",
        ),
        row(
            &[SPA, NEAR, both, ("X-CSRF-TOKEN", "x")],
            "token_stale",
            (BOTH, "X-CSRF-TOKEN"),
            "the token is of another session or from before a login: call GET /sanctum/csrf-cookie again and retry once",
        ),
        row(
            &[SPA, NEAR, ("Cookie", &unknown), ("X-XSRF-TOKEN", &ours.token)],
            "session_unknown",
            (BOTH, "X-XSRF-TOKEN"),
            "the session has ended, or another server began it: call GET /sanctum/csrf-cookie again and retry once",
        ),
    ]
}

fn with(actor: &Actor, headers: &[(&'static str, String)]) -> Actor {
    headers.iter().fold(actor.clone(), |actor, (name, value)| actor.with(name, value))
}

#[test]
fn each_mistake_has_its_reason_and_the_log_has_what_was_compared() {
    let (_sandbox, server, ours) = running(CONFIGURATION);
    let other = Cookies::of(&server);
    let anybody = server.anon().wants_json().with("Host", "localhost:8000");
    let mistakes = mistakes_of_pages(&ours).into_iter().chain(mistakes_of_tokens(&ours, &other));
    for Mistake { headers, reason, cookies, tokens, advice } in mistakes {
        let answer = with(&anybody, &headers).post("/login", json!({"email": "ada@example.org", "password": "x"}));
        assert_eq!(answer.whole(), (419, MISMATCH), "{headers:?}");
        assert_eq!(answer.header("X-CSRF-Failure"), reason, "{headers:?}");
        let line = last_line(&server, "CSRF token mismatch");
        assert_eq!(field(&line, "reason"), reason, "{line}");
        let sent = |name: &str| headers.iter().find(|(sent, _)| *sent == name).map_or("", |(_, value)| value);
        assert_eq!(field(&line, "origin"), sent("Origin"), "{line}");
        assert_eq!(field(&line, "fetch_site"), sent("Sec-Fetch-Site"), "{line}");
        assert_eq!(field(&line, "host"), "localhost:8000", "{line}");
        assert_eq!((field(&line, "cookie_domain").as_str(), field(&line, "secure").as_str()), ("", "false"), "{line}");
        assert_eq!((field(&line, "cookies").as_str(), field(&line, "headers").as_str()), (cookies, tokens), "{line}");
        assert_eq!(field(&line, "front_ends"), "localhost:3000, 127.0.0.1:3000, spa.vercel.app", "{line}");
        assert_eq!(field(&line, "advice"), advice, "{line}");
    }
    let log = server.log();
    for secret in [&ours.session, &ours.token, &other.token, "rubbish"] {
        assert!(!log.contains(&secret[1..]), "{log}");
    }
}

#[test]
fn a_copied_cookie_is_a_right_token_as_it_is() {
    let (_sandbox, server, ours) = running(CONFIGURATION);
    let page = server.anon().wants_json().with("Origin", FRONT_END).with("Cookie", &ours.both());
    let answer =
        page.with("X-XSRF-TOKEN", &ours.token).post("/login", json!({"email": "a@example.org", "password": "x"}));
    assert_eq!(answer.status, 422);
}

#[test]
fn cookies_that_no_browser_takes_are_told_of() {
    let told = |configuration: &str, host: &str| {
        let (_sandbox, server, _) = running(configuration);
        let page = server.anon().wants_json().with("Origin", "https://app.example.org").with("Host", host);
        let answer =
            page.with("Sec-Fetch-Site", "same-site").with("X-Forwarded-Proto", "http").post("/login", json!({}));
        assert_eq!((answer.status, answer.header("X-CSRF-Failure")), (419, "no_cookies"));
        let line = last_line(&server, "CSRF token mismatch");
        (field(&line, "cookie_domain"), field(&line, "secure"), field(&line, "host"), field(&line, "advice"))
    };
    let configuration = "front_ends = [\"https://app.example.org\"]\n[server]\nbase_url = \"https://api.example.org\"\n\
                         [[mount]]\nadapter = \"sanctum_spa\"\ncookie_domain = \"example.org\"\n";
    let own = |text: &str| text.to_owned();
    assert_eq!(
        told(configuration, "api.example.net"),
        (
            own("example.org"),
            own("true"),
            own("api.example.net"),
            own(
                "no cookie came back: was GET /sanctum/csrf-cookie called? The cookie domain is example.org, this host \
                 is api.example.net: no browser takes the cookies. The cookies are Secure, and this request came over \
                 http."
            )
        )
    );
}

#[test]
fn a_page_that_cannot_read_the_cookie_is_told_of() {
    let (_sandbox, server, ours) = running(
        "front_ends = [\"https://app.example.org\"]\n[server]\nbase_url = \"https://api.example.org\"\n\
         [[mount]]\nadapter = \"sanctum_spa\"\n",
    );
    let page = server.anon().wants_json().with("Origin", "https://app.example.org").with("Host", "api.example.org");
    let answer = page.with("Cookie", &ours.both()).post("/login", json!({}));
    assert_eq!((answer.status, answer.header("X-CSRF-Failure")), (419, "header_missing"));
    assert_eq!(
        field(&last_line(&server, "CSRF token mismatch"), "advice"),
        "the cookies came without X-XSRF-TOKEN: the page at app.example.org cannot read a cookie of api.example.org; set \
         cookie_domain to a domain of both"
    );
}

#[test]
fn a_401_that_brought_cookies_from_elsewhere_is_explained() {
    const IGNORED: &str = "401 although a session's cookie came: it was not looked at";
    let (_sandbox, server, ours) = running(CONFIGURATION);
    let anybody = server.anon().wants_json().with("Cookie", &ours.both());
    let get = |actor: &Actor| {
        let answer = actor.get("/api/user");
        assert_eq!(answer.whole(), (401, UNAUTHENTICATED));
        assert_eq!(answer.header_all("Set-Cookie"), [""; 0]);
    };
    // Where a session was looked at, or a token was sent, there is nothing to explain.
    assert_eq!(anybody.with("Origin", FRONT_END).get("/api/user").whole(), (401, UNAUTHENTICATED));
    get(&anybody.with("Origin", "http://localhost:5173").with("Authorization", "Bearer 1|x"));
    get(&server.anon().wants_json().with("Origin", "http://localhost:5173"));
    assert!(!server.log().contains(IGNORED), "{}", server.log());

    get(&anybody.with("Origin", "http://localhost:5173"));
    let line = last_line(&server, IGNORED);
    assert_eq!(field(&line, "reason"), "origin_not_stateful");
    assert_eq!(field(&line, "origin"), "http://localhost:5173");
    assert_eq!(field(&line, "cookies"), BOTH);
    assert_eq!(
        field(&line, "advice"),
        "localhost:5173 is not in front_ends (listed: localhost:3000, 127.0.0.1:3000, spa.vercel.app)"
    );
    get(&anybody);
    let line = last_line(&server, IGNORED);
    assert!(field(&line, "advice").starts_with("neither Referer nor Origin came"), "{line}");
    get(&anybody.with("Referer", "http://localhost:5173/reset?token=canary"));
    let line = last_line(&server, IGNORED);
    assert_eq!(field(&line, "origin"), "http://localhost:5173");
    assert!(!server.log().contains("canary"), "{}", server.log());
}

#[test]
fn a_visitor_who_logs_in_meanwhile_has_a_stale_token() {
    let server = Server::start();
    let password = Secret::from("Zx9-quokka-77");
    let registration = Registration { email: Some("ada@example.org".to_owned()), ..Registration::new(password) };
    server.owner.register(&registration).unwrap();
    let mut browser = crate::common::Browser::ready(&server);
    let before = browser.cookies["XSRF-TOKEN"].clone();
    browser.log_in("ada@example.org", "Zx9-quokka-77");
    let answer = browser.cookies_only().with("X-XSRF-TOKEN", &before).post("/logout", json!({}));
    assert_eq!((answer.whole(), answer.header("X-CSRF-Failure")), ((419, MISMATCH), "token_stale"));
}
