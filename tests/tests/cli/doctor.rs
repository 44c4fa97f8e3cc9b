//! `countersign doctor`: what it derives from a configuration, and what it finds at servers that run.

use countersign_tests::{
    Mailbox,
    mailbox::Behaviour,
    program::{Ran, Running, Sandbox},
    sandbox,
};
use serde_json::{Value, json};

use crate::relay::{Change, Relay, put, strip};

const PAGE: &str = "http://localhost:3000";

/// What no test changes.
const CONFIGURATION: &str = "front_ends = [\"http://localhost:3000\", \"http://127.0.0.1:3000\"]\n";

fn running(configuration: &str) -> (Sandbox, Running) {
    let sandbox = sandbox!();
    sandbox.write("countersign.toml", configuration);
    let server = sandbox.serve();
    (sandbox, server)
}

/// The server's address under the name that its front end has as well.
fn near(server: &Running) -> String {
    format!("http://localhost:{}", server.address.port())
}

fn visit(sandbox: &Sandbox, origin: &str, url: &str) -> Ran {
    sandbox.run(&["doctor", "--origin", origin, "--url", url])
}

#[test]
fn without_options_it_prints_what_follows_from_the_configuration() {
    let sandbox = sandbox!();
    assert_eq!(
        sandbox.done(&["doctor"]),
        "sessions for pages of   localhost:3000, 127.0.0.1:8000\n\
         answers readable (CORS) http://localhost:3000\n\
         WebSockets from         any: no cookie opens one\n\
         cookies of sanctum_spa at \"/\": XSRF-TOKEN, laravel-session; for the server's host alone; not Secure; SameSite=Lax\n\
         links of sanctum_spa at \"/\": http://localhost:3000\n\
         links of djoser at \"/auth/\": http://127.0.0.1:8000\n\
         warning: mails go into the log, with links that let their reader in: set mail.transport\n\
         settled: cookies have SameSite=Lax; /verify sends every identity header, with none where nothing is known; JSON \
         Web Tokens are signed with HS256\n"
    );
    assert_eq!(std::fs::read_dir(sandbox.folder()).unwrap().count(), 0, "nothing was made");
    sandbox.write(
        "countersign.toml",
        "front_ends = [\"https://app.example.org\", \"https://x.example.com\"]\n\
         [server]\nbase_url = \"https://api.example.org/id\"\n\
         [[mount]]\nadapter = \"sanctum_spa\"\nprefix = \"/spa\"\nsession_cookie = \"sid\"\n\
         cookie_domain = \"example.org\"\nfrontend_url = \"https://app.example.org/login\"\n\
         [[mount]]\nadapter = \"djoser\"\nemail_frontend_domain = \"app.example.org\"\n\
         [mail]\ntransport = \"smtp://127.0.0.1:1\"\n",
    );
    let printed: Value = serde_json::from_str(&sandbox.done(&["doctor", "--json"])).unwrap();
    assert_eq!(
        printed,
        json!({
            "configuration": {
                "stateful_hosts": ["app.example.org", "x.example.com", "api.example.org"],
                "cors_origins": ["https://app.example.org", "https://x.example.com"],
                "is_laravel_open": false,
                "websocket_origins": "any: no cookie opens one",
                "cookies": [{
                    "mount": "sanctum_spa at \"/spa/\"",
                    "names": ["XSRF-TOKEN", "sid"],
                    "domain": "example.org",
                    "secure": true,
                    "same_site": "Lax",
                }],
                "links": [
                    {"mount": "sanctum_spa at \"/spa/\"", "base": "https://app.example.org/login"},
                    {"mount": "djoser at \"/auth/\"", "base": "https://app.example.org"},
                ],
                "warnings": [
                    "front_ends: \"https://x.example.com\" is another site than server.base_url \
                     \"https://api.example.org\": a browser sends no cookies from its pages, so that sanctum_spa logs \
                     nobody in there; they need one registrable domain, or tokens",
                ],
                "settled": [
                    "cookies have SameSite=Lax",
                    "/verify sends every identity header, with none where nothing is known",
                    "JSON Web Tokens are signed with HS256",
                ],
            },
            "visit": null,
            "mail": null,
        })
    );
}

#[test]
fn a_configuration_that_is_refused_is_refused_here_too() {
    let sandbox = sandbox!();
    sandbox.write("countersign.toml", "front_ends = [\"localhost:3000\"]\n");
    let ran = sandbox.run(&["doctor"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.contains("has no scheme; write \"http://localhost:3000\""), "{}", ran.stderr);
}

#[test]
fn a_browser_gets_through_to_a_server_that_is_in_order() {
    let (sandbox, server) = running(CONFIGURATION);
    let passed = |page: &str, url: &str| {
        format!(
            "a page of {page} calls {url}\n  \
               ok    csrf-cookie  204; the browser keeps XSRF-TOKEN and laravel-session\n  \
               ok    preflight    204; a POST with content-type and x-xsrf-token may be sent\n  \
               ok    login        422; cookies and token arrived, and the made-up credentials are wrong\n  \
               ok    user         401 with both cookies; the session was looked at, and nobody is logged in\n"
        )
    };
    let url = near(&server);
    let ran = visit(&sandbox, PAGE, &format!("{url}/"));
    assert_eq!((ran.code, ran.stdout, ran.stderr.as_str()), (0, passed(PAGE, &url), ""));
    // As it is copied from an address bar, and under the other name of this machine.
    let (page, url) = ("http://127.0.0.1:3000", format!("http://{}", server.address));
    let ran = visit(&sandbox, &format!("{page}/login?x"), &url);
    assert_eq!((ran.code, ran.stdout, ran.stderr.as_str()), (0, passed(page, &url), ""));
    assert_eq!(sandbox.done(&["user", "list", "--json"]), "[]\n");

    let ran = sandbox.run(&["doctor", "--json", "--origin", PAGE, "--url", &near(&server)]);
    let printed: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &printed["visit"]["failed"], &printed["visit"]["warnings"]), (0, &Value::Null, &json!([])));
    let steps: Vec<_> = printed["visit"]["passed"].as_array().unwrap().iter().map(|passed| &passed["step"]).collect();
    assert_eq!(steps, ["csrf-cookie", "preflight", "login", "user"]);
    assert_eq!((&printed["configuration"], &printed["mail"]), (&Value::Null, &Value::Null));
}

#[test]
fn pages_of_the_server_itself_need_no_leave() {
    let (sandbox, server) = running("");
    let mut own = sandbox!();
    let url = format!("http://{}", server.address);
    let ran = visit(&sandbox, &url, &url);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("preflight    not needed: page and server have one origin\n"), "{}", ran.stdout);
    // Without --url it is the configured server.
    own.set("COUNTERSIGN__SERVER__BIND", &server.address.to_string());
    let ran = own.run(&["doctor", "--origin", &url]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with(&format!("a page of {url} calls {url}\n")), "{}", ran.stdout);
}

#[test]
fn a_prefix_is_part_of_the_address() {
    let (sandbox, server) = running("[[mount]]\nadapter = \"sanctum_spa\"\nprefix = \"/spa\"\n");
    let ran = visit(&sandbox, PAGE, &format!("{}/spa", near(&server)));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
}

/// What the doctor says on standard error, and how many steps held.
fn told(ran: &Ran) -> (i32, usize, &str) {
    (ran.code, ran.stdout.lines().filter(|line| line.starts_with("  ok ")).count(), &ran.stderr)
}

#[test]
fn the_first_rule_that_fails_is_named_with_what_to_change() {
    let broken = [
        (
            CONFIGURATION,
            "http://localhost:5173",
            "csrf-cookie: Access-Control-Allow-Origin: the answer 204 lacks it: the browser shows it to no page",
            "add \"http://localhost:5173\" to front_ends; if it is there, a proxy between takes the header away (or answers \
             by itself)",
        ),
        (
            CONFIGURATION,
            "http://127.0.0.1:3000",
            "csrf-cookie: SameSite: XSRF-TOKEN is Lax, and 127.0.0.1 and localhost are two sites to a browser, although both \
             are this machine",
            "a browser drops it: cookie login needs one scheme and one registrable domain (or one name, localhost or \
             127.0.0.1, for both); elsewhere use tokens",
        ),
        (
            "front_ends = [\"https://app.vercel.app\", \"http://localhost:3000\"]\n",
            "https://app.vercel.app",
            "csrf-cookie: SameSite: XSRF-TOKEN is Lax, and app.vercel.app and localhost are two sites",
            "a browser drops it: cookie login needs one scheme and one registrable domain (or one name, localhost or \
             127.0.0.1, for both); elsewhere use tokens",
        ),
        (
            "[[mount]]\nadapter = \"sanctum_spa\"\ncookie_domain = \"example.org\"\n",
            PAGE,
            "csrf-cookie: Domain: XSRF-TOKEN is for \"example.org\", and the server is called localhost",
            "a browser drops it: set cookie_domain to a domain of this host, or call the server under another",
        ),
        (
            "[[mount]]\nadapter = \"hotel\"\n",
            PAGE,
            "csrf-cookie: status: /sanctum/csrf-cookie was answered 404",
            "no sanctum_spa is mounted there: give --url with the mount's prefix, or look at what the proxy passes on",
        ),
    ];
    for (configuration, page, found, advice) in broken {
        let (sandbox, server) = running(configuration);
        let ran = visit(&sandbox, page, &near(&server));
        let expected = format!("countersign: {found}\ncountersign: {advice}\n");
        assert_eq!(told(&ran), (1, 0, expected.as_str()), "{configuration}");
    }
}

#[test]
fn a_server_that_is_not_there_is_told_of() {
    let ran = visit(&sandbox!(), PAGE, "http://localhost:1");
    let (code, held, stderr) = told(&ran);
    assert_eq!((code, held), (1, 0));
    assert!(
        stderr.starts_with("countersign: csrf-cookie: connection: GET http://localhost:1/sanctum/csrf-cookie: "),
        "{stderr}"
    );
    assert!(stderr.ends_with("\ncountersign: is the server running, and is this its address?\n"), "{stderr}");
    let json = sandbox!().run(&["doctor", "--json", "--origin", PAGE, "--url", "http://localhost:1"]);
    let printed: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((json.code, &printed["visit"]["failed"]["rule"]), (1, &json!("connection")));
}

/// The line of an answer that sets this cookie.
fn cookie<'a>(head: &'a mut [String], name: &str) -> Option<&'a mut String> {
    head.iter_mut()
        .find(|line| line.to_ascii_lowercase().starts_with(&format!("set-cookie: {}=", name.to_ascii_lowercase())))
}

const SAME: Change = |_, _| {};

/// A proxy's doing, what the doctor finds, after how many steps, and what it advises.
type Case = (Change, Change, &'static str, usize, &'static str);

const CASES: [Case; 19] = [
    (
        SAME,
        |_, head| strip(head, "set-cookie"),
        "csrf-cookie: Set-Cookie: the answer sets no cookie",
        0,
        "something between takes Set-Cookie away, or answers from a store: look at the proxy",
    ),
    (
        SAME,
        |_, head| head.retain(|line| !line.to_ascii_lowercase().starts_with("set-cookie: laravel-session=")),
        "csrf-cookie: Set-Cookie: XSRF-TOKEN came without a session's cookie",
        0,
        "something between lets one Set-Cookie through and not both: look at the proxy",
    ),
    (
        SAME,
        |_, head| head.retain(|line| !line.to_ascii_lowercase().starts_with("set-cookie: xsrf-token=")),
        "csrf-cookie: Set-Cookie: XSRF-TOKEN is not among laravel-session",
        0,
        "look for what renames or drops it on its way",
    ),
    (
        SAME,
        |_, head| {
            if let Some(line) = cookie(head, "XSRF-TOKEN") {
                line.push_str("; HttpOnly");
            }
        },
        "csrf-cookie: HttpOnly: XSRF-TOKEN is HttpOnly",
        0,
        "a script must read it: look for what adds the flag on its way",
    ),
    (
        SAME,
        |_, head| {
            if let Some(line) = cookie(head, "laravel-session") {
                *line = line.replace("samesite=lax", "SameSite=None");
            }
        },
        "csrf-cookie: SameSite: laravel-session has SameSite=None without Secure",
        0,
        "a browser drops it: send it with Secure, over https",
    ),
    (
        SAME,
        |_, head| {
            if let Some(line) = cookie(head, "laravel-session") {
                *line = line.replace("path=/;", "path=/sanctum;");
            }
        },
        "login: Path: laravel-session is for /sanctum and does not go to /login",
        2,
        "let cookies have Path=/: look for what changes it on its way",
    ),
    (
        SAME,
        |_, head| strip(head, "access-control-allow-origin"),
        "csrf-cookie: Access-Control-Allow-Origin: the answer 204 lacks it: the browser shows it to no page",
        0,
        "add \"http://localhost:3000\" to front_ends; if it is there, a proxy between takes the header away (or answers by \
         itself)",
    ),
    (
        SAME,
        |_, head| put(head, "Access-Control-Allow-Origin", "*"),
        "csrf-cookie: Access-Control-Allow-Origin: \"*\", which does not count for a request with cookies",
        0,
        "let the server answer with the origin itself, \"http://localhost:3000\": list it in front_ends",
    ),
    (
        SAME,
        |_, head| put(head, "Access-Control-Allow-Origin", "http://localhost:3001"),
        "csrf-cookie: Access-Control-Allow-Origin: \"http://localhost:3001\", and the page is of \"http://localhost:3000\"",
        0,
        "add \"http://localhost:3000\" to front_ends, or open the page under an address that is listed there",
    ),
    (
        SAME,
        |_, head| put(head, "Access-Control-Allow-Origin", "https://localhost:3000"),
        "csrf-cookie: Access-Control-Allow-Origin: \"https://localhost:3000\", and the page is of \"http://localhost:3000\" \
         (only the scheme differs)",
        0,
        "open the page as \"https://localhost:3000\"",
    ),
    (
        SAME,
        |_, head| head.push("Access-Control-Allow-Origin: http://localhost:3000".to_owned()),
        "csrf-cookie: Access-Control-Allow-Origin: it is there more than once: \"http://localhost:3000\" and \
         \"http://localhost:3000\"",
        0,
        "server and proxy both add it: leave it to the server",
    ),
    (
        SAME,
        |_, head| strip(head, "access-control-allow-credentials"),
        "csrf-cookie: Access-Control-Allow-Credentials: the answer lacks it",
        0,
        "it must be \"true\", or no page reads an answer to a request with cookies: leave CORS to the server, which sends \
         it; with Laravel set supports_credentials",
    ),
    (
        SAME,
        |request, head| {
            if request.starts_with("OPTIONS") {
                "HTTP/1.1 401 Unauthorized".clone_into(&mut head[0]);
            }
        },
        "preflight: status: a preflight was answered 401, and only 2xx lets the request go",
        1,
        "a preflight has no cookies and no token: nothing in front of the server may ask for them, or redirect it",
    ),
    (
        SAME,
        |request, head| {
            if request.starts_with("OPTIONS") {
                put(head, "Access-Control-Allow-Headers", "Content-Type, Authorization");
            }
        },
        "preflight: Access-Control-Allow-Headers: \"Content-Type, Authorization\"",
        1,
        "it must name x-xsrf-token: leave CORS to the server",
    ),
    (
        SAME,
        |request, head| {
            if request.starts_with("OPTIONS") {
                put(head, "Access-Control-Allow-Headers", "*");
            }
        },
        "preflight: Access-Control-Allow-Headers: \"*\", which does not count for a request with cookies",
        1,
        "it must name content-type and x-xsrf-token: leave CORS to the server",
    ),
    (
        |_, head| strip(head, "cookie"),
        SAME,
        "login: CSRF: the login was answered 419, CSRF token mismatch (header_without_cookies)",
        2,
        "the cookies were sent and did not arrive: let the proxy pass the header Cookie on",
    ),
    (
        |_, head| strip(head, "x-xsrf-token"),
        SAME,
        "login: CSRF: the login was answered 419, CSRF token mismatch (header_missing)",
        2,
        "X-XSRF-TOKEN was sent and did not arrive: let the proxy pass it on",
    ),
    (
        SAME,
        |request, head| {
            if request.starts_with("POST") {
                "HTTP/1.1 301 Moved Permanently".clone_into(&mut head[0]);
                head.push("Location: https://localhost/login?x=y".to_owned());
            }
        },
        "login: status: /login was answered 301, a redirect to https://localhost/login",
        2,
        "call the address that it leads to; one from http to https drops the body of a login",
    ),
    (
        |request, head| {
            if request.starts_with("GET /api/user") {
                strip(head, "referer");
                put(head, "Origin", "http://localhost:9999");
            }
        },
        |request, head| {
            if request.starts_with("GET /api/user") {
                put(head, "Access-Control-Allow-Origin", "http://localhost:3000");
                put(head, "Access-Control-Allow-Credentials", "true");
            }
        },
        "user: stateful: 401 without cookies: the server did not look at the session",
        3,
        "add \"http://localhost:3000\" to front_ends (SANCTUM_STATEFUL_DOMAINS); if it is there, something between takes \
         Origin and Referer from requests, or Set-Cookie from answers",
    ),
];

#[test]
fn what_a_proxy_spoils_is_found() {
    let (sandbox, server) = running(CONFIGURATION);
    let through = |ask: Change, answer: Change| {
        let relay = Relay::to(server.address, ask, answer);
        visit(&sandbox, PAGE, &format!("http://localhost:{}", relay.address.port()))
    };
    let fine = through(SAME, SAME);
    assert_eq!(told(&fine), (0, 4, ""), "{}", fine.stdout);
    for (ask, answer, found, held, advice) in CASES {
        let ran = through(ask, answer);
        let expected = format!("countersign: {found}\ncountersign: {advice}\n");
        assert_eq!(told(&ran), (1, held, expected.as_str()), "{found}");
        let last = ran.stdout.lines().last().unwrap();
        let (step, rule) = found.split_once(": ").unwrap();
        let rule = rule.split_once(": ").unwrap().0;
        assert_eq!(
            last.split_whitespace().collect::<Vec<_>>(),
            [&["fails", step], &rule.split(' ').collect::<Vec<_>>()[..]].concat()
        );
    }
}

#[test]
fn clocks_that_are_apart_are_a_warning() {
    let (sandbox, server) = running(CONFIGURATION);
    let relay = Relay::to(server.address, SAME, |_, head| put(head, "Date", "Fri, 02 Jan 2026 12:00:00 GMT"));
    let ran = visit(&sandbox, PAGE, &format!("http://localhost:{}", relay.address.port()));
    assert_eq!(told(&ran), (0, 4, ""));
    let warning = ran.stdout.lines().last().unwrap();
    assert!(
        warning.starts_with("warning: the server's clock is ") && warning.contains(" s behind the one here"),
        "{warning}"
    );
    let relay = Relay::to(server.address, SAME, |_, head| strip(head, "date"));
    let ran = visit(&sandbox, PAGE, &format!("http://localhost:{}", relay.address.port()));
    assert_eq!(told(&ran), (0, 4, ""));
    assert!(ran.stdout.ends_with("warning: the answers have no Date: clocks cannot be compared\n"), "{}", ran.stdout);
}

#[test]
fn a_test_mail_is_taken_or_its_fate_is_told() {
    let mailbox = Mailbox::start();
    let sandbox = sandbox!();
    let mail = |to: &str| sandbox.run(&["doctor", "--mail", to]);
    sandbox.write("countersign.toml", &mailbox.configuration());
    let server = mailbox.configuration().split("smtp://").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let ran = mail("ada@example.org");
    let taken = format!("mail to ada@example.org was taken by the mail server {server}\n");
    assert_eq!((ran.code, ran.stdout, ran.stderr.as_str()), (0, taken, ""));
    let [received] = mailbox.wait_for("ada@example.org", 1).try_into().unwrap();
    assert_eq!((received.subject.as_str(), received.links.len()), ("A test mail of Countersign", 0));

    let lost = |behaviour: Behaviour, starts: &str, ends: &str| {
        mailbox.behave(behaviour);
        let ran = mail("bob@example.org");
        assert_eq!((ran.code, ran.stdout.as_str()), (1, "mail to bob@example.org did not leave\n"));
        assert!(ran.stderr.starts_with(starts) && ran.stderr.ends_with(ends), "{}", ran.stderr);
    };
    lost(
        Behaviour::Answers("451 Later", 1),
        "countersign: mail: the mail server puts it off: ",
        "; a server that runs tries again for 4h\n",
    );
    lost(Behaviour::Answers("550 Nobody", 1), "countersign: mail: refused: ", "\n");
    drop(mailbox);
    let ran = mail("bob@example.org");
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("countersign: mail: the mail server cannot be used: "), "{}", ran.stderr);

    sandbox.write("countersign.toml", "[mail]\ntransport = \"file:mails\"\n");
    let ran = mail("ada@example.org");
    let taken = "mail to ada@example.org was taken by the folder mails\n";
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, taken, ""));
    assert_eq!(std::fs::read_dir(sandbox.path("mails")).unwrap().count(), 1);
    assert!(mail("nobody").stderr.starts_with("countersign: mail: refused: "));

    sandbox.write("countersign.toml", "");
    let ran = sandbox.run(&["doctor", "--json", "--mail", "ada@example.org"]);
    let reason = "mail.transport is \"log\", which sends nothing: name a mail server";
    let printed: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(printed["mail"], json!({"to": "ada@example.org", "taken_by": null, "reason": reason}));
    assert_eq!((ran.code, ran.stderr), (1, format!("countersign: mail: {reason}\n")));
}

#[test]
fn wrong_usage_is_told_with_what_to_write() {
    let sandbox = sandbox!();
    let usages: [(&[&str], &str); 5] = [
        (&["--url", "http://localhost:8000"], "--origin"),
        (&["--origin", "localhost:3000"], "it has no scheme; write \"http://localhost:3000\""),
        (&["--origin", "ftp://localhost"], "it is neither http nor https"),
        (&["--origin", PAGE, "--url", "localhost:8000"], "it has no scheme"),
        (&["--origin", PAGE, "--url", "http://localhost:8000/?x"], "it has more than scheme, host, port and path"),
    ];
    for (arguments, said) in usages {
        let ran = sandbox.run(&[&["doctor"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
    let help = sandbox.done(&["doctor", "--help"]);
    assert!(
        help.contains("Example:\n  countersign doctor --origin http://localhost:5173 --url http://localhost:8000\n"),
        "{help}"
    );
}
