//! The translations as data, `data/django-messages.txt`: which languages there are, and what each has for a sentence.
//!
//! The file is read where it stands, when somebody first asks for another language than English; only the places of the
//! sentences in it are remembered.

use std::{collections::HashMap, sync::LazyLock};

use super::plural;

/// What the extraction wrote; the format is explained in its first lines.
const DATA: &str = include_str!("../../../data/django-messages.txt");

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::of(DATA));

/// Languages and sentences.
pub(super) struct Catalogue {
    languages: Vec<&'static str>,
    /// Which language stands for one that there is not.
    fallbacks: Vec<(&'static str, &'static str)>,
    entries: HashMap<&'static str, Entry>,
}

/// The translations of one sentence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// A line a language: its code, a tab, what follows.
    lines: &'static str,
    /// Is there a rule and a form for each kind of number?
    is_counted: bool,
}

impl Catalogue {
    pub(super) fn get() -> &'static Self {
        &CATALOGUE
    }

    /// The codes, in Django's order.
    pub(super) fn languages(&self) -> &[&'static str] {
        &self.languages
    }

    /// The languages that stand for `code`, such as `zh-hans` for `zh-cn`.
    pub(super) fn fallbacks(&self, code: &str) -> impl Iterator<Item = &'static str> {
        self.fallbacks.iter().filter(move |(from, _)| *from == code).map(|(_, to)| *to)
    }

    /// A sentence by its msgid.
    pub(super) fn entry(&self, id: &str) -> Option<Entry> {
        self.entries.get(id).copied()
    }

    fn of(data: &'static str) -> Self {
        let mut parts = data.split("\n=");
        let head = parts.next().unwrap_or_default();
        let listed = |name: &str| {
            let words = head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            words.split_whitespace()
        };
        let entry = |part: &'static str| {
            let (id, lines) = part.split_once('\n').unwrap_or((part, ""));
            let is_counted = id.starts_with('n');
            let (_, id) = id.split_once(' ')?;
            Some((id, Entry { lines, is_counted }))
        };
        Self {
            languages: listed("languages ").collect(),
            fallbacks: listed("fallbacks ").filter_map(|pair| pair.split_once(':')).collect(),
            entries: parts.filter_map(entry).collect(),
        }
    }
}

impl Entry {
    /// The text in a language, for `count` if it depends on a number.
    pub(super) fn text(self, language: &str, count: Option<u64>) -> Option<&'static str> {
        let rest = self.lines.lines().find_map(|line| line.strip_prefix(language)?.strip_prefix('\t'))?;
        if !self.is_counted {
            return Some(rest);
        }
        let (rule, forms) = rest.split_once('\t')?;
        forms.split('\t').nth(plural::form(rule, count?)?)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn the_data_holds_every_language_of_django() {
        let catalogue = Catalogue::get();
        assert_eq!(catalogue.languages.len(), 99);
        assert_eq!(catalogue.fallbacks("zh-tw").collect::<Vec<_>>(), ["zh-hant"]);
        let texts = |id: &str| catalogue.entry(id).unwrap().lines.lines().count();
        assert_eq!((texts("Invalid token."), texts("Token is invalid")), (42, 0));
        let data = catalogue.entries.values().flat_map(|entry| entry.lines.lines());
        for line in data {
            assert!(catalogue.languages.contains(&line.split('\t').next().unwrap()), "{line:?}");
        }
    }

    #[test]
    fn every_form_of_a_counted_sentence_is_there() {
        let counted = Catalogue::get().entries.values().filter(|entry| entry.is_counted);
        let lines: Vec<&str> = counted.flat_map(|entry| entry.lines.lines()).collect();
        assert!(lines.len() > 30);
        for line in lines {
            let (rule, forms) = line.split_once('\t').unwrap().1.split_once('\t').unwrap();
            let forms = forms.split('\t').count();
            for count in 0..1000 {
                assert!(plural::form(rule, count).is_some_and(|form| form < forms), "{line} for {count}");
            }
        }
    }

    /// Before a text that no catalogue is asked for.
    const OURS: [&str; 8] =
        ["verbatim(", "format!(", "detail:", "description:", "description =", "description(", "example =", "doc ="];
    /// On a page of Django, which is in English.
    const UNTRANSLATED: [&str; 1] = ["The requested resource was not found on this server."];

    /// The sentences in the source of a folder: literals that begin with a capital letter and end as a sentence does,
    /// outside comments and tests.
    fn sentences(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sentences(&path, found);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            let code = source.split("#[cfg(test)]").next().unwrap();
            let mut before = "";
            for line in code.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
                let escaped = line.replace("\\\"", "\u{1}");
                let parts: Vec<&str> = escaped.split('"').collect();
                for literal in parts.chunks_exact(2) {
                    let context = if literal[0].is_empty() { before } else { literal[0].trim_end() };
                    let text = literal[1].replace('\u{1}', "\"");
                    let is_sentence = text.starts_with(char::is_uppercase) && text.ends_with(['.', ':', '!']);
                    if is_sentence && text.contains(' ') && !OURS.iter().any(|mark| context.ends_with(mark)) {
                        found.push(text);
                    }
                }
                before = line;
            }
        }
    }

    #[test]
    fn every_sentence_of_the_source_was_looked_up() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut found = Vec::new();
        for folder in ["django", "djoser"] {
            sentences(&source.join(folder), &mut found);
        }
        assert!(found.len() > 30, "{found:#?}");
        let known = |text: &String| {
            let other = text.replace("characters.", "character.");
            Catalogue::get().entry(text).is_some()
                || Catalogue::get().entry(&other).is_some_and(|entry| entry.is_counted)
        };
        found.retain(|text| !known(text) && !UNTRANSLATED.contains(&text.as_str()));
        assert_eq!(found, Vec::<String>::new(), "not in data/django-messages.py");
    }
}
