//! The documents: the committed ones are the generated ones, and everything in them is said completely.

use std::collections::{BTreeMap, BTreeSet};

use countersign_adapters::ALL;
use countersign_tests::Server;
use serde_json::Value;

/// The merged document of a server with all adapters, as it is served.
fn served() -> Value {
    Server::start().anon().get("/openapi.json").json()
}

/// Every operation with a name for messages.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let mut found = Vec::new();
    for (path, item) in paths {
        for method in ["get", "put", "post", "delete", "patch"] {
            if let Some(operation) = item.get(method) {
                found.push((format!("{} {path}", method.to_uppercase()), operation));
            }
        }
    }
    found
}

/// Calls `see` with each value in the document.
fn walk<'a>(value: &'a Value, see: &mut impl FnMut(&'a Value)) {
    see(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, see)),
        Value::Object(members) => members.values().for_each(|member| walk(member, see)),
        _ => {}
    }
}

/// The document of a server with Laravel's other stack.
fn fortify() -> Value {
    let mount = "[[mount]]\nadapter = \"sanctum_spa\"\nstack = \"fortify\"\n";
    Server::with(mount).anon().get("/openapi/sanctum_spa.json").json()
}

/// Every document: that of the other stack, the merged one, and one an adapter.
fn documents() -> Vec<(String, Value)> {
    let alone = ALL.iter().map(|dialect| {
        let document = serde_json::to_value(countersign::openapi::standalone(dialect)).expect("JSON");
        (dialect.name.to_owned(), document)
    });
    [("fortify".to_owned(), fortify()), ("merged".to_owned(), served())].into_iter().chain(alone).collect()
}

#[test]
fn the_committed_documents_are_the_generated_ones() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi");
    let advice = "run `cargo run -- openapi --write openapi` and commit the files";
    for dialect in ALL {
        let committed = std::fs::read_to_string(format!("{folder}/{}.json", dialect.name)).unwrap_or_default();
        let generated = countersign::openapi::to_text(&countersign::openapi::standalone(dialect)).expect("JSON");
        assert!(committed == generated, "openapi/{}.json is out of date: {advice}", dialect.name);
    }
    let files = std::fs::read_dir(folder).expect("the folder is there");
    let committed: BTreeSet<_> = files.map(|file| file.expect("an entry").file_name()).collect();
    let known: BTreeSet<_> = ALL.iter().map(|dialect| format!("{}.json", dialect.name).into()).collect();
    assert_eq!(committed, known, "{advice}");
}

#[test]
fn the_documents_are_of_version_3_1_and_say_what_they_are() {
    for (name, document) in documents() {
        assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")), "{name}");
        for member in ["title", "version"] {
            assert!(document["info"][member].as_str().is_some_and(|text| !text.is_empty()), "{name}: {member}");
        }
    }
}

#[test]
fn operation_ids_are_unique_also_when_an_adapter_is_mounted_twice() {
    let twice = "[[mount]]\nadapter = \"minimal\"\n[[mount]]\nadapter = \"minimal\"\nprefix = \"/two\"\n\
                 [[mount]]\nadapter = \"minimal\"\nprefix = \"/two/three\"\n[[mount]]\nadapter = \"minimal\"\nprefix = \"/two.three\"";
    for document in [served(), Server::with(twice).anon().get("/openapi.json").json()] {
        let mut ids = BTreeMap::new();
        for (name, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{name} has no operationId"));
            let first = ids.insert(id.to_owned(), name.clone());
            assert_eq!(first, None, "{name} has the id {id} of another");
        }
    }
}

#[test]
fn every_operation_has_a_tag_a_summary_and_says_whether_it_wants_a_credential() {
    for (document_name, document) in documents() {
        for (name, operation) in operations(&document) {
            let tags = operation["tags"].as_array().map_or(0, Vec::len);
            assert_eq!(tags, 1, "{document_name}: {name} has {tags} tags");
            let says = operation["security"].is_array() || tags == 1 && operation["tags"][0] == "server";
            assert!(says, "{document_name}: {name} does not say who may call it");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{document_name}: {name}");
        }
    }
}

#[test]
fn every_security_requirement_is_defined() {
    for (document_name, document) in documents() {
        let schemes = &document["components"]["securitySchemes"];
        for (name, operation) in operations(&document) {
            for requirement in operation["security"].as_array().unwrap_or(&Vec::new()) {
                for scheme in requirement.as_object().expect("an object").keys() {
                    assert!(schemes[scheme].is_object(), "{document_name}: {name} wants the unknown {scheme}");
                }
            }
        }
    }
}

#[test]
fn the_password_flow_leads_below_the_mount_and_opens_what_the_bearer_token_opens() {
    let mount = "[[mount]]\nadapter = \"hotel\"\nprefix = \"/api/v1\"\n";
    let document = Server::with(mount).anon().get("/openapi.json").json();
    let flow = &document["components"]["securitySchemes"]["hotel_password"]["flows"]["password"];
    let expected = serde_json::json!({"tokenUrl": "/api/v1/login", "refreshUrl": "/api/v1/refresh", "scopes": {}});
    assert_eq!(*flow, expected);
    for url in ["tokenUrl", "refreshUrl"] {
        assert!(document["paths"][flow[url].as_str().expect("an address")]["post"].is_object(), "{url}");
    }
    for (name, operation) in operations(&served()) {
        let asks_for = |scheme: &str| {
            let requirements = operation["security"].as_array().into_iter().flatten();
            requirements.filter_map(Value::as_object).any(|requirement| requirement.contains_key(scheme))
        };
        assert_eq!(asks_for("hotel_bearer"), asks_for("hotel_password"), "{name} takes the same token by both names");
    }
}

/// Their 401 is about what the body holds: a password, a refresh token.
const ABOUT_THE_BODY: [&str; 5] =
    ["POST /auth", "POST /auth/refresh", "POST /auth/jwt/create/", "POST /auth/jwt/refresh/", "POST /auth/jwt/verify/"];

#[test]
fn whatever_answers_401_for_a_token_asks_for_one() {
    let document = served();
    for (name, operation) in operations(&document) {
        if operation["responses"]["401"].is_null() || ABOUT_THE_BODY.contains(&name.as_str()) {
            continue;
        }
        let schemes = operation["security"].as_array().into_iter().flatten();
        let named = schemes.filter_map(Value::as_object).any(|requirement| !requirement.is_empty());
        assert!(named, "{name} answers 401 and names no security scheme");
    }
}

/// Its headers are the answer.
const BY_HEADERS: (&str, &str) = ("GET /verify", "200");

#[test]
fn every_answer_has_a_schema_unless_it_has_no_body() {
    for (document_name, document) in documents() {
        for (name, operation) in operations(&document) {
            let responses = operation["responses"].as_object().unwrap_or_else(|| panic!("{name} has no responses"));
            let good = responses.keys().filter(|status| status.starts_with(['1', '2', '3'])).count();
            assert!(good > 0, "{document_name}: {name} cannot succeed");
            for (status, response) in responses {
                let at = format!("{document_name}: {name} {status}");
                assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{at} is not described");
                let is_empty = ["101", "204", "302", "304"].contains(&status.as_str());
                if is_empty || (name.as_str(), status.as_str()) == BY_HEADERS {
                    assert!(response["content"].is_null(), "{at} has a body");
                    continue;
                }
                let content = response["content"].as_object().unwrap_or_else(|| panic!("{at} has no content"));
                for (media, typed) in content {
                    assert!(typed["schema"].is_object(), "{at} {media} has no schema");
                }
            }
        }
    }
}

#[test]
fn every_body_that_is_read_has_a_schema() {
    for (document_name, document) in documents() {
        for (name, operation) in operations(&document) {
            let Some(body) = operation.get("requestBody") else { continue };
            let content = body["content"].as_object().unwrap_or_else(|| panic!("{document_name}: {name}"));
            assert!(!content.is_empty() && content.values().all(|media| media["schema"].is_object()), "{name}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    for (document_name, document) in documents() {
        walk(&document, &mut |value| {
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads outside"));
                assert!(document.pointer(pointer).is_some(), "{document_name}: {reference} leads nowhere");
            }
        });
    }
}

#[test]
fn every_unavailable_answer_names_the_header_that_says_when_to_come_back() {
    let document = served();
    for (name, operation) in operations(&document) {
        let unavailable = &operation["responses"]["503"];
        if unavailable.is_object() {
            assert!(unavailable["headers"]["Retry-After"].is_object(), "{name}");
        }
    }
}
