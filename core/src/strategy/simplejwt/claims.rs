//! What `PyJWT` 2 and simplejwt make of a text: their checks in their order, over claims of any type.
//!
//! Every claim may be anything that JSON has: whoever holds the key may sign anything, and a client's library may have
//! rewritten a token of ours. Where simplejwt fails with 500 (an `exp` that is text, a `user_id` that is no number), the
//! token is refused here.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chrono::DateTime;
use serde::Serialize;
use serde_json::{Map, Value};

use super::foreign::Foreign;
use crate::{
    error::{ClaimFault, TokenFault},
    model::{Timestamp, UserId},
    strategy::jws::{CLOCK_SKEW_SECONDS, Holder, JwtKey, JwtKeys, MAX_LENGTH, Named},
};

/// The end of the year 9999, where Python's dates end.
const LAST_SECOND: i64 = 253_402_300_799;

/// `token_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TokenType {
    Access,
    Refresh,
}

impl TokenType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

/// A token that passed.
#[derive(Debug)]
pub(super) struct Read {
    /// What signed it.
    pub(super) key: Arc<JwtKey>,
    /// `jti`.
    pub(super) jti: String,
    /// `exp`, or when the key checks no more.
    pub(super) expires_at: Timestamp,
    /// `exp`.
    pub(super) ends_at: Timestamp,
    /// Does `token_type` say that it is a refresh token?
    pub(super) is_refresh: bool,
    user_id: Option<Value>,
    /// What else is seen of one that another simplejwt signed.
    pub(super) foreign: Option<Foreign>,
}

impl Read {
    /// Whom the token names: a number, or a text that is one.
    pub(super) fn user(&self) -> Result<UserId, TokenFault> {
        let number = match &self.user_id {
            // Django asks the database for a null, which nobody's number is.
            Some(Value::Null) => return Err(ClaimFault::UnknownUser.into()),
            Some(value) => int(value).ok_or(ClaimFault::NoUser)?,
            None => return Err(ClaimFault::NoUser.into()),
        };
        number.try_into().map(UserId).map_err(|_| ClaimFault::UnknownUser.into())
    }
}

/// Signature and form, then `iat`, `nbf`, `exp`, `sub` and `jti` as `PyJWT` checks them, then what simplejwt requires;
/// with `None` of either type.
pub(super) fn read(
    keys: &JwtKeys,
    token: &str,
    now: Timestamp,
    expected: Option<TokenType>,
) -> Result<Read, TokenFault> {
    let (holder, mut claims) = open(keys, now, token).ok_or(TokenFault::Malformed)?;
    let foreign = holder.key.foreign();
    let expires_at = timely(&claims, now)?;
    if foreign.is_some_and(|tokens| !tokens.is_addressed(&claims)) {
        return Err(TokenFault::Malformed);
    }
    let [id_claim, type_claim, user_claim] = foreign.map_or(["jti", "token_type", "user_id"], |tokens| {
        [&tokens.jti_claim, &tokens.token_type_claim, &tokens.user_id_claim].map(String::as_str)
    });
    let is_text = |name: &str| claims.get(name).is_none_or(Value::is_string);
    if !is_text("sub") || !is_text("jti") {
        return Err(TokenFault::Malformed);
    }
    let expires_at = expires_at.ok_or(ClaimFault::NoExpiry)?;
    // PyJWT compared a text as the number that it holds; simplejwt takes numbers alone.
    if claims.get("exp").is_some_and(Value::is_string) {
        return Err(TokenFault::Malformed);
    }
    let expires_at = i64::try_from(expires_at).ok().filter(|exp| *exp <= LAST_SECOND);
    let expires_at = expires_at.and_then(|exp| DateTime::from_timestamp(exp, 0));
    let ends_at = expires_at.ok_or(TokenFault::Malformed)?;
    let Some(Value::String(jti)) = claims.remove(id_claim) else { return Err(ClaimFault::NoId.into()) };
    if let Some(expected) = expected {
        let found = claims.get(type_claim).ok_or(ClaimFault::NoType)?;
        if found.as_str() != Some(expected.as_str()) {
            return Err(ClaimFault::WrongType.into());
        }
    }
    let is_refresh = claims.get(type_claim).and_then(Value::as_str) == Some(TokenType::Refresh.as_str());
    let (expires_at, user_id) = (holder.end(ends_at), claims.remove(user_claim));
    let foreign = foreign.map(|tokens| Foreign::new(tokens, &claims, claims.get("iat").and_then(int)));
    Ok(Read { key: holder.key, jti, expires_at, ends_at, is_refresh, user_id, foreign })
}

/// `iat`, `nbf` and `exp`, each of which may be absent; answers `exp`.
fn timely(claims: &Map<String, Value>, now: Timestamp) -> Result<Option<i128>, TokenFault> {
    let now = i128::from(now.timestamp());
    let time = |name: &str| claims.get(name).map(|value| int(value).ok_or(TokenFault::Malformed)).transpose();
    if time("iat")?.is_some_and(|iat| iat > now + i128::from(CLOCK_SKEW_SECONDS)) {
        return Err(TokenFault::Malformed);
    }
    if time("nbf")?.is_some_and(|nbf| nbf > now) {
        return Err(TokenFault::Malformed);
    }
    let exp = time("exp")?;
    if exp.is_some_and(|exp| exp <= now) { Err(TokenFault::Expired) } else { Ok(exp) }
}

/// The claims of a token that one of these keys signed, and which. A `kid` that names none of them is not looked at, as
/// `PyJWT` looks at none.
fn open(keys: &JwtKeys, now: Timestamp, token: &str) -> Option<(Holder, Map<String, Value>)> {
    if token.len() > MAX_LENGTH {
        return None;
    }
    let (message, signature) = token.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    let (header, payload) = (object(header)?, segment(payload)?);
    segment(signature)?;
    let algorithm = header.get("alg")?.as_str()?;
    let kid = header.get("kid").map(|kid| kid.as_str().ok_or(())).transpose().ok()?;
    if header.get("b64") == Some(&Value::Bool(false)) || header.contains_key("crit") {
        return None;
    }
    let named = Named { algorithm, kid: kid.filter(|kid| keys.knows(kid)) };
    let signature = signature.trim_end_matches('=');
    let ours = keys.holder(now, named, message, signature);
    let holder = ours.or_else(|| keys.foreign_holder(now, algorithm, message, signature))?;
    Some((holder, serde_json::from_slice(&payload).ok()?))
}

fn object(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&segment(text)?).ok()
}

/// base64url in its canonical form; `PyJWT` takes it with its padding as well.
fn segment(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim_end_matches('=');
    let padding = text.len() - bare.len();
    let is_padded_well = padding == 0 || (padding <= 2 && text.len().is_multiple_of(4));
    is_padded_well.then(|| BASE64.decode(bare).ok()).flatten()
}

/// Python's `int()` of a value of JSON; beyond an `i128` it is as good as at its end.
fn int(value: &Value) -> Option<i128> {
    match value {
        Value::Bool(bool) => Some(i128::from(*bool)),
        Value::Number(number) => {
            let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
            // What follows the point is cut off, which is what `as` does.
            #[expect(clippy::cast_possible_truncation, reason = "int() of a float")]
            whole.or_else(|| number.as_f64().map(|float| float as i128))
        }
        Value::String(text) => int_of_text(text),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Digits, perhaps with a sign before them, blanks around them, and single underscores between them.
fn int_of_text(text: &str) -> Option<i128> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_group = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    if !digits.split('_').all(is_group) {
        return None;
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let next = |number: i128, digit: u32| number.saturating_mul(10).saturating_add(sign * i128::from(digit));
    Some(digits.chars().filter_map(|digit| digit.to_digit(10)).fold(0, next))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_767_355_200;

    fn keys() -> JwtKeys {
        JwtKeys::of_secret(b"a secret of thirty-two bytes, ok")
    }

    fn key() -> Arc<JwtKey> {
        keys().signer(DateTime::default()).unwrap()
    }

    /// The claims of a refresh token that is good, with these in their place; a null takes a claim away.
    fn claims(changes: &Value) -> Value {
        let mut all = json!({"token_type": "refresh", "exp": NOW + 60, "iat": NOW, "jti": "a", "user_id": "7"});
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                all.as_object_mut().unwrap().remove(name)
            } else {
                None
            };
            if !value.is_null() {
                all[name] = value.clone();
            }
        }
        all
    }

    fn judge(claims: &Value) -> Result<Read, TokenFault> {
        let now = DateTime::from_timestamp(NOW, 500_000_000).unwrap();
        read(&keys(), &key().sign(claims).unwrap(), now, Some(TokenType::Refresh))
    }

    fn fault(claims: &Value) -> Option<TokenFault> {
        judge(claims).err()
    }

    #[test]
    fn claims_are_checked_in_simplejwts_order() {
        let (malformed, expired) = (TokenFault::Malformed, TokenFault::Expired);
        for (changes, expected) in [
            (json!({"iat": NOW + 3600, "exp": NOW - 1}), malformed),
            (json!({"nbf": NOW + 1, "exp": NOW - 1}), malformed),
            (json!({"exp": NOW, "jti": 5}), expired),
            (json!({"exp": NOW - 60, "jti": null, "token_type": null}), expired),
            (json!({"sub": 5, "exp": null}), malformed),
            (json!({"jti": 5, "exp": null}), malformed),
            (json!({"exp": null, "jti": null, "token_type": "access"}), ClaimFault::NoExpiry.into()),
            (json!({"jti": null, "token_type": null}), ClaimFault::NoId.into()),
            (json!({"token_type": null, "user_id": null}), ClaimFault::NoType.into()),
            (json!({"token_type": "access", "user_id": null}), ClaimFault::WrongType.into()),
            (json!({"token_type": ["refresh"]}), ClaimFault::WrongType.into()),
        ] {
            assert_eq!(fault(&claims(&changes)), Some(expected), "{changes}");
        }
        assert_eq!(judge(&claims(&json!({}))).unwrap().user(), Ok(UserId(7)));
    }

    #[test]
    fn times_are_whatever_python_makes_a_number_of() {
        let huge = json!(1e300);
        for (changes, expected) in [
            (json!({"exp": 1_767_355_200.9}), Some(TokenFault::Expired)),
            (json!({"exp": 1_767_355_201.1}), None),
            (json!({"exp": "abc"}), Some(TokenFault::Malformed)),
            (json!({"exp": "100"}), Some(TokenFault::Expired)),
            (json!({"exp": "9999999999"}), Some(TokenFault::Malformed)),
            (json!({"exp": true}), Some(TokenFault::Expired)),
            (json!({"exp": [NOW + 60]}), Some(TokenFault::Malformed)),
            (json!({"exp": huge}), Some(TokenFault::Malformed)),
            (json!({"exp": -1e300}), Some(TokenFault::Expired)),
            (json!({"exp": LAST_SECOND}), None),
            (json!({"exp": LAST_SECOND + 1}), Some(TokenFault::Malformed)),
            (json!({"iat": huge}), Some(TokenFault::Malformed)),
            (json!({"iat": -1e300, "nbf": false}), None),
            (json!({"iat": " 1_000 ", "nbf": "+5"}), None),
            (json!({"iat": "1__000"}), Some(TokenFault::Malformed)),
            (json!({"nbf": "9999999999"}), Some(TokenFault::Malformed)),
            (json!({"nbf": {}}), Some(TokenFault::Malformed)),
            (json!({"iat": null}), None),
        ] {
            assert_eq!(fault(&claims(&changes)), expected, "{changes}");
        }
        let mut null = claims(&json!({}));
        null["exp"] = Value::Null;
        assert_eq!(fault(&null), Some(TokenFault::Malformed));
    }

    #[test]
    fn a_user_is_named_by_a_number_or_a_text_that_is_one() {
        let user = |value: Value| {
            let mut claims = claims(&json!({}));
            claims["user_id"] = value;
            judge(&claims).unwrap().user()
        };
        for value in [json!(7), json!("7"), json!(" 07 "), json!(7.9), json!("0_7")] {
            assert_eq!(user(value.clone()), Ok(UserId(7)), "{value}");
        }
        for value in [json!("abc"), json!(""), json!("7.0"), json!([7]), json!({})] {
            assert_eq!(user(value.clone()), Err(ClaimFault::NoUser.into()), "{value}");
        }
        for value in [json!(null), json!(1e300), json!("9".repeat(30))] {
            assert_eq!(user(value.clone()), Err(ClaimFault::UnknownUser.into()), "{value}");
        }
        assert_eq!(judge(&claims(&json!({"user_id": null}))).unwrap().user(), Err(ClaimFault::NoUser.into()));
    }

    #[test]
    fn a_header_is_judged_as_pyjwt_does() {
        let good = claims(&json!({}));
        let sign = |header: &str| {
            let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(good.to_string()));
            let signature = key().sign_message(&message);
            format!("{message}.{signature}")
        };
        let now = DateTime::from_timestamp(NOW, 0).unwrap();
        let passes = |token: &str| read(&keys(), token, now, None).is_ok();
        for header in
            [r#"{"alg":"HS256"}"#, r#"{"alg":"HS256","typ":5,"kid":"a","x":{},"b64":true}"#, r#" {"alg":"HS256"}"#]
        {
            assert!(passes(&sign(header)), "{header}");
        }
        for header in [
            "{}",
            "[]",
            "null",
            r#"{"alg":"HS512"}"#,
            r#"{"alg":"none"}"#,
            r#"{"alg":["HS256"]}"#,
            r#"{"alg":"HS256","kid":5}"#,
            r#"{"alg":"HS256","crit":["exp"]}"#,
            r#"{"alg":"HS256","b64":false}"#,
        ] {
            assert!(!passes(&sign(header)), "{header}");
        }
        let token = key().sign(&good).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else { panic!("{token}") };
        assert!(passes(&format!("{header}.{payload}.{signature}=")));
        for broken in [
            String::new(),
            "..".to_owned(),
            format!("{header}.{payload}"),
            format!("{header}.{payload}."),
            format!("{header}.{payload}.{signature}.{signature}"),
            format!("{header}.{payload}.{signature}=="),
            format!("{header}=.{payload}.{signature}"),
            format!("{header}.{payload}.{}", signature.to_lowercase()),
            format!(" {token}"),
            format!("{token}{}", "=".repeat(5000)),
        ] {
            assert!(!passes(&broken), "{broken}");
        }
    }
}
