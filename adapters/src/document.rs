//! What the documents of all dialects begin with.

use utoipa::openapi::{Info, InfoBuilder, LicenseBuilder};

/// The licence, as SPDX writes it.
const LICENCE: &str = "MIT OR Apache-2.0";

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
