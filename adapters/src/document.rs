//! What the documents of all dialects have in common.

use utoipa::{
    ToSchema,
    openapi::{ContentBuilder, Header, Info, InfoBuilder, LicenseBuilder, Ref, RefOr, Response, ResponseBuilder},
};

/// The licence of this program, as SPDX writes it.
const LICENCE: &str = env!("CARGO_PKG_LICENSE");

/// Title and description of a dialect's document, with the version and the licence of this program.
pub fn info(title: &str, description: &str) -> Info {
    let licence = LicenseBuilder::new().name(LICENCE).identifier(Some(LICENCE)).build();
    InfoBuilder::new()
        .title(title)
        .description(Some(description))
        .version(env!("CARGO_PKG_VERSION"))
        .license(Some(licence))
        .build()
}

/// A status that is answered with a `B`, and perhaps with a header; the schema of `B` is the document's to name.
pub fn refusal<B: ToSchema>(
    status: u16,
    description: &str,
    header: Option<(&str, Header)>,
) -> (String, RefOr<Response>) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(B::name()))).build();
    let response = ResponseBuilder::new().description(description).content("application/json", content);
    let response = match header {
        Some((name, header)) => response.header(name, header),
        None => response,
    };
    (status.to_string(), response.build().into())
}
