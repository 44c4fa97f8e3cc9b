use actix_web::{http::StatusCode, test::TestRequest};

use super::*;

fn parse(body: &str) -> Result<Login, Error> {
    let request = TestRequest::default().insert_header(("content-type", "application/json")).to_http_request();
    Login::parse(&request, Bytes::copy_from_slice(body.as_bytes()))
}

#[test]
fn a_login_and_a_password_are_read_and_the_rest_is_passed_over() {
    let login = parse(r#"{"login":"ada","password":" x ","role":"admin"}"#).ok().unwrap();
    assert_eq!((login.login.as_str(), login.password.expose()), ("ada", " x "));
}

#[test]
fn anything_else_is_a_bad_request() {
    for body in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        r#"{"login":"ada"}"#,
        r#"{"login":1,"password":"x"}"#,
        r#"{"login":"","password":"x"}"#,
        r#"{"login":"ada","password":""}"#,
        r#"{"login":"ada","password":null}"#,
        r#"{"login":"a\u0000","password":"x"}"#,
        r#"{"login":"a","login":"b","password":"x"}"#,
    ] {
        assert_eq!(parse(body).err().map(|error| error.status_code()), Some(StatusCode::BAD_REQUEST), "{body}");
    }
}

#[test]
fn addresses_and_numbers_are_known_by_their_form() {
    let made = |login: &str| {
        let made = registration(login.to_owned(), "x".into());
        (made.username, made.email, made.phone)
    };
    let address = Some("Ada@example.org".to_owned());
    assert_eq!(made("Ada@example.org"), (address.clone(), address, None));
    let number = Some("+79991234567".to_owned());
    assert_eq!(made("+7 (999) 123-45-67"), (Some("+7 (999) 123-45-67".to_owned()), None, number));
    for plain in ["ada", "@ada", "ada@", "ada@home", "a@b@c.org", "a b@c.org", "a@b..org", "12345678"] {
        assert_eq!(made(plain), (Some(plain.to_owned()), None, None));
    }
}
