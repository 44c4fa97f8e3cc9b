//! The refusals that operations have in common, for the document; what is sent is built by [`crate::django::Error`].

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses, PartialSchema as _, ToSchema,
    openapi::{ComponentsBuilder, ContentBuilder, Header, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder},
};

use super::schema::{AuthenticationError, TokenMessage};
use crate::django::Detail;

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

/// The body is read.
pub(super) struct Reading;

impl IntoResponses for Reading {
    fn responses() -> Responses {
        BTreeMap::from([
            refused::<Detail>(408, "The body took too long", None),
            refused::<Detail>(413, "The body is too long", None),
            refused::<Detail>(415, "Neither JSON nor a form", None),
        ])
    }
}

/// Something is rendered, and the store is asked.
pub(super) struct Answering;

impl IntoResponses for Answering {
    fn responses() -> Responses {
        let seconds = HeaderBuilder::new().schema(Some(u64::schema())).description(Some("Seconds")).build();
        BTreeMap::from([
            refused::<Detail>(406, "Something else than JSON was asked for", None),
            refused::<Detail>(503, "Overloaded or without a database", Some(("Retry-After", seconds))),
        ])
    }
}

fn unauthenticated(description: &str) -> (String, RefOr<Response>) {
    let challenge = HeaderBuilder::new().schema(Some(String::schema())).description(Some("`Token`")).build();
    refused::<AuthenticationError>(401, description, Some(("WWW-Authenticate", challenge)))
}

/// A status with a `B`, and perhaps with a header.
fn refused<B: ToSchema>(status: u16, description: &str, header: Option<(&str, Header)>) -> (String, RefOr<Response>) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(B::name()))).build();
    let response = ResponseBuilder::new().description(description).content("application/json", content);
    let response = match header {
        Some((name, header)) => response.header(name, header),
        None => response,
    };
    (status.to_string(), response.build().into())
}
