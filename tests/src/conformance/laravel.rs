//! The comparable form of an answer of Laravel.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{exchange::Reply, json::Json, suite::Step};

/// The headers that are compared.
const HEADERS: [&str; 9] = [
    "content-type",
    "location",
    "allow",
    "retry-after",
    "vary",
    "cache-control",
    "www-authenticate",
    "expires",
    "pragma",
];
/// And those that begin so.
const FAMILIES: [&str; 2] = ["x-ratelimit-", "access-control-"];
/// What stands for a page of HTML.
const PAGE: &str = "<page>";
/// Numbers of rows.
const NUMBERS: [&str; 2] = ["id", "tokenable_id"];
/// The lives of cookies, which a slow answer makes a little shorter: a session's, and 400 days.
const LIVES: [i64; 2] = [7_200, 34_560_000];

static TOKEN: LazyLock<Regex> = LazyLock::new(|| pattern("[0-9]+[|](?:[A-Za-z0-9]+_)?([A-Za-z0-9]{40})([0-9a-f]{8})"));
static MOMENT: LazyLock<Regex> = LazyLock::new(|| {
    pattern("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")
});
static SECONDS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?-u:\b)in [0-9]+ seconds?(?-u:\b)"));

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern")
}

/// Puts an answer to `path` into its comparable form.
pub fn normal(step: &Step, reply: &Reply, host: &str, path: &str) -> Json {
    let texts = Texts { host, number: path.rsplit('/').next().filter(|last| last.parse::<u64>().is_ok()) };
    let mut headers: Vec<_> = reply.headers.iter().filter(|(name, _)| is_compared(name)).collect();
    headers.sort_unstable();
    let headers = headers.into_iter().map(|(name, value)| (name.clone(), texts.header(step, name, value))).collect();
    let is_html = reply.header("content-type").is_some_and(|kind| kind.to_lowercase().starts_with("text/html"));
    let body = match &reply.body {
        Json::Text(text) if is_html && is_page(text) => Json::text(PAGE),
        body => texts.value(None, body),
    };
    let mut seen = Json::object([("status", Json::from(i64::from(reply.status))), ("headers", Json::Object(headers))]);
    if !reply.cookies.is_empty() {
        let mut cookies: Vec<String> = reply.cookies.iter().map(|cookie| shape(cookie)).collect();
        cookies.sort_unstable();
        seen.set("cookies", Json::List(cookies.into_iter().map(Json::Text).collect()));
    }
    seen.set("body", body);
    if reply.pretty {
        seen.set("pretty", Json::Bool(true));
    }
    seen
}

fn is_compared(name: &str) -> bool {
    HEADERS.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family))
}

fn is_page(text: &str) -> bool {
    let begin: String = text.trim_start().chars().take(9).collect::<String>().to_lowercase();
    begin == "<!doctype" || begin.starts_with("<html")
}

/// What is put down in texts.
struct Texts<'a> {
    host: &'a str,
    /// The number that the path ends with.
    number: Option<&'a str>,
}

impl Texts<'_> {
    fn header(&self, step: &Step, name: &str, value: &str) -> Json {
        let number = value.parse::<u64>().ok();
        Json::Text(match name {
            "content-type" => value.split(';').map(str::trim).collect::<Vec<_>>().join("; ").to_lowercase(),
            "allow" => list(value),
            "vary" | "cache-control" | "access-control-allow-methods" | "access-control-allow-headers" => {
                list(&value.to_lowercase())
            }
            "x-ratelimit-remaining" if !step.exact_rate && number.is_some() => "<int>".to_owned(),
            "retry-after" | "x-ratelimit-reset" if number.is_some_and(|number| number > 0) => "<int>".to_owned(),
            "expires" => "<date>".to_owned(),
            _ => self.text(value),
        })
    }

    fn value(&self, name: Option<&str>, value: &Json) -> Json {
        match value {
            Json::Object(members) => {
                let seen = |(name, value): &(String, Json)| (name.clone(), self.value(Some(name), value));
                Json::Object(members.iter().map(seen).collect())
            }
            Json::List(items) => Json::List(items.iter().map(|item| self.value(None, item)).collect()),
            Json::Text(text) => Json::Text(self.text(text)),
            number if number.as_int().is_some() && name.is_some_and(|name| NUMBERS.contains(&name)) => {
                Json::text("<int>")
            }
            other => other.clone(),
        }
    }

    fn text(&self, text: &str) -> String {
        let text = text.replace(&format!("http://{}", self.host), "{{base}}");
        let text = TOKEN.replace_all(&text, |token: &Captures| {
            let is_whole = format!("{:08x}", crc32fast::hash(token[1].as_bytes())) == token[2];
            if is_whole { "<token>" } else { "<token with a wrong checksum>" }
        });
        let text = MOMENT.replace_all(&text, |moment: &Captures| {
            let digits = moment.get(1).map_or(0, |fraction| fraction.len() - 1);
            format!("<time .{digits}{}>", &moment[2])
        });
        let text = SECONDS.replace_all(&text, "in <n> seconds");
        // "No query results for model [App\\Models\\Token] 17".
        match self.number.and_then(|number| text.strip_suffix(&format!("] {number}"))) {
            Some(before) => format!("{before}] <number>"),
            None => text.into_owned(),
        }
    }
}

/// The items of a header that lists them, whatever their order.
fn list(value: &str) -> String {
    let mut items: Vec<&str> = value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    items.sort_unstable();
    items.dedup();
    items.join(", ")
}

/// Name and attributes of a cookie; of its value, whether there is one.
fn shape(cookie: &str) -> String {
    let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let has_value = !value.is_empty() && value != "deleted";
    let attribute = |wanted: &str| {
        let named =
            attributes.split(';').map(|attribute| attribute.trim().split_once('=').unwrap_or((attribute.trim(), "")));
        { named }.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    };
    let mut parts = vec![format!("{name}={}", if has_value { "..." } else { "" })];
    if attribute("expires").is_some() {
        parts.push("expires".to_owned());
    }
    if let Some(age) = attribute("max-age") {
        parts.push(format!("max-age={}", life(age)));
    }
    for name in ["path", "domain"] {
        parts.extend(attribute(name).map(|value| format!("{name}={value}")));
    }
    for name in ["secure", "httponly"] {
        parts.extend(attribute(name).map(|_| name.to_owned()));
    }
    parts.extend(attribute("samesite").map(|value| format!("samesite={}", value.to_lowercase())));
    parts.join("; ")
}

fn life(age: &str) -> String {
    match age.parse::<i64>() {
        Ok(age) if age <= 0 => "deleted".to_owned(),
        Ok(age) => LIVES.into_iter().find(|life| (life - age).abs() <= 5).unwrap_or(age).to_string(),
        Err(_) => age.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(texts: &Texts, body: &str) -> String {
        texts.value(None, &Json::read(body).unwrap()).to_string()
    }

    #[test]
    fn what_differs_from_run_to_run_is_put_down_by_its_shape() {
        let texts = Texts { host: "127.0.0.1:80", number: Some("17") };
        let body = r#"{"id":7,"n":7,"at":"2026-11-22T04:00:00.000000Z","m":"Try again in 1 second."}"#;
        let seen = r#"{"id":"<int>","n":7,"at":"<time .6Z>","m":"Try again in <n> seconds."}"#;
        assert_eq!(said(&texts, body), seen);
        let secret = "OkBBfrrfCeSXcwH63uolX0ktIgYlHgHuyk8oo7zT";
        let tokens = format!(r#"["1|{secret}19c8c821","1|{secret}19c8c822"]"#);
        assert_eq!(said(&texts, &tokens), r#"["<token>","<token with a wrong checksum>"]"#);
        assert_eq!(
            said(&texts, r#"["[M] 17","[M] 18","http://127.0.0.1:80/a"]"#),
            r#"["[M] <number>","[M] 18","{{base}}/a"]"#
        );
    }

    #[test]
    fn a_cookie_is_its_name_and_attributes() {
        let cookie =
            "laravel-session=x%3D; expires=Sat, 21 Nov 2026 23:36:59 GMT; Max-Age=7199; path=/; httponly; samesite=lax";
        assert_eq!(shape(cookie), "laravel-session=...; expires; max-age=7200; path=/; httponly; samesite=lax");
        assert_eq!(shape("a=deleted; Max-Age=0; Secure"), "a=; max-age=deleted; secure");
    }
}
