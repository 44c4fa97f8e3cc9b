use actix_web::{http::StatusCode, test::TestRequest, web::Bytes};

use super::*;
use crate::body::Parse as _;

fn parse(body: &str) -> Result<Login, Error> {
    let request = TestRequest::default().insert_header(("content-type", "application/json")).to_http_request();
    match Asked::parse(&request, Bytes::copy_from_slice(body.as_bytes()))? {
        Asked::Password(login) => Ok(login),
        Asked::Refresh(_) => panic!("{body} is a login"),
    }
}

async fn answer(error: Error) -> (StatusCode, Option<String>, String) {
    let response = error.error_response();
    let challenge = response.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
    let status = response.status();
    let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
    (status, challenge, String::from_utf8(body.to_vec()).unwrap())
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let wrong = |body: &str| match parse(body).err() {
        Some(Error::Validation { fields }) => fields,
        other => panic!("{body}: {other:?}"),
    };
    let required = "This field is required.";
    assert_eq!(wrong("{}"), [("identifier", required), ("password", required)]);
    assert_eq!(
        wrong(r#"{"identifier":7,"password":""}"#),
        [("identifier", "This field must be a string."), ("password", "This field must not be empty.")]
    );
    assert_eq!(parse("{").err(), Some(Error::Plain(Cause::MalformedJson)));
    assert_eq!(parse("[]").err(), Some(Error::Plain(Cause::BadRequest)));
    assert_eq!(
        parse(r#"{"identifier":"a","identifier":"b","password":"x"}"#).err(),
        Some(Error::Plain(Cause::BadRequest))
    );
}

#[actix_web::test]
async fn an_expired_token_is_told_from_a_forged_one_and_from_none() {
    let (status, challenge, body) = answer(Error::Plain(Cause::Token(TokenFault::Missing))).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(challenge.unwrap(), r#"Bearer realm="countersign""#);
    assert_eq!(body, r#"{"error":"unauthenticated","message":"A bearer token is required."}"#);

    let (_, challenge, body) = answer(Error::Plain(Cause::Token(TokenFault::Expired))).await;
    let expired = r#"Bearer realm="countersign", error="invalid_token", error_description="expired""#;
    assert_eq!(challenge.unwrap(), expired);
    assert_eq!(body, r#"{"error":"invalid_token","message":"The token has expired."}"#);

    let (_, challenge, _) = answer(Error::Plain(Cause::Token(TokenFault::Malformed))).await;
    assert!(challenge.unwrap().ends_with(r#"error="invalid_token", error_description="malformed""#));
}

#[actix_web::test]
async fn wrong_fields_come_with_what_is_wrong() {
    let (status, _, body) = answer(parse(r#"{"identifier":"ada"}"#).err().unwrap()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let expected = concat!(
        r#"{"error":"validation_failed","message":"Some fields are missing or not valid.","#,
        r#""fields":{"password":["This field is required."]}}"#
    );
    assert_eq!(body, expected);
}

#[test]
fn every_role_has_its_documented_name() {
    for role in Role::ALL {
        assert_eq!(serde_json::to_value(RoleName::from(role)).unwrap(), role.as_str());
    }
}

#[test]
fn only_the_jwt_pair_can_serve_it() {
    assert!(Hotel::serves(StrategyKind::JwtPair).is_ok());
    assert!(Hotel::serves(StrategyKind::SanctumPat).is_err());
    assert!(Hotel::serves(StrategyKind::DjoserToken).is_err());
}
