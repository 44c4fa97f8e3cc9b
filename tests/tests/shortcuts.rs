//! What is answered in front of the router is answered as by it.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
};

use actix_http::test::TestRequest;
use actix_service::IntoServiceFactory as _;
use actix_web::{
    HttpResponse,
    body::to_bytes,
    dev::{AppConfig, Service as _, ServiceFactory as _},
    rt::System,
    web,
};
use countersign::app::App;
use countersign_core::{Registration, Secret};
use countersign_tests::{Server, wire::exchange};
use serde_json::json;

const PASSWORD: &str = "correct horse battery staple";

/// A path with a shortcut, and a good value of `Authorization` for it.
struct Door {
    path: &'static str,
    authorization: String,
}

/// Somebody who is logged in everywhere.
fn doors(server: &Server) -> Vec<Door> {
    let user = Registration {
        username: Some("zoë".to_owned()),
        email: Some("zoe@example.org".to_owned()),
        ..Registration::new(Secret::from(PASSWORD))
    };
    server.owner.register(&user).unwrap();
    [
        ("/api/user", "/api/auth/token", "email", "token", "Bearer"),
        ("/auth/users/me/", "/auth/token/login/", "username", "auth_token", "Token"),
        ("/auth/me", "/auth/login", "identifier", "access_token", "Bearer"),
    ]
    .map(|(path, login, who, member, scheme)| {
        let answer = server.anon().post(login, json!({ who: "zoë", "password": PASSWORD }));
        assert_eq!(answer.status, 200, "{login}: {}", answer.body);
        let token = answer.json()[member].as_str().unwrap().to_owned();
        Door { path, authorization: format!("{scheme} {token}") }
    })
    .into()
}

/// How often a router was asked, by those who asked an application with a counter behind its shortcuts.
struct Counted {
    app: App,
}

impl Counted {
    /// Asks one after the other in one worker; gives status and body of each, and whether the router was asked.
    fn ask(&self, requests: &[(&str, &str)]) -> Vec<(u16, String, bool)> {
        System::new().block_on(async {
            let asked = Rc::new(Cell::new(false));
            let seen = Rc::clone(&asked);
            let (edge, inner) = (self.app.edge(), self.app.clone());
            let app = actix_web::App::new().wrap(edge).wrap_fn(move |request, next| {
                seen.set(true);
                next.call(request)
            });
            let factory = self.app.shortcuts().before(app.configure(move |cfg| inner.configure(cfg)));
            let service = factory.into_factory().new_service(AppConfig::default()).await.unwrap();
            let said = RefCell::new(Vec::new());
            for (path, authorization) in requests {
                asked.set(false);
                let request = TestRequest::with_uri(path)
                    .insert_header(("Accept", "application/json"))
                    .insert_header(("Authorization", *authorization))
                    .finish();
                let answer = service.call(request).await.unwrap();
                let status = answer.status().as_u16();
                let body = to_bytes(answer.into_body()).await.ok().unwrap();
                said.borrow_mut().push((status, String::from_utf8(body.to_vec()).unwrap(), asked.get()));
            }
            said.into_inner()
        })
    }
}

/// An application, and a server of it.
fn counted(configuration: &str, extend: impl FnOnce(App) -> App) -> (Server, Counted) {
    let kept = Rc::new(RefCell::new(None));
    let keep = Rc::clone(&kept);
    let server = Server::extended(configuration, move |app| {
        let app = extend(app);
        *keep.borrow_mut() = Some(app.clone());
        app
    });
    let app = kept.take().unwrap();
    (server, Counted { app })
}

#[test]
fn the_router_is_asked_once_and_then_only_by_who_is_not_at_hand() {
    let (server, counted) = counted("", |app| app);
    for Door { path, authorization } in doors(&server) {
        let bad = format!("{authorization}x");
        let said = counted.ask(&[
            (path, &bad),
            (path, &authorization),
            (path, &authorization),
            (path, &bad),
            (path, &authorization),
            (&format!("{path}?"), &authorization),
        ]);
        let [refused, first, second, refused_again, third, with_query] = said.try_into().unwrap();
        assert_eq!((refused.0, refused.2), (401, true), "{path}");
        assert_eq!((first.0, first.2), (200, true), "{path}");
        assert_eq!((second.0, &second.1, second.2), (200, &first.1, false), "{path}");
        assert_eq!((refused_again.0, refused_again.2), (401, true), "{path}");
        assert_eq!((third.0, &third.1, third.2), (200, &first.1, false), "{path}");
        assert_eq!((with_query.0, &with_query.1, with_query.2), (200, &first.1, true), "{path}");
    }
}

#[test]
fn an_applications_own_route_at_that_path_is_asked_always() {
    let own = |app: App| {
        app.with_routes(|cfg| {
            cfg.route("/api/user", web::get().to(|| async { HttpResponse::Ok().body("our own") }));
        })
    };
    let (server, counted) = counted("", own);
    let door = &doors(&server)[0];
    // Whose caller is at hand all the same.
    let elsewhere = ("/api/tokens", door.authorization.as_str());
    let own = (door.path, door.authorization.as_str());
    let said = counted.ask(&[elsewhere, own, own, own]);
    assert_eq!(said[0].0, 200, "{}", said[0].1);
    for (status, body, by_router) in &said[1..] {
        assert_eq!((*status, body.as_str(), *by_router), (200, "our own", true));
    }
}

#[test]
fn where_requests_are_counted_the_router_counts_them() {
    let limited = "[[mount]]\nadapter = \"sanctum\"\nthrottle_api = \"9/min\"\n\
                   [[mount]]\nadapter = \"djoser\"\nthrottle_user = \"9/min\"\n\
                   [[mount]]\nadapter = \"hotel\"\n";
    let (server, counted) = counted(limited, |app| app);
    for Door { path, authorization } in doors(&server) {
        let (limit, said) = (path != "/auth/me", counted.ask(&[(path, authorization.as_str()); 10]));
        let statuses: Vec<u16> = said.iter().map(|(status, ..)| *status).collect();
        let by_router = said.iter().filter(|(.., by_router)| *by_router).count();
        assert_eq!(by_router, if limit { 10 } else { 1 }, "{path}");
        assert_eq!(statuses[..9], [200; 9], "{path}");
        assert_eq!(statuses[9], if limit { 429 } else { 200 }, "{path}");
    }
}

/// Without the moment, and without what is drawn for a cookie.
fn ask(address: SocketAddr, request: &str) -> String {
    let answer = exchange(address, request.as_bytes());
    let lines = answer.split("\r\n").filter(|line| !line.starts_with("date:"));
    let mut lines: Vec<&str> = lines
        .map(|line| if line.starts_with("set-cookie:") { line.split('=').next().unwrap() } else { line })
        .collect();
    // A table has its own order in each process.
    let head = lines.iter().position(|line| line.is_empty()).unwrap_or(lines.len());
    lines[..head].sort_unstable();
    lines.join("\r\n")
}

#[test]
fn whatever_else_is_in_a_request_the_answer_is_the_routers() {
    const LINES: [&str; 31] = [
        "Accept: */*",
        "Accept: application/json",
        "Accept: application/json, text/plain, */*",
        "Accept: text/html",
        "Accept: application/json; indent=4",
        "Accept-Encoding: gzip, br",
        "Accept-Language: de",
        "Accept-Language: *",
        "Access-Control-Request-Method: PUT",
        "Authorization: Bearer other",
        "Cache-Control: no-cache",
        "Content-Length: 0",
        "Content-Type: application/json",
        "Content-Type: text/html",
        "Cookie: laravel_session=x; XSRF-TOKEN=y; sessionid=z; django_language=de",
        "Forwarded: for=192.0.2.1;proto=https",
        "If-None-Match: *",
        "If-Modified-Since: Sat, 02 Jan 2100 12:00:00 GMT",
        "Origin: http://localhost:3000",
        "Origin: https://evil.example",
        "Range: bytes=0-1",
        "Referer: http://localhost:3000/",
        "Sec-Fetch-Site: cross-site",
        "TE: trailers",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        "X-Forwarded-For: 192.0.2.1, 127.0.0.1",
        "X-Forwarded-Host: evil.example",
        "X-HTTP-Method-Override: DELETE",
        "X-Requested-With: XMLHttpRequest",
        "X-XSRF-TOKEN: y",
    ];
    let several = "front_ends = [\"http://localhost:3000\", \"http://localhost:8080\"]\n";
    let in_languages = "[[mount]]\nadapter = \"sanctum\"\n[[mount]]\nadapter = \"hotel\"\n\
                        [[mount]]\nadapter = \"djoser\"\nlocale = \"accept-language\"\nlanguage_code = \"fr\"\n";
    for configuration in ["", several, in_languages] {
        let server = Server::with(configuration);
        let plain = server.without_shortcuts();
        for Door { path, authorization } in doors(&server) {
            let request = |method: &str, path: &str, lines: &[&str]| {
                let more: String = lines.iter().flat_map(|line| [line, "\r\n"]).collect();
                format!(
                    "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\n{more}Connection: close\r\n\r\n"
                )
            };
            let same = |request: &str| {
                assert_eq!(ask(server.address(), request), ask(plain.address, request), "{request}");
            };
            // The first shows the head; the second is the first that is short.
            let usual = request("GET", path, &[]);
            assert!(ask(server.address(), &usual).starts_with("HTTP/1.1 200"), "{path}");
            same(&usual);
            for line in LINES {
                same(&request("GET", path, &[line]));
                same(&usual);
            }
            for (number, line) in LINES.iter().enumerate() {
                // Each with two others, none of them twice together.
                same(&request("GET", path, &[line, LINES[(number + 7) % 31], LINES[(number + 18) % 31]]));
            }
            for method in ["HEAD", "POST", "PUT", "OPTIONS", "DELETE", "get", "PROPFIND"] {
                if method != "DELETE" {
                    same(&request(method, path, &[]));
                }
            }
            for other in [format!("{path}?format=json"), format!("{path}/"), format!("/{path}"), format!("{path}%20")] {
                same(&request("GET", &other, &[]));
            }
            same(&usual);
        }
    }
}
