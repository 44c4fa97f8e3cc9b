//! Mails in their comparable form, and the links in them.

use crate::received::Received;

use super::{json::Json, suite};

/// A link of the front end: `http://HOST/#/WHERE/UID/TOKEN`.
struct Link<'a> {
    whole: &'a str,
    uid: &'a str,
    token: &'a str,
}

/// The first link of a text.
fn link(text: &str) -> Option<Link<'_>> {
    let words = text.split(|character: char| character.is_whitespace() || "\"<>".contains(character));
    words.filter(|word| word.starts_with("http") && word.contains("/#/")).find_map(|whole| {
        let (rest, token) = whole.rsplit_once('/')?;
        let (_, uid) = rest.rsplit_once('/')?;
        Some(Link { whole, uid, token })
    })
}

/// What a step captures from a mail: `uid` or `token`.
pub fn found(mail: &Received, what: &str) -> Option<Json> {
    let link = link(&mail.text)?;
    match what {
        "uid" => Some(Json::text(link.uid)),
        "token" => Some(Json::text(link.token)),
        _ => None,
    }
}

/// What a step captures of the link in this text whose path begins as it says.
pub fn captured(text: &str, wanted: &suite::Link) -> Option<Json> {
    let words = text.split(|character: char| character.is_whitespace() || "\"<>()[]".contains(character));
    let paths = words.filter_map(|word| {
        let (_, behind) = word.split_once("://")?;
        behind.find('/').map(|at| &behind[at..])
    });
    let path = { paths }.find(|path| path.starts_with(&wanted.path))?;
    if !wanted.token {
        return Some(Json::text(path));
    }
    let (path, _) = path.split_once('?').unwrap_or((path, ""));
    path.rsplit_once('/').map(|(_, token)| Json::text(token))
}

/// How many came, and the last of them if one was wanted.
pub fn normal(fresh: &[Received], wanted: bool, host: &str) -> Json {
    let mut seen = Json::object([("count", Json::from(i64::try_from(fresh.len()).unwrap_or(i64::MAX)))]);
    let Some(mail) = fresh.last().filter(|_| wanted) else { return seen };
    let link = link(&mail.text);
    let anonymous = |text: &str| {
        let text = link.as_ref().map_or_else(
            || text.to_owned(),
            |link| text.replace(&format!("/{}/{}", link.uid, link.token), "/<uid>/<token>"),
        );
        Json::Text(text.replace(host, "{{host}}"))
    };
    seen.set("subject", anonymous(&mail.subject));
    seen.set("link", link.as_ref().map_or(Json::Null, |link| anonymous(link.whole)));
    seen.set("token_shape", Json::Bool(link.as_ref().is_some_and(|link| is_token(link.token))));
    let content_type = mail.headers("Content-Type").first().copied().unwrap_or_default();
    seen.set("content_type", Json::text(content_type.split(';').next().unwrap_or_default()));
    seen.set("text", anonymous(mail.text.trim()));
    seen.set("html", mail.html.as_deref().map_or(Json::Null, |html| anonymous(html.trim())));
    seen
}

/// Django's: the moment in base 36, a dash, and 32 hex digits.
fn is_token(token: &str) -> bool {
    token.split_once('-').is_some_and(|(moment, mac)| {
        let lower = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        moment.len() >= 6 && moment.bytes().all(lower) && mac.len() == 32 && mac.bytes().all(hex)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_found_by_how_its_path_begins() {
        let text = "[Reset](http://localhost:3000/password-reset/ab12?email=a%40b.c) or http://h:1/other/x";
        let link = |members: &str| {
            let link = format!(r#"{{"name":"x","to":"a@b.c"{members}}}"#);
            captured(text, &serde_json::from_str(&link).unwrap())
        };
        let whole = Json::text("/password-reset/ab12?email=a%40b.c");
        assert_eq!(link(r#","path":"/password-reset/""#), Some(whole));
        assert_eq!(link(r#","path":"/password-reset/","token":true"#), Some(Json::text("ab12")));
        assert_eq!(link(r#","path":"/verify-email/""#), None);
    }
}
