//! The `Authorization` header as DRF's `TokenAuthentication` (with whatever keyword) and `JWTAuthentication` of `simplejwt` read it.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use countersign_core::{Auth, ClaimFault, TokenFault};
use serde::Serialize;

use super::{language::Language, message::Message};
use crate::{adapter::Adapter, mount::Mount};

/// `TokenAuthentication.keyword`.
pub const KEYWORD: &str = "Token";
/// The schemes of `simplejwt`; unlike `Token` their case counts.
const JWT_SCHEMES: [&[u8]; 2] = [b"Bearer", b"JWT"];

/// A credential, by the scheme that it was sent under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented<'a> {
    /// `Token …`, or the mount's own keyword.
    Token(&'a str),
    /// `Bearer …` or `JWT …`
    Jwt(&'a str),
}

/// Why nobody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unauthenticated {
    /// No header, or another scheme.
    Missing,
    /// The scheme alone.
    NoCredentials,
    /// More than one word behind the scheme.
    Spaces,
    /// Bytes that are no UTF-8.
    InvalidCharacters,
    /// Nothing live with this key.
    Unknown,
    /// Its user is disabled.
    Inactive,
    /// Not exactly one word behind `Bearer`.
    JwtParts,
    /// Behind `Bearer`, and no access token of a live login.
    Jwt(TokenFault),
    /// In the body of one of simplejwt's own views, and no token of a live login.
    SentJwt(TokenFault),
}

/// The body of a 401.
#[derive(Serialize)]
pub(super) struct Body {
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<[TokenMessage; 1]>,
}

/// What `simplejwt` says of each token class that it tried.
#[derive(Serialize)]
struct TokenMessage {
    token_class: &'static str,
    token_type: &'static str,
    message: String,
}

impl Unauthenticated {
    pub(super) fn body(self, language: Language) -> Body {
        let said = |id: &'static str| language.text(&Message::new(id)).into_owned();
        let (detail, code) = match self {
            Self::Missing => ("Authentication credentials were not provided.", None),
            Self::NoCredentials => ("Invalid token header. No credentials provided.", None),
            Self::Spaces => ("Invalid token header. Token string should not contain spaces.", None),
            Self::InvalidCharacters => {
                ("Invalid token header. Token string should not contain invalid characters.", None)
            }
            Self::Unknown => ("Invalid token.", None),
            Self::Inactive => ("User inactive or deleted.", None),
            Self::JwtParts => {
                ("Authorization header must contain two space-delimited values", Some("bad_authorization_header"))
            }
            Self::Jwt(TokenFault::UserInactive) => ("User is inactive", Some("user_inactive")),
            Self::Jwt(TokenFault::Claims(ClaimFault::UnknownUser)) => ("User not found", Some("user_not_found")),
            Self::Jwt(TokenFault::Claims(ClaimFault::PasswordChanged)) => {
                ("The user's password has been changed.", Some("password_changed"))
            }
            Self::Jwt(fault) if !says_token_class(fault) => (sentence(fault), Some(NOT_VALID)),
            Self::Jwt(_) => ("Given token not valid for any token type", Some(NOT_VALID)),
            Self::SentJwt(fault) => (sentence(fault), Some(NOT_VALID)),
        };
        let messages = match self {
            Self::Jwt(fault) if says_token_class(fault) => {
                let message = said(sentence(fault));
                Some([TokenMessage { token_class: "AccessToken", token_type: "access", message }])
            }
            _ => None,
        };
        Body { detail: said(detail), code, messages }
    }
}

/// `InvalidToken.default_code`.
const NOT_VALID: &str = "token_not_valid";

/// Is this fault found by a class of tokens, or behind it, when its user is looked for?
const fn says_token_class(fault: TokenFault) -> bool {
    !matches!(
        fault,
        TokenFault::UserInactive
            | TokenFault::Claims(ClaimFault::NoUser | ClaimFault::UnknownUser | ClaimFault::PasswordChanged)
    )
}

/// What simplejwt says to a token that it does not take.
const fn sentence(fault: TokenFault) -> &'static str {
    match fault {
        TokenFault::Expired => "Token is expired",
        TokenFault::Claims(ClaimFault::NoExpiry) => "Token has no 'exp' claim",
        TokenFault::Claims(ClaimFault::NoId) => "Token has no id",
        TokenFault::Claims(ClaimFault::NoType) => "Token has no type",
        TokenFault::Claims(ClaimFault::WrongType) => "Token has wrong type",
        TokenFault::Claims(ClaimFault::NoUser) => "Token contained no recognizable user identification",
        TokenFault::Spent | TokenFault::Replayed(_) => "Token is blacklisted",
        TokenFault::Missing
        | TokenFault::Malformed
        | TokenFault::Unknown
        | TokenFault::UserInactive
        | TokenFault::Claims(ClaimFault::UnknownUser | ClaimFault::PasswordChanged) => "Token is invalid",
    }
}

impl<'a> Presented<'a> {
    /// The credential itself.
    pub const fn text(self) -> &'a str {
        match self {
            Self::Token(text) | Self::Jwt(text) => text,
        }
    }

    /// The scheme without the credential.
    pub(super) const fn scheme(self) -> Presented<'static> {
        match self {
            Self::Token(_) => Presented::Token(""),
            Self::Jwt(_) => Presented::Jwt(""),
        }
    }

    /// How a refusal of this credential is said.
    pub(super) fn refusal(self, fault: TokenFault) -> Unauthenticated {
        match (self, fault) {
            (Self::Token(_), TokenFault::UserInactive) => Unauthenticated::Inactive,
            (Self::Token(_), _) => Unauthenticated::Unknown,
            (Self::Jwt(_), fault) => Unauthenticated::Jwt(fault),
        }
    }
}

/// Reads the header; `Ok(None)` if it is none of ours. `keyword` is the scheme of the mount's own token.
///
/// # Errors
/// How a header of ours is malformed.
pub fn presented<'a>(headers: &'a HeaderMap, keyword: &str) -> Result<Option<Presented<'a>>, Unauthenticated> {
    let mut headers = headers.get_all(AUTHORIZATION);
    let Some(header) = headers.next() else { return Ok(None) };
    let mut words = header.as_bytes().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let Some(scheme) = words.next() else { return Ok(None) };
    let (word, more) = (words.next(), words.next().is_some() || headers.next().is_some());
    if scheme.eq_ignore_ascii_case(keyword.as_bytes()) {
        match word {
            None => Err(Unauthenticated::NoCredentials),
            Some(_) if more => Err(Unauthenticated::Spaces),
            Some(key) => std::str::from_utf8(key)
                .map(|key| Some(Presented::Token(key)))
                .map_err(|_| Unauthenticated::InvalidCharacters),
        }
    } else if JWT_SCHEMES.contains(&scheme) {
        match word {
            Some(token) if !more => std::str::from_utf8(token)
                .map(|token| Some(Presented::Jwt(token)))
                .map_err(|_| Unauthenticated::Jwt(TokenFault::Malformed)),
            _ => Err(Unauthenticated::JwtParts),
        }
    } else {
        Ok(None)
    }
}

/// The credential that a mount accepts, with the door that it is for: `Token` for the mount's own, `Bearer` and `JWT` for
/// the JWT pair; without a pair they are schemes that nobody reads.
///
/// # Errors
/// As [`presented`].
pub fn accepted<'r, 'm, A: Adapter>(
    headers: &'r HeaderMap,
    mount: &'m Mount<A>,
) -> Result<Option<(Presented<'r>, &'m Auth)>, Unauthenticated> {
    let found = match presented(headers, A::token_scheme(&mount.options).unwrap_or(KEYWORD)) {
        Ok(Some(Presented::Token(_)))
        | Err(Unauthenticated::NoCredentials | Unauthenticated::Spaces | Unauthenticated::InvalidCharacters)
            if !A::takes_token(&mount.options) =>
        {
            Ok(None)
        }
        found => found,
    };
    match (found, &mount.pair) {
        (Err(Unauthenticated::JwtParts | Unauthenticated::Jwt(_)), None) => Ok(None),
        (Err(why), _) => Err(why),
        (Ok(Some(token @ Presented::Token(_))), _) => Ok(Some((token, &mount.auth))),
        (Ok(Some(jwt)), Some(pair)) => Ok(Some((jwt, pair))),
        (Ok(_), _) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{http::header::HeaderValue, test::TestRequest};

    use super::*;

    fn read(header: &[u8]) -> Result<Option<String>, Unauthenticated> {
        read_as("Token", header)
    }

    fn read_as(keyword: &str, header: &[u8]) -> Result<Option<String>, Unauthenticated> {
        let request = TestRequest::default().insert_header((AUTHORIZATION, HeaderValue::from_bytes(header).unwrap()));
        presented(request.to_http_request().headers(), keyword)
            .map(|found| found.map(|presented| format!("{presented:?}")))
    }

    #[test]
    fn the_scheme_token_is_read_in_any_case_and_the_jwt_schemes_in_their_own() {
        for header in ["Token k", "token k", "TOKEN k", "Token\tk", "  Token   k "] {
            assert_eq!(read(header.as_bytes()), Ok(Some("Token(\"k\")".to_owned())), "{header:?}");
        }
        for header in ["Bearer k", "JWT k"] {
            assert_eq!(read(header.as_bytes()), Ok(Some("Jwt(\"k\")".to_owned())), "{header:?}");
        }
        for header in ["", "k", "Basic k", "Token=k", "bearer k", "jwt k", "Tökén k"] {
            assert_eq!(read(header.as_bytes()), Ok(None), "{header:?}");
        }
    }

    #[test]
    fn a_mount_may_have_a_keyword_of_its_own() {
        for (keyword, header) in [("Knox", "kNOX k"), ("Bearer", "bearer k"), ("Bearer", "Bearer k")] {
            assert_eq!(read_as(keyword, header.as_bytes()), Ok(Some("Token(\"k\")".to_owned())), "{header}");
        }
        assert_eq!(read_as("Knox", b"Token k"), Ok(None));
        assert_eq!(read_as("Bearer", b"JWT k"), Ok(Some("Jwt(\"k\")".to_owned())));
    }

    #[test]
    fn a_malformed_header_is_told_apart() {
        assert_eq!(read(b"Token"), Err(Unauthenticated::NoCredentials));
        assert_eq!(read(b"Token a b"), Err(Unauthenticated::Spaces));
        assert_eq!(read(b"Token \xff"), Err(Unauthenticated::InvalidCharacters));
        assert_eq!(read("Token ключ".as_bytes()), Ok(Some("Token(\"ключ\")".to_owned())));
        assert_eq!(read(b"Bearer"), Err(Unauthenticated::JwtParts));
        assert_eq!(read(b"Bearer a b"), Err(Unauthenticated::JwtParts));
    }
}
