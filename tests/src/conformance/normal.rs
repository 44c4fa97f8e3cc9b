//! The comparable form of an answer.

use super::{exchange::Reply, json::Json, jwt, suite::Step, values::Values};

/// The headers that are compared.
pub const HEADERS: [&str; 7] =
    ["content-type", "www-authenticate", "allow", "vary", "retry-after", "location", "content-language"];

/// What stands for a page of HTML: the framework's own pages are no part of an API.
pub const PAGE: &str = "<html page>";

/// Captured texts of this length and more are recognised in answers.
const TELLING: usize = 16;

/// Puts an answer into its comparable form. To be called before the step's own captures are stored, so that a token
/// that is new is `<hex40>` and one that was seen before `{{its name}}`.
pub fn normal(step: &Step, reply: &Reply, host: &str, values: &Values) -> Json {
    let headers: Vec<_> = HEADERS
        .iter()
        .filter_map(|&name| Some((name.to_owned(), Json::Text(header(name, reply.header(name)?, host)))))
        .collect();
    let is_page = headers
        .iter()
        .any(|(name, value)| name == "content-type" && value.as_text().is_some_and(|kind| kind.contains("html")));
    let body = if is_page {
        Json::text(PAGE)
    } else {
        let known = reply.body.map_texts(&|text| recognised(text, host, values));
        step.normal.members().iter().fold(known, |body, (path, rule)| {
            let path: Vec<&str> = path.split('.').filter(|part| !part.is_empty()).collect();
            at(&body, &path, &|value| put_down(rule.as_text().unwrap_or_default(), value, values))
        })
    };
    Json::object([("status", Json::from(i64::from(reply.status))), ("headers", Json::Object(headers)), ("body", body)])
}

/// The value at a path such as `auth_token` or `@sleeper.id`, which is the `id` of the item whose user name is that; the
/// empty path is the whole.
pub fn find<'a>(body: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.').filter(|part| !part.is_empty()).try_fold(body, |value, part| match part.strip_prefix('@') {
        Some(name) => value.items().iter().find(|item| item.get("username").and_then(Json::as_text) == Some(name)),
        None => value.get(part),
    })
}

fn header(name: &str, value: &str, host: &str) -> String {
    match name {
        "allow" | "vary" => {
            let mut parts: Vec<&str> = value.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
            parts.sort_unstable();
            parts.join(", ")
        }
        "content-type" => {
            let parts: Vec<&str> = value.split(';').map(str::trim).collect();
            parts.join("; ").to_lowercase()
        }
        "location" => value.replace(&format!("http://{host}"), ""),
        _ => value.to_owned(),
    }
}

/// A captured value by its name; the server's own address as a placeholder.
fn recognised(text: &str, host: &str, values: &Values) -> Json {
    let known = |value: &Json| text.len() >= TELLING && value.as_text() == Some(text);
    if let Some((name, _)) = values.captured().iter().find(|(_, value)| known(value)) {
        return Json::Text(format!("{{{{{name}}}}}"));
    }
    Json::Text(text.replace(&format!("http://{host}"), "{{base}}").replace(host, "{{host}}"))
}

/// Changes the value at a path; `*` is every item of a list.
fn at(value: &Json, path: &[&str], change: &dyn Fn(&Json) -> Json) -> Json {
    match (path, value) {
        ([], _) => change(value),
        (["*", rest @ ..], Json::List(items)) => Json::List(items.iter().map(|item| at(item, rest, change)).collect()),
        ([name, rest @ ..], Json::Object(members)) => {
            let changed = |(known, value): &(String, Json)| {
                (known.clone(), if known == name { at(value, rest, change) } else { value.clone() })
            };
            Json::Object(members.iter().map(changed).collect())
        }
        _ => value.clone(),
    }
}

/// Puts a value down as the rule says; a value that breaks the rule stays as it is.
fn put_down(rule: &str, value: &Json, values: &Values) -> Json {
    let text = value.as_text().unwrap_or_default();
    if text.starts_with("{{") && text.ends_with("}}") {
        return value.clone();
    }
    let (rule, rest) = rule.split_once(' ').unwrap_or((rule, ""));
    match rule {
        "hex40" if is_hex(text, 40) => Json::text("<hex40>"),
        "id" => number(value, values),
        "jwt" => token(text, values),
        "begins" if text.starts_with(rest) => Json::Text(format!("{rest}...")),
        "users" => users(value, rest),
        "hex40" | "begins" => value.clone(),
        _ => panic!("no rule {rule:?}"),
    }
}

/// A number of a user, by the name that it was captured under.
fn number(value: &Json, values: &Values) -> Json {
    match owner(values, |id| id == value) {
        Some(name) => Json::Text(format!("<id {name}>")),
        None if value.as_int().is_some() => Json::text("<int>"),
        None if value.as_text().is_some() => Json::text("<str>"),
        None => value.clone(),
    }
}

/// The first captured `…_id` that is meant.
fn owner(values: &Values, is_meant: impl Fn(&Json) -> bool) -> Option<&str> {
    let fits = |(name, value): &&(String, Json)| name.ends_with("_id") && is_meant(value);
    values.captured().iter().find(fits).map(|(name, _)| name.as_str())
}

/// A JWT: its header and claims, the moments as a lifetime.
fn token(text: &str, values: &Values) -> Json {
    let Some((header, mut claims)) = jwt::parts(text) else {
        let cut: String = text.chars().take(80).collect();
        return Json::object([("<not a jwt>", Json::Text(cut))]);
    };
    let mut second = |name| claims.remove(name).and_then(|moment| moment.as_int()).unwrap_or(0);
    let life = second("exp") - second("iat");
    // The clock may tick between the two.
    let whole = (life + 30).div_euclid(60) * 60;
    let life = if (life - whole).abs() <= 2 { whole } else { life };
    let jti = claims.remove("jti").unwrap_or_else(|| Json::text(""));
    let jti = if is_hex(jti.as_text().unwrap_or_default(), 32) { Json::text("<hex32>") } else { jti };
    let user = claims.remove("user_id").unwrap_or(Json::Null);
    let kind = if user.as_text().is_some() { "str" } else { "int" };
    let plain = |value: &Json| value.as_text().map_or_else(|| value.to_string(), str::to_owned);
    let user = match owner(values, |id| plain(id) == plain(&user)) {
        Some(name) => Json::Text(format!("<{kind} {name}>")),
        None => user,
    };
    let mut shown = Json::object([("lifetime", Json::from(life)), ("jti", jti), ("user_id", user)]);
    for (name, value) in claims.members() {
        shown.set(name, value.clone());
    }
    Json::object([("<jwt>", Json::object([("header", header), ("claims", shown)]))])
}

/// A list of users: its shape, and whether these are in it.
fn users(value: &Json, names: &str) -> Json {
    if !matches!(value, Json::List(_)) {
        return value.clone();
    }
    let mut keys: Vec<&str> = value.items().iter().flat_map(Json::members).map(|(name, _)| name.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    let is_in =
        |name: &str| value.items().iter().any(|user| user.get("username").and_then(Json::as_text) == Some(name));
    let has = names.split(' ').map(|name| (name.to_owned(), Json::Bool(is_in(name)))).collect();
    let seen = Json::object([
        ("keys", Json::List(keys.into_iter().map(Json::text).collect())),
        ("more_than_one", Json::Bool(value.items().len() > 1)),
        ("has", Json::Object(has)),
    ]);
    Json::object([("<users>", seen)])
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";

    /// The comparable body of an answer, under these rules.
    fn body(rules: &str, body: &str) -> String {
        let mut values = Values::new("secret");
        values.capture("ada_id", Some(Json::from(7)));
        values.capture("ada_token", Some(Json::text(TOKEN)));
        let step = format!(r#"{{"id":"x-1","group":"x","about":"x","normal":{rules}}}"#);
        let step: Step = serde_json::from_str(&step).unwrap();
        let reply = Reply {
            status: 200,
            headers: Vec::new(),
            cookies: Vec::new(),
            pretty: false,
            body: Json::read(body).unwrap(),
        };
        normal(&step, &reply, "127.0.0.1:80", &values).get("body").unwrap().to_string()
    }

    #[test]
    fn what_differs_from_run_to_run_is_put_down_by_its_shape() {
        let rules = r#"{"id":"id","token":"hex40"}"#;
        assert_eq!(body(rules, r#"{"id":7,"token":"x"}"#), r#"{"id":"<id ada_id>","token":"x"}"#);
        let other = "f".repeat(40);
        let answer = format!(r#"{{"token":"{other}","id":8}}"#);
        assert_eq!(body(rules, &answer), r#"{"token":"<hex40>","id":"<int>"}"#);
        assert_eq!(body(rules, &format!(r#"{{"token":"{TOKEN}"}}"#)), r#"{"token":"{{ada_token}}"}"#);
        assert_eq!(body(r#"{"*.id":"id"}"#, r#"[{"id":7},{"id":null}]"#), r#"[{"id":"<id ada_id>"},{"id":null}]"#);
        assert_eq!(body(r#"{"a":"begins JSON - "}"#, r#"{"a":"JSON - b"}"#), r#"{"a":"JSON - ..."}"#);
        assert_eq!(body("{}", r#"["http://127.0.0.1:80/a","at 127.0.0.1:80"]"#), r#"["{{base}}/a","at {{host}}"]"#);
    }

    #[test]
    fn a_jwt_is_its_header_and_claims() {
        let [header, claims] =
            [r#"{"alg":"HS256"}"#, r#"{"exp":1301,"iat":1000,"jti":"x","user_id":"7","token_type":"access"}"#];
        let [header, claims] = [header, claims]
            .map(|part| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, part));
        let seen = r#"{"lifetime":300,"jti":"x","user_id":"<str ada_id>","token_type":"access"}"#;
        assert_eq!(
            body(r#"{"a":"jwt"}"#, &format!(r#"{{"a":"{header}.{claims}.s"}}"#)),
            format!(r#"{{"a":{{"<jwt>":{{"header":{{"alg":"HS256"}},"claims":{seen}}}}}}}"#)
        );
        assert_eq!(body(r#"{"a":"jwt"}"#, r#"{"a":"x"}"#), r#"{"a":{"<not a jwt>":"x"}}"#);
    }
}
