//! The refusals that operations have in common, for the document; what is sent is built by [`crate::django::Error`].

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses, PartialSchema as _, ToSchema,
    openapi::{ComponentsBuilder, Header, HeaderBuilder, RefOr, Response},
};

use super::schema::{AuthenticationError, TokenMessage};
use crate::{django::Detail, document};

/// The schemas that the responses of this file refer to.
pub(super) fn schemas() -> ComponentsBuilder {
    ComponentsBuilder::new()
        .schema(Detail::name(), Detail::schema())
        .schema(AuthenticationError::name(), AuthenticationError::schema())
        .schema(TokenMessage::name(), TokenMessage::schema())
}

type Responses = BTreeMap<String, RefOr<Response>>;

/// Nobody comes further without a token.
pub(super) struct Guarded;

impl IntoResponses for Guarded {
    fn responses() -> Responses {
        BTreeMap::from([unauthenticated("No token, or a bad one")])
    }
}

/// Anybody may ask, but not with a bad token.
pub(super) struct Open;

impl IntoResponses for Open {
    fn responses() -> Responses {
        BTreeMap::from([unauthenticated("The request carries a bad token")])
    }
}

/// Nobody is asked for a token, but what the body holds proves nobody or nothing.
pub(super) struct Unsigned;

impl IntoResponses for Unsigned {
    fn responses() -> Responses {
        let challenge = challenge("`Bearer realm=\"api\"`");
        let description = "Wrong user name or password, or a token that is not live";
        BTreeMap::from([document::refusal::<AuthenticationError>(401, description, Some(challenge))])
    }
}

/// The body is read.
pub(super) struct Reading;

impl IntoResponses for Reading {
    fn responses() -> Responses {
        BTreeMap::from([
            document::refusal::<Detail>(408, "The body took too long", None),
            document::refusal::<Detail>(413, "The body is too long", None),
            document::refusal::<Detail>(415, "Neither JSON nor a form", None),
        ])
    }
}

/// Something is rendered, and the store is asked.
pub(super) struct Answering;

impl IntoResponses for Answering {
    fn responses() -> Responses {
        let seconds = || HeaderBuilder::new().schema(Some(u64::schema())).description(Some("Seconds")).build();
        BTreeMap::from([
            document::refusal::<Detail>(406, "Something else than JSON was asked for", None),
            document::refusal::<Detail>(429, "Too often; nothing was done", Some(("Retry-After", seconds()))),
            document::refusal::<Detail>(503, "Overloaded or without a database", Some(("Retry-After", seconds()))),
        ])
    }
}

fn unauthenticated(description: &str) -> (String, RefOr<Response>) {
    document::refusal::<AuthenticationError>(401, description, Some(challenge("`Token`")))
}

fn challenge(value: &str) -> (&'static str, Header) {
    ("WWW-Authenticate", HeaderBuilder::new().schema(Some(String::schema())).description(Some(value)).build())
}
