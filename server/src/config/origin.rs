//! The address under which clients reach the server.

use countersign_adapters::origin::Origin;

/// The check of a base URL: an origin, maybe with a path, without a slash at the end; or empty.
pub fn base_url(url: &str) -> Result<(), String> {
    if url.is_empty() {
        return Ok(());
    }
    let start = url.find("://").map_or(0, |at| at + 3);
    let path = url[start..].find('/').map_or("", |at| &url[start + at..]);
    Origin::parse(&url[..url.len() - path.len()])?;
    if path.ends_with('/') {
        return Err(format!("ends with a slash; write \"{}\"", url.trim_end_matches('/')));
    }
    if path.contains(['?', '#']) || path.contains(char::is_whitespace) {
        return Err("has more than scheme, host, port and path".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_may_have_a_path() {
        for right in ["", "https://id.example.org", "https://example.org:8443/id", "http://127.0.0.1:8000"] {
            assert_eq!(base_url(right), Ok(()), "{right}");
        }
        for wrong in ["https://a/", "a.example", "https://a/b?c", "https://a/b/", "/b"] {
            assert!(base_url(wrong).is_err(), "{wrong}");
        }
    }
}
