//! Where an answer differs from the recorded one.

use super::{json::Json, normal::PAGE, suite::Step};

/// One thing that differs.
#[derive(Debug)]
pub struct Difference {
    /// `status`, the name of a header, `cookies`, `pretty`, `body`, `key order`, or a member of a mail.
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
    let [old_headers, new_headers] = [recorded, got].map(|answer| member(answer, "headers"));
    let mut names: Vec<&str> =
        [&old_headers, &new_headers].into_iter().flat_map(Json::members).map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names.into_iter().filter(|&name| !(is_page && name == "content-type")) {
        let (old, new) = (member(&old_headers, name), member(&new_headers, name));
        if old != new {
            found.push(differ(name, old, new));
        }
    }
    for name in ["cookies", "pretty"] {
        let (old, new) = (member(recorded, name), member(got, name));
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

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: &str = r#"{"status":200,"headers":{"allow":"GET"},"body":{"a":1,"b":[2]}}"#;

    /// The names of what differs in a step with these members more.
    fn compared(members: &str, recorded: &str, got: &str) -> Vec<String> {
        let step = format!(r#"{{"id":"x-1","group":"x","about":"x"{members}}}"#);
        let step: Step = serde_json::from_str(&step).unwrap();
        let [recorded, got] = [recorded, got].map(|answer| Json::read(answer).unwrap());
        differences(&step, &recorded, &got).into_iter().map(|difference| difference.what).collect()
    }

    #[test]
    fn every_part_of_an_answer_counts() {
        let nothing = Vec::<String>::new();
        assert_eq!(compared("", RECORDED, RECORDED), nothing);
        let got = r#"{"status":201,"headers":{"allow":"GET, POST","vary":"Cookie"},"body":{"a":1,"b":[3]}}"#;
        assert_eq!(compared("", RECORDED, got), ["status", "allow", "vary", "body"]);
        let turned = r#"{"status":200,"headers":{"allow":"GET"},"body":{"b":[2],"a":1}}"#;
        assert_eq!(compared("", RECORDED, turned), ["key order"]);
        let float = r#"{"status":200,"headers":{"allow":"GET"},"body":{"a":1.0,"b":[2]}}"#;
        assert_eq!(compared("", RECORDED, float), ["body"]);
        assert_eq!(compared(r#","status_only":true"#, RECORDED, got), ["status"]);
        assert_eq!(compared(r#","status_only":true"#, RECORDED, turned), nothing);
    }

    #[test]
    fn a_crash_is_tolerated_and_nothing_else() {
        let [crash, refusal, success] =
            [500, 401, 200].map(|status| format!(r#"{{"status":{status},"headers":{{}},"body":"{status}"}}"#));
        let tolerant = r#","tolerate":[500,401]"#;
        assert_eq!(compared(tolerant, &crash, &refusal), Vec::<String>::new());
        assert_eq!(compared(tolerant, &crash, &success), ["status"]);
        let other = r#"{"status":401,"headers":{},"body":"other"}"#;
        assert_eq!(compared(tolerant, &refusal, other), ["body"]);
    }

    #[test]
    fn a_page_is_a_page_but_its_status_and_place_count() {
        let page = r#"{"status":301,"headers":{"content-type":"text/html","location":"/a/"},"body":"<html page>"}"#;
        let bare = r#"{"status":301,"headers":{"location":"/b/"},"body":null}"#;
        assert_eq!(compared("", page, bare), ["location"]);
    }

    #[test]
    fn mails_are_compared_member_by_member() {
        let mail = r#","mail":{"to":"ada@example.org"}"#;
        let [one, two] = [r#"{"count":1,"subject":"x"}"#, r#"{"count":0}"#];
        assert_eq!(compared(mail, one, two), ["count", "subject"]);
        assert_eq!(compared(mail, one, one), Vec::<String>::new());
    }
}
