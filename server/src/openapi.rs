//! The OpenAPI documents: one an adapter, and one merged of everything that is mounted.

use std::collections::{BTreeMap, BTreeSet};

use countersign_adapters::{Dialect, mount::Neighbours, settings::Table};
use utoipa::openapi::{
    Components, Info, OpenApi, OpenApiBuilder, RefOr,
    path::PathItem,
    security::{Flow, SecurityScheme},
};
use utoipa_actix_web::{AppExt as _, scope, service_config::ServiceConfig};

/// One mount, as far as its document goes.
#[derive(Clone, Copy)]
pub struct Mounted<'a> {
    /// What is mounted.
    pub dialect: &'a Dialect,
    /// Where.
    pub prefix: &'a str,
    /// With which options of the adapter's own.
    pub options: &'a Table,
}

/// The document of one mount, with its real prefix.
pub fn document(mounted: Mounted<'_>, beside: &Neighbours) -> OpenApi {
    let Mounted { dialect, prefix, options } = mounted;
    let mut document = (dialect.describe)();
    let collected = collect(prefix, |cfg| (dialect.routes)(cfg, options, beside));
    document.paths.merge(collected.paths);
    add_components(&mut document, collected.components);
    lead_below(prefix, &mut document);
    document
}

/// Puts the prefix of the mount before the addresses of its password flows.
fn lead_below(prefix: &str, document: &mut OpenApi) {
    let schemes = document.components.iter_mut().flat_map(|components| components.security_schemes.values_mut());
    for scheme in schemes {
        let RefOr::T(SecurityScheme::OAuth2(scheme)) = scheme else { continue };
        for flow in scheme.flows.values_mut() {
            let Flow::Password(flow) = flow else { continue };
            flow.token_url.insert_str(0, prefix);
            if let Some(refresh_url) = &mut flow.refresh_url {
                refresh_url.insert_str(0, prefix);
            }
        }
    }
}

/// The document of an adapter mounted alone at its documented place with its default options: what is committed under `openapi/`.
pub fn standalone(dialect: &Dialect) -> OpenApi {
    let beside = Neighbours::new([(dialect.name.to_owned(), dialect.prefix.to_owned())]);
    document(Mounted { dialect, prefix: dialect.prefix, options: &Table::new() }, &beside)
}

/// One document of several mounts and of the server's own operations.
///
/// An adapter that is mounted twice has its operation ids told apart by the prefix.
pub fn merged(mounts: &[Mounted<'_>], beside: &Neighbours, own: OpenApi) -> OpenApi {
    let mut whole = OpenApiBuilder::new().info(info()).build();
    let mut ids = BTreeSet::new();
    let documents = mounts.iter().map(|mounted| (mounted.prefix, document(*mounted, beside)));
    for (prefix, mut part) in documents.chain([("", own)]) {
        for item in part.paths.paths.values_mut() {
            for operation in operations(item) {
                if let Some(id) = &mut operation.operation_id {
                    if ids.contains(id) {
                        id.push_str(&prefix.replace(|c: char| !c.is_ascii_alphanumeric(), "_"));
                    }
                    // `/a/b` and `/a.b` are the same by now.
                    while !ids.insert(id.clone()) {
                        id.push('_');
                    }
                }
            }
        }
        whole.paths.merge(part.paths);
        add_components(&mut whole, part.components);
        whole.tags.get_or_insert_default().extend(part.tags.unwrap_or_default());
    }
    whole
}

/// The methods that are served at each path, as a document has them.
pub type Methods = BTreeMap<String, Vec<&'static str>>;

/// The methods of a path in a document, in their order.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// The methods that a document has for each path.
pub fn methods(document: &OpenApi) -> Methods {
    let of_item = |item: &PathItem| {
        let all = [&item.get, &item.post, &item.put, &item.patch, &item.delete];
        METHODS.into_iter().zip(all).filter_map(|(name, operation)| operation.as_ref().map(|_| name)).collect()
    };
    document.paths.paths.iter().map(|(path, item)| (path.clone(), of_item(item))).collect()
}

/// What the merged document of all has, without making it.
pub fn joined(all: impl Iterator<Item = Methods>) -> Methods {
    let mut joined = Methods::new();
    for (path, methods) in all.flatten() {
        joined.entry(path).or_default().extend(methods);
    }
    for methods in joined.values_mut() {
        methods.sort_unstable_by_key(|method| METHODS.iter().position(|known| known == method));
        methods.dedup();
    }
    joined
}

/// As it is committed and printed: pretty, with a line feed at the end.
///
/// # Errors
/// Never in practice: the document is made of strings and maps.
pub fn to_text(document: &OpenApi) -> serde_json::Result<String> {
    document.to_pretty_json().map(|text| text + "\n")
}

fn collect(prefix: &str, routes: impl FnOnce(&mut ServiceConfig)) -> OpenApi {
    let app = actix_web::App::new().into_utoipa_app();
    // A scope of "" would hide every other scope of "": unprefixed routes stand on the application itself.
    let app =
        if prefix.is_empty() { app.configure(routes) } else { app.service(scope::scope(prefix).configure(routes)) };
    app.split_for_parts().1
}

fn info() -> Info {
    let mut info = Info::new("Countersign", env!("CARGO_PKG_VERSION"));
    info.description = Some("Every dialect that this server speaks, over one user base.".to_owned());
    info
}

fn add_components(document: &mut OpenApi, more: Option<Components>) {
    if let Some(more) = more {
        let components = document.components.get_or_insert_default();
        components.schemas.extend(more.schemas);
        components.responses.extend(more.responses);
        components.security_schemes.extend(more.security_schemes);
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut utoipa::openapi::path::Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete]
        .into_iter()
        .filter_map(Option::as_mut)
}
