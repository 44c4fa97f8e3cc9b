//! URLs with a password in them, as people may see them.

use countersign_adapters::settings::MASK;

/// Parameters of a connection URL that hold a secret.
const SECRET_PARAMETERS: [&str; 3] = ["password", "passwd", "sslpassword"];

/// The URL with its password masked.
pub fn masked(url: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(url, query)| (url, Some(query)));
    let query = query.map(|query| query.split('&').map(mask_parameter).collect::<Vec<_>>().join("&"));
    let address = mask_authority(address);
    query.map_or_else(|| address.clone(), |query| format!("{address}?{query}"))
}

/// Masks `PASSWORD` in `scheme://user:PASSWORD@host/…`.
fn mask_authority(address: &str) -> String {
    // The last `@`: a password may hold one unescaped.
    let parts = address.split_once("://").and_then(|(scheme, rest)| {
        let (user_info, host) = rest.rsplit_once('@')?;
        let (user, _) = user_info.split_once(':')?;
        Some(format!("{scheme}://{user}:{MASK}@{host}"))
    });
    parts.unwrap_or_else(|| address.to_owned())
}

fn mask_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if SECRET_PARAMETERS.contains(&name) => format!("{name}={MASK}"),
        _ => parameter.to_owned(),
    }
}
