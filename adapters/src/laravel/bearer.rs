//! The bearer token of a request, found where Laravel's `bearerToken` finds it.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use countersign_core::TokenFault;

/// The scheme with its blank; case does not matter.
const SCHEME: &[u8] = b"bearer ";

/// What follows the last `Bearer `, up to a comma.
///
/// # Errors
/// [`TokenFault::Missing`] without that scheme; [`TokenFault::Malformed`] if two headers contradict each other, or the
/// header is no text.
pub fn token(headers: &HeaderMap) -> Result<&str, TokenFault> {
    let mut all = headers.get_all(AUTHORIZATION);
    let header = all.next().ok_or(TokenFault::Missing)?;
    if all.next().is_some() {
        return Err(TokenFault::Malformed);
    }
    let header = header.to_str().map_err(|_| TokenFault::Malformed)?;
    let token = behind_scheme(header).ok_or(TokenFault::Missing)?;
    Ok(token.split_once(',').map_or(token, |(token, _)| token))
}

/// What is behind the last scheme: each ends with a blank, of which there are few.
fn behind_scheme(header: &str) -> Option<&str> {
    let mut end = header.len();
    loop {
        let blank = header[..end].rfind(' ')?;
        if header.as_bytes()[..=blank].last_chunk::<{ SCHEME.len() }>()?.eq_ignore_ascii_case(SCHEME) {
            return header.get(blank + 1..);
        }
        end = blank;
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(header: &str) -> Result<String, TokenFault> {
        let request = TestRequest::get().insert_header((AUTHORIZATION, header)).to_http_request();
        token(request.headers()).map(str::to_owned)
    }

    #[test]
    fn the_last_scheme_counts_and_a_comma_ends_the_token() {
        for header in
            ["Bearer 1|x", "bearer 1|x", "Bearer Bearer 1|x", "Basic Zm9v, Bearer 1|x", "Bearer 1|x, foo", "BEARER 1|x"]
        {
            assert_eq!(read(header).as_deref(), Ok("1|x"), "{header}");
        }
    }

    #[test]
    fn another_blank_belongs_to_the_token_and_another_scheme_is_none() {
        assert_eq!(read("Bearer  1|x").as_deref(), Ok(" 1|x"));
        assert_eq!(read("Bearer\t1|x"), Err(TokenFault::Missing));
        assert_eq!(read("Basic YWxp"), Err(TokenFault::Missing));
        assert_eq!(read("Bearer"), Err(TokenFault::Missing));
        assert_eq!(read(" "), Err(TokenFault::Missing));
        assert_eq!(read("Basic Bearer"), Err(TokenFault::Missing));
        assert_eq!(read("xBearer 1|x y z").as_deref(), Ok("1|x y z"));
    }
}
