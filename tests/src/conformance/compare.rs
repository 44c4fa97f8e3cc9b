//! Where an answer differs from the recorded one.

use super::{
    json::Json,
    normal::{HEADERS, PAGE},
    suite::Step,
};

/// One thing that differs.
#[derive(Debug)]
pub struct Difference {
    /// `status`, the name of a header, `body`, `key order`, or a member of a mail.
    pub what: String,
    /// What the real server answered.
    pub recorded: Json,
    /// What this one answered.
    pub got: Json,
}

/// Compares two answers in their comparable form.
pub fn differences(step: &Step, recorded: &Json, got: &Json) -> Vec<Difference> {
    let member = |answer: &Json, name: &str| answer.get(name).cloned().unwrap_or(Json::Null);
    let differ = |what: &str, recorded: Json, got: Json| Difference { what: what.to_owned(), recorded, got };
    if step.mail.is_some() {
        let mut names: Vec<&String> = recorded.members().iter().chain(got.members()).map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        let pairs = names.into_iter().map(|name| differ(name, member(recorded, name), member(got, name)));
        return pairs.filter(|pair| pair.recorded != pair.got).collect();
    }
    let mut found = Vec::new();
    let (old, new) = (member(recorded, "status"), member(got, "status"));
    let same_status = old == new;
    if !same_status {
        if step.tolerate.iter().any(|&status| new == Json::from(i64::from(status))) {
            return found;
        }
        found.push(differ("status", old.clone(), new));
    }
    let crashed = old.as_int().is_some_and(|status| status >= 500);
    if step.status_only || (!step.tolerate.is_empty() && (crashed || !same_status)) {
        return found;
    }
    let (old, new) = (member(recorded, "body"), member(got, "body"));
    let is_page = old.as_text() == Some(PAGE);
    for name in HEADERS.into_iter().filter(|&name| !(is_page && name == "content-type")) {
        let (old, new) = (member(&member(recorded, "headers"), name), member(&member(got, "headers"), name));
        if old != new {
            found.push(differ(name, old, new));
        }
    }
    if !is_page && old != new {
        let what = if old.same_values(&new) { "key order" } else { "body" };
        found.push(differ(what, old, new));
    }
    found
}
