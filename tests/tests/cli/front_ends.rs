//! What `config check` and `serve` say of front ends, cookies and links that do not go together.

use countersign_tests::{program::Ran, sandbox};

/// What `config check` says to this file.
fn check(configuration: &str) -> Ran {
    let sandbox = sandbox!();
    sandbox.write("countersign.toml", configuration);
    sandbox.run(&["config", "check"])
}

/// A configuration of the SPA alone.
fn spa(front_ends: &[&str], base_url: &str, options: &str) -> String {
    format!(
        "front_ends = {front_ends:?}\n[server]\nbase_url = \"{base_url}\"\n[[mount]]\nadapter = \"sanctum_spa\"\n{options}\n"
    )
}

/// A configuration and what is said of it.
type Warned = (String, &'static [&'static str]);

/// Of pages and cookies.
fn pages_and_cookies() -> Vec<Warned> {
    vec![
        (
            spa(&["https://app.vercel.app"], "https://api.example.org", ""),
            &[
                "front_ends: \"https://app.vercel.app\" is another site than server.base_url \"https://api.example.org\": a \
               browser sends no cookies from its pages, so that sanctum_spa logs nobody in there; they need one \
               registrable domain, or tokens",
            ],
        ),
        (
            spa(&["http://app.example.org"], "https://api.example.org", "cookie_domain = \"example.org\""),
            &["front_ends: \"http://app.example.org\" has another scheme than server.base_url \
               \"https://api.example.org\": that is another site to a browser, whose pages send no cookies here; write \
               https in both"],
        ),
        (
            spa(&["https://app.example.org"], "http://api.example.org", ""),
            &["front_ends: \"https://app.example.org\" has another scheme than server.base_url \
               \"http://api.example.org\": that is another site to a browser, whose pages send no cookies here; write \
               https in both"],
        ),
        (
            spa(&["http://127.0.0.1:3000", "http://localhost:3000"], "http://localhost:8000", ""),
            &[
                "front_ends: \"http://127.0.0.1:3000\" has another name than server.base_url \"http://localhost:8000\": \
               127.0.0.1 and localhost are two sites to a browser, which sends no cookies from the one to the other; \
               write one of them in both",
            ],
        ),
        (
            spa(&["https://app.example.org"], "https://api.example.org", ""),
            &["mount[1].cookie_domain: is not set, so that pages of https://app.example.org cannot read XSRF-TOKEN, \
               which belongs to api.example.org alone: write \"example.org\""],
        ),
        (
            spa(&["https://app.example.org"], "https://api.id.example.org", "cookie_domain = \"id.example.org\""),
            &["mount[1].cookie_domain: \"id.example.org\" does not reach https://app.example.org, whose pages cannot \
               read XSRF-TOKEN"],
        ),
        (
            spa(&["https://example.org"], "https://example.org", "secure_cookies = false"),
            &["mount[1].secure_cookies: false sends cookies over http as well, although server.base_url is \
               \"https://example.org\""],
        ),
    ]
}

/// Of links, and of everything else.
fn links_and_the_rest() -> Vec<Warned> {
    let mail = "[mail]\ntransport = \"smtp://127.0.0.1:1\"\n[[mount]]\nadapter = \"djoser\"\n";
    vec![
        (
            spa(&["http://localhost:3000"], "", "frontend_url = \"http://localhost:5173\""),
            &["mount[1].frontend_url: \"http://localhost:5173\" is none of front_ends: the pages behind the links in \
               mails may not call this server"],
        ),
        (
            spa(&[], "https://example.org", ""),
            &[
                "front_ends: is empty although sanctum_spa is mounted: only pages of https://example.org itself have \
                 sessions",
                "mount[1].frontend_url: is not set and there are no front_ends: links in mails lead to this server, \
                 which has no pages for them",
            ],
        ),
        (
            spa(&["http://localhost:3000"], "", "[laravel]\ncors_origins = \"any\""),
            &[
                "laravel.cors_origins: \"any\" goes without cookies: pages of front_ends cannot read what sanctum_spa answers \
               them",
            ],
        ),
        (
            spa(&["http://localhost:3000"], "", "cookie_domain = \"example.org\""),
            &[
                "mount[1].cookie_domain: \"example.org\" is not the domain of server.base_url \"http://127.0.0.1:8000\": \
               no browser takes its cookies; leave it out",
            ],
        ),
        (
            "[server]\nbind = \"0.0.0.0:8000\"\n[[mount]]\nadapter = \"djoser\"\n".to_owned(),
            &["server.base_url: is not set, so that links lead to http://0.0.0.0:8000"],
        ),
        (
            "[jwt]\nalgorithm = \"EdDSA\"\n".to_owned(),
            &[
                "jwt.algorithm: \"EdDSA\" is unknown to some of the libraries that check tokens by /.well-known/jwks.json, which \
               all know RS256 and ES256: jsonwebtoken and express-jwt for Node refuse it, others call it deprecated since \
               RFC 9864 named it Ed25519",
            ],
        ),
        (
            "[jwt]\nalgorithm = \"ES256\"\nsecret = \"kq3Vw0rJm9Zt5yXc7Lf1Gh2Bn8Pd4Qs6\"\n".to_owned(),
            &[
                "jwt.secret: is a key for HS256, and jwt.algorithm is ES256: it only checks what it signed before; take it \
               out when `countersign keys list` shows it no more",
            ],
        ),
        (
            mail.to_owned(),
            &[
                "mount[1].email_frontend_domain: is not set: links in mails lead to this server, which has no pages for \
               them",
            ],
        ),
    ]
}

#[test]
fn what_may_not_be_meant_is_a_warning() {
    for (configuration, warnings) in pages_and_cookies().into_iter().chain(links_and_the_rest()) {
        let ran = check(&configuration);
        let expected: Vec<_> = warnings.iter().map(|warning| format!("countersign: warning: {warning}")).collect();
        assert_eq!(ran.stderr.lines().collect::<Vec<_>>(), expected, "{configuration}");
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (0, "countersign.toml and the environment are in order\n"),
            "{configuration}"
        );
    }
}

#[test]
fn what_goes_together_is_not_told_of() {
    let fine = [
        String::new(),
        spa(&["http://localhost:3000"], "", ""),
        spa(&["http://127.0.0.1:3000", "http://localhost:5173"], "", ""),
        spa(&["http://localhost:3000"], "http://localhost:8000", "secure_cookies = true"),
        spa(&["https://example.org"], "https://example.org:8443/api", ""),
        spa(&["https://app.example.org"], "https://api.example.org", "cookie_domain = \".example.org\""),
        spa(
            &["https://App.Example.org:443"],
            "https://app.example.org",
            "frontend_url = \"https://app.example.org/x\"",
        ),
        // Without cookies there is no site to be of.
        "front_ends = [\"https://app.vercel.app\"]\n[server]\nbase_url = \"https://api.example.org\"\n\
         [[mount]]\nadapter = \"hotel\"\n"
            .to_owned(),
    ];
    for configuration in fine {
        let ran = check(&configuration);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{configuration}");
    }
}

#[test]
fn what_cannot_work_is_refused_with_what_to_write() {
    let refused = [
        (
            spa(&["https://app.example.org"], "https://api.example.org", "cookie_domain = \"example.com\""),
            "mount[1].cookie_domain: \"example.com\" is not the domain of server.base_url \"https://api.example.org\": no \
             browser takes its cookies; write \"example.org\" or leave it out",
        ),
        (
            spa(&["https://a.vercel.app"], "https://b.vercel.app", "cookie_domain = \"vercel.app\""),
            "mount[1].cookie_domain: \"vercel.app\" belongs to many owners: no browser takes a cookie for it",
        ),
        (
            spa(&["http://app.example.org"], "http://app.example.org:8000", "secure_cookies = true"),
            "mount[1].secure_cookies: true does not go with server.base_url \"http://app.example.org:8000\": no browser \
             takes a Secure cookie over http",
        ),
        (
            spa(&["http://app.example.org"], "http://app.example.org:8000", "session_cookie = \"__Host-sid\""),
            "mount[1].session_cookie: \"__Host-sid\" does not go with server.base_url \"http://app.example.org:8000\": no \
             browser takes it over http",
        ),
        (
            spa(&["http://localhost:3000/"], "", ""),
            "holds \"http://localhost:3000/\", which has more than scheme, host and port; write \"http://localhost:3000\"",
        ),
        (
            spa(&["localhost:3000"], "", ""),
            "holds \"localhost:3000\", which has no scheme; write \"http://localhost:3000\" or \"https://localhost:3000\"",
        ),
        (spa(&["*"], "", ""), "holds \"*\", which has a wildcard; name each origin"),
    ];
    for (configuration, complaint) in refused {
        let ran = check(&configuration);
        assert!(ran.stderr.ends_with(&format!("{complaint}\n")), "{}\n{complaint}", ran.stderr);
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.lines().count()), (1, "", 1), "{configuration}");
    }
}

#[test]
fn the_running_server_says_the_same() {
    let sandbox = sandbox!();
    sandbox.write("countersign.toml", &spa(&["https://app.example.org"], "https://api.example.org", ""));
    let log = sandbox.serve().log();
    let told = log.lines().find(|line| line.contains("WARN")).unwrap_or_else(|| panic!("{log}"));
    assert!(
        told.contains("cannot read XSRF-TOKEN, which belongs to api.example.org alone: write \"example.org\""),
        "{told}"
    );
    assert!(told.contains("setting=\"mount[1].cookie_domain\""), "{told}");
}
