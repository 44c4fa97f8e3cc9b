//! The cookies of a front end: they count to the letter alone, and in whatever company they come.

use countersign_core::Role;
use countersign_tests::{
    Server,
    people::{FRONT_END, Page, Proof, add},
};
use proptest::{
    collection::vec,
    prelude::{Strategy, any, prop_oneof},
    sample::select,
};

use super::common::{change, ensure, hold};

/// What sealed values are written in, and what has a meaning in the header. No semicolon: the value ends there. No blank: at an
/// end it is none of the value.
const LETTERS: &str = "ABCXYZabcxyz0123456789-_=%+\"\\,:/.";
const SESSION: &str = "laravel-session";
const XSRF: &str = "XSRF-TOKEN";
/// What stands in the header `Cookie` of other people's pages.
const WORDS: [&str; 20] = [
    "laravel-session",
    "laravel-session=",
    "laravel_session=x",
    "__Host-laravel-session=x",
    "%6caravel-session=x",
    "Laravel-Session=x",
    "XSRF-TOKEN=",
    "XSRF-TOKEN=%00",
    "remember_web=x",
    "remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d=x|y|z",
    "django_language=de",
    "=",
    "=x",
    "$Version=1",
    "a=\"b; c\"",
    "\"",
    ",",
    "\u{e9}=\u{1f408}",
    "%",
    " ",
];

/// A page with a session, and its cookies: session, CSRF token, remembered device.
fn page(server: &Server) -> Vec<(String, String)> {
    let ada = add(server, Role::Tourist, false);
    let mut page = Page::new(server);
    page.log_in(&ada.username, true);
    let actor = page.actor();
    let sent = actor.header("Cookie").unwrap().split("; ");
    sent.map(|pair| pair.split_once('=').unwrap()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn status(server: &Server, method: &str, path: &str, cookies: &str, token: &str) -> u16 {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nOrigin: {FRONT_END}\r\n");
    let request =
        format!("{head}Cookie: {cookies}\r\nX-XSRF-TOKEN: {token}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let answer = countersign_tests::wire::first_answer(server.address(), request.as_bytes(), false);
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

#[test]
fn a_cookie_is_let_in_to_the_letter_alone() {
    for server in Server::each() {
        let cookies = page(&server);
        let of = |name: &str| cookies.iter().find(|(known, _)| known == name).unwrap().1.clone();
        let remembered = cookies.iter().find(|(name, _)| ![SESSION, XSRF].contains(&name.as_str())).unwrap();
        let (session, token) = (of(SESSION), of(XSRF));
        let who = |cookie: &str, value: &str| status(&server, "GET", "/api/user", &format!("{cookie}={value}"), "");
        // Whose token is not the session's own is asked for the page again.
        let sent = |token: &str| status(&server, "DELETE", "/api/tokens/0", &format!("{SESSION}={session}"), token);
        assert_eq!([who(SESSION, &session), who(&remembered.0, &remembered.1), sent(&token)], [200, 200, 404]);
        hold(200, &(0..3_u8, change(LETTERS)), |(which, change)| {
            let original = [&session, &remembered.1, &token][usize::from(which)];
            let changed = change.of(original);
            if changed == *original {
                return Ok(());
            }
            let (status, expected) = match which {
                0 => (who(SESSION, &changed), 401),
                1 => (who(&remembered.0, &changed), 401),
                _ => (sent(&changed), 419),
            };
            ensure(status == expected, || format!("{original:?} as {changed:?} on {}: {status}", server.backend))
        });
        assert_eq!([who(SESSION, &session), sent(&token)], [200, 404]);
    }
}

/// Where the session stands in the header.
fn header() -> impl Strategy<Value = Vec<Option<String>>> {
    let other = prop_oneof![
        3 => select(&WORDS[..]).prop_map(str::to_owned),
        1 => "[ -:<-~\u{e9}\u{4e00}]{0,16}",
    ];
    vec(proptest::option::weighted(0.8, other), 0..6)
}

#[test]
fn a_session_is_known_in_any_company_but_another_of_its_name() {
    let server = Server::start();
    let session = page(&server).into_iter().find(|(name, _)| name == SESSION).unwrap().1;
    let own = format!("{SESSION}={session}");
    hold(400, &(header(), any::<bool>()), |(parts, tight)| {
        let pairs: Vec<&str> = parts.iter().map(|part| part.as_deref().unwrap_or(&own)).collect();
        let cookies = pairs.join(if tight { ";" } else { "; " });
        let status = status(&server, "GET", "/api/user", &cookies, "");
        let expected = if parts.iter().any(Option::is_none) { 200 } else { 401 };
        ensure(status == expected, || format!("{cookies:?}: {status}"))
    });
    assert_eq!(Proof::Session.nobody(&server).get("/api/user").status, 401);
}
