//! What was captured, and the templates that use it.
//!
//! `{{alice_token}}` is a captured value; alone in a text it keeps its type. `{{repeat 'a' 60}}` calls a function: what
//! follows its name are texts in quotes, whole numbers and captured names, some of them `key=value`.

use std::cell::RefCell;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

use chrono::TimeDelta;
use countersign_core::env::{Clock as _, SystemClock};

use super::{json::Json, jwt};

/// The values of a run.
pub struct Values {
    captured: Vec<(String, Json)>,
    secret: String,
    /// Names that were used without a value.
    missing: RefCell<Vec<String>>,
}

/// The arguments of a call.
struct Arguments {
    positional: Vec<Json>,
    named: Vec<(String, Json)>,
}

impl Values {
    /// No values; `secret` signs forged JWTs.
    pub fn new(secret: &str) -> Self {
        Self { captured: Vec::new(), secret: secret.to_owned(), missing: RefCell::default() }
    }

    /// Remembers a value under a name, or forgets the name.
    pub fn capture(&mut self, name: &str, value: Option<Json>) {
        match (self.captured.iter_mut().find(|(known, _)| known == name), value) {
            (Some((_, old)), Some(value)) => *old = value,
            (None, Some(value)) => self.captured.push((name.to_owned(), value)),
            (_, None) => self.captured.retain(|(known, _)| known != name),
        }
    }

    /// All that was captured, the oldest name first.
    pub fn captured(&self) -> &[(String, Json)] {
        &self.captured
    }

    /// The names that were used without a value since the last call.
    pub fn take_missing(&self) -> Vec<String> {
        self.missing.take()
    }

    /// The template `template` as text.
    pub fn text(&self, template: &str) -> String {
        plain(&self.value(template))
    }

    /// The value of a template: typed if it is one expression, otherwise text.
    pub fn value(&self, template: &str) -> Json {
        let whole = template.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        if let Some(expression) = whole.filter(|inside| !inside.contains("{{")) {
            return self.evaluate(expression);
        }
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, behind)) = rest.split_once("{{") {
            let Some((expression, behind)) = behind.split_once("}}") else { break };
            text.push_str(before);
            text.push_str(&plain(&self.evaluate(expression)));
            rest = behind;
        }
        Json::Text(text + rest)
    }

    /// A document of templates.
    pub fn document(&self, document: &Json) -> Json {
        document.map_texts(&|template| self.value(template))
    }

    fn evaluate(&self, expression: &str) -> Json {
        let words = words(expression);
        let [name, arguments @ ..] = words.as_slice() else { panic!("an empty expression") };
        if arguments.is_empty() {
            return self.named(name);
        }
        let mut read = Arguments { positional: Vec::new(), named: Vec::new() };
        for word in arguments {
            match word.split_once('=').filter(|_| !word.starts_with('\'')) {
                Some((key, value)) => read.named.push((key.to_owned(), self.argument(value))),
                None => read.positional.push(self.argument(word)),
            }
        }
        self.call(name, &read)
    }

    fn argument(&self, word: &str) -> Json {
        if let Some(quoted) = word.strip_prefix('\'') {
            return Json::text(quoted.trim_end_matches('\''));
        }
        word.parse::<i64>().map_or_else(|_| self.named(word), Json::from)
    }

    fn named(&self, name: &str) -> Json {
        if let Some((_, value)) = self.captured.iter().find(|(known, _)| known == name) {
            return value.clone();
        }
        self.missing.borrow_mut().push(name.to_owned());
        Json::text(format!("UNSET_{name}"))
    }

    fn call(&self, function: &str, arguments: &Arguments) -> Json {
        let first = arguments.positional.first().map(plain).unwrap_or_default();
        let count = || arguments.positional.get(1).and_then(Json::as_int).and_then(|count| usize::try_from(count).ok());
        let second = || arguments.positional.get(1).map(plain);
        Json::Text(match function {
            "text" => first,
            "upper" => first.to_uppercase(),
            "number" => first.split('|').next().unwrap_or_default().to_owned(),
            "moment" => {
                let seconds = arguments.positional.first().and_then(Json::as_int).expect("moment SECONDS");
                (SystemClock.now() + TimeDelta::seconds(seconds)).format("%Y-%m-%d %H:%M:%S").to_string()
            }
            "repeat" => first.repeat(count().expect("repeat TEXT COUNT")),
            "cut" => first.chars().take(count().expect("cut TEXT LENGTH")).collect(),
            "flip" => flip(&first),
            "base64" => STANDARD.encode(first),
            "base64url" => URL_SAFE_NO_PAD.encode(first),
            "jwt" => jwt::forge(&first, &self.secret, &arguments.named),
            "jwt_none" => jwt::unsigned(&first, &second().unwrap_or_else(|| "none".to_owned())),
            "jwt_swap" => jwt::swap(&first, &arguments.named),
            _ => panic!("no function {function:?}"),
        })
    }
}

/// What is put into a text.
fn plain(value: &Json) -> String {
    value.as_text().map_or_else(|| value.to_string(), str::to_owned)
}

/// The words of an expression; a quoted text is one word.
fn words(expression: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut begin = None;
    let mut quoted = false;
    for (at, character) in expression.char_indices() {
        quoted ^= character == '\'';
        match (character == ' ' && !quoted, begin) {
            (true, Some(from)) => {
                words.push(&expression[from..at]);
                begin = None;
            }
            (false, None) => begin = Some(at),
            _ => {}
        }
    }
    words.extend(begin.map(|from| &expression[from..]));
    words
}

/// Another text of the same alphabet: the tenth character from the end is changed.
fn flip(text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    match characters.len().checked_sub(10) {
        Some(at) => characters[at] = if characters[at] == 'a' { 'b' } else { 'a' },
        None => characters.push('x'),
    }
    characters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_in() {
        let mut values = Values::new("secret");
        values.capture("alice_id", Some(Json::from(7)));
        values.capture("alice_token", Some(Json::text("0123456789abcdef")));
        assert_eq!(values.value("{{alice_id}}"), Json::from(7));
        assert_eq!(values.value("{{text alice_id}}"), Json::text("7"));
        assert_eq!(values.value("Token {{alice_token}} x"), Json::text("Token 0123456789abcdef x"));
        assert_eq!(values.text("/{{alice_id}}/{{repeat 'a b=' 2}}{{repeat ']' 3}}"), "/7/a b=a b=]]]");
        assert_eq!(values.text("{{cut alice_token 3}}{{upper alice_token}}"), "0120123456789ABCDEF");
        assert_eq!(values.text("{{flip alice_token}}"), "012345a789abcdef");
        assert_eq!(values.text("{{base64url alice_id}} {{base64 'alice:wrong'}}"), "Nw YWxpY2U6d3Jvbmc=");
        assert_eq!(values.take_missing(), Vec::<String>::new());
        assert_eq!(values.text("{{nobody}}"), "UNSET_nobody");
        assert_eq!(values.take_missing(), ["nobody"]);
    }
}
