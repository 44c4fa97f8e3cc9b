//! What `serve` says when it listens: where the documents are, and one command to try.

use countersign_adapters::Dialect;

use crate::{config::Settings, store::Backend};

/// A first request for those adapters that can create a user: path below the prefix and body.
const FIRST_STEPS: [(&str, &str, &str); 3] = [
    ("minimal", "/register", r#"{"login":"ada","password":"Zx9-quokka-77"}"#),
    ("djoser", "/users/", r#"{"username":"ada","password":"Zx9-quokka-77"}"#),
    ("hotel", "/register", r#"{"email":"ada@example.org","password":"Zx9-quokka-77"}"#),
];

/// The lines.
pub fn text(settings: &Settings, backend: Backend) -> String {
    let base = settings.server.public_url();
    let dialects: Vec<_> = settings.mounts.iter().map(|mount| mount.adapter.as_str()).collect();
    format!(
        "Countersign listens on {base}\n  \
           dialects    {}\n  \
           database    {backend}\n  \
           Swagger UI  {base}/docs/\n  \
           try         {}",
        dialects.join(", "),
        first_step(settings, &base),
    )
}

fn first_step(settings: &Settings, base: &str) -> String {
    let step = FIRST_STEPS.iter().find_map(|(adapter, path, body)| {
        let mount = settings.mounts.iter().find(|mount| mount.adapter == *adapter)?;
        let documented = Dialect::named(adapter).map(|dialect| dialect.prefix.to_owned());
        let prefix = mount.prefix.clone().or(documented)?;
        Some(format!("curl -s {base}{prefix}{path} -H 'Content-Type: application/json' -d '{body}'"))
    });
    step.unwrap_or_else(|| format!("curl -s {base}/health/ready"))
}
