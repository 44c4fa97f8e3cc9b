//! What is asked and what was answered: the files of a suite.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde::Deserialize;

use super::json::Json;

/// A step: a request, or a look into the mailbox. The README of the suite says what each member means.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name.
    pub id: String,
    /// What it is about.
    pub group: String,
    /// The same in words.
    pub about: String,
    /// The runs that it takes part in.
    #[serde(default = "default_profile")]
    pub profiles: Vec<String>,
    /// Seconds to wait first.
    #[serde(default)]
    pub pause: f64,
    /// What is asked.
    pub request: Option<Request>,
    /// What is looked for in the mailbox.
    pub mail: Option<Expected>,
    /// What of the answer differs from run to run, by path, and what it is put down as.
    #[serde(default = "no_members")]
    pub normal: Json,
    /// What later steps call by name, by path.
    #[serde(default = "no_members")]
    pub capture: Json,
    /// Where the real server crashes: statuses that are as good.
    #[serde(default)]
    pub tolerate: Vec<u16>,
    /// Only the status counts.
    #[serde(default)]
    pub status_only: bool,
}

/// A request. Its texts are templates: see [`super::values`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// What stands behind `Authorization: Token`.
    pub token: Option<String>,
    /// More headers; `null` takes one away, `hex:…` is bytes.
    #[serde(default = "no_members")]
    pub headers: Json,
    /// A JSON body.
    pub json: Option<Json>,
    /// A form: an object, or pairs.
    pub form: Option<Json>,
    /// A multipart form; an object with `filename` and `content` is a file.
    pub multipart: Option<Json>,
    /// A body as text.
    pub raw: Option<String>,
    /// A body as bytes in hex.
    pub raw_hex: Option<String>,
}

/// A mail, or none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The address.
    pub to: String,
    /// Nothing may come.
    #[serde(default)]
    pub none: bool,
}

fn default_profile() -> Vec<String> {
    vec!["default".to_owned()]
}

fn no_members() -> Json {
    Json::Object(Vec::new())
}

/// The files of a suite, such as `tests/conformance/djoser`.
pub struct Suite {
    folder: PathBuf,
    /// All steps, in their order.
    pub steps: Vec<Step>,
}

impl Suite {
    /// Reads the steps of the suite `name`.
    ///
    /// # Panics
    /// If a file is missing or damaged.
    pub fn named(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("conformance").join(name);
        let steps = lines(&folder.join("steps.jsonl"))
            .map(|line| serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect();
        Self { folder, steps }
    }

    /// The runs that there are recordings of.
    pub fn profiles(&self) -> Vec<String> {
        let mut profiles: Vec<String> = Vec::new();
        for profile in self.steps.iter().flat_map(|step| &step.profiles) {
            if !profiles.contains(profile) {
                profiles.push(profile.clone());
            }
        }
        profiles
    }

    /// The steps of a run.
    pub fn of<'a>(&'a self, profile: &'a str) -> impl Iterator<Item = &'a Step> {
        self.steps.iter().filter(move |step| step.profiles.iter().any(|own| own == profile))
    }

    /// What the real server answered in that run, by the step's id.
    pub fn recorded(&self, profile: &str) -> BTreeMap<String, Json> {
        let record = |line: String| {
            let mut answer = Json::read(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let id = answer.remove("id").unwrap_or_else(|| panic!("no id: {line}"));
            (id.as_text().unwrap_or_default().to_owned(), answer)
        };
        lines(&self.folder.join(format!("expect-{profile}.jsonl"))).map(record).collect()
    }

    /// The accounts that exist before the first step.
    pub fn accounts(&self) -> Json {
        let text: String = lines(&self.folder.join("accounts.json")).collect();
        Json::read(&text).unwrap_or_else(|error| panic!("accounts.json: {error}"))
    }
}

fn lines(path: &std::path::Path) -> impl Iterator<Item = String> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter()
}
