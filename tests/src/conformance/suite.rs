//! What is asked and what was answered: the files of a suite.

use std::{collections::BTreeMap, fs, net::Ipv4Addr, path::PathBuf};

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
    /// The link of a mail that the request makes the server send.
    pub link: Option<Link>,
    /// What is left of a limit counts to the number.
    #[serde(default)]
    pub exact_rate: bool,
    /// A slip of the real server, such as an uncaught error: a lenient run does not count it.
    #[serde(default)]
    pub quirk: bool,
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
    /// The address on loopback that it comes from; it has a jar of cookies of its own.
    pub client: Option<Ipv4Addr>,
    /// How often it is sent; the last answer counts.
    #[serde(default = "once")]
    pub repeat: usize,
    /// It sends the client's cookies, and the client keeps those of the answer.
    pub cookies: Option<Cookies>,
}

/// What is done with the jar of a client.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cookies {
    /// First, the jar is filled with what was saved under this name.
    pub load: Option<String>,
    /// Then these are thrown away; `*` at the end stands for any end.
    #[serde(default)]
    pub drop: Vec<String>,
    /// The value of `XSRF-TOKEN` goes along as a header, as axios sends it.
    #[serde(default)]
    pub xsrf: bool,
    /// At last, the jar is saved under this name.
    pub save: Option<String>,
}

/// A link in a mail, to be captured.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The name that later steps call it by.
    pub name: String,
    /// The address that the mail goes to.
    pub to: String,
    /// How its path begins.
    pub path: String,
    /// Only the last part of the path is captured, otherwise path and query.
    #[serde(default)]
    pub token: bool,
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

fn once() -> usize {
    1
}

fn no_members() -> Json {
    Json::Object(Vec::new())
}

/// Whose answers are compared: what of them counts, and what differs from run to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Django's: see `normal.rs`.
    Django,
    /// Laravel's: see `laravel.rs`.
    Laravel,
}

/// The files of a suite, such as `tests/conformance/djoser`.
pub struct Suite {
    folder: PathBuf,
    /// Whose answers they are.
    pub form: Form,
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
        let form = if name == "laravel" { Form::Laravel } else { Form::Django };
        Self { folder, form, steps }
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
        self.document("accounts.json")
    }

    fn document(&self, name: &str) -> Json {
        let text: String = lines(&self.folder.join(name)).collect();
        Json::read(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

fn lines(path: &std::path::Path) -> impl Iterator<Item = String> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter()
}
