//! A document: its blocks in their order, and what becomes of each.
//!
//! - `sh`: run, and must succeed.
//! - `console`: each line behind `$ ` is run, and the lines under it are what it printed.
//! - A block below `<!-- file: NAME -->` is written to that file.
//! - `<!-- meanwhile: KEY -->`: something happens at the old side.
//! - Others are shown to people alone: `text`, and code for the old application (`php`, `python`).
//!
//! `COUNTERSIGN_TEST_WRITE_DOCS=1` writes what came into the document instead of comparing it.

use std::{env, fs, path::PathBuf};

use regex::Regex;

use super::stage::Stage;

/// A document.
pub struct Page {
    path: PathBuf,
    text: String,
}

impl Page {
    /// One of `docs/`.
    pub fn read(name: &str) -> Self {
        let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")).join(name);
        let text = fs::read_to_string(&path).unwrap();
        Self { path, text }
    }

    /// Does everything that it says; how often something happened meanwhile.
    pub fn follow(&self, stage: &Stage, meanwhile: impl Fn(&str)) -> usize {
        let (mut written, mut happened, mut ran) = (String::new(), 0, 0);
        let (mut file, mut lines) = (None, self.text.lines());
        while let Some(line) = lines.next() {
            written.extend([line, "\n"]);
            if let Some(name) = comment(line, "file") {
                file = Some(name);
            } else if let Some(key) = comment(line, "meanwhile") {
                meanwhile(key);
                happened += 1;
            } else if let Some(kind) = line.strip_prefix("```") {
                let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
                let block = match (file.take(), kind) {
                    (Some(name), _) => {
                        stage.write(name, &block.join("\n"));
                        block.join("\n")
                    }
                    (None, "sh") => {
                        let (code, said) = stage.run(&block.join("\n"));
                        assert_eq!(code, 0, "{}\n{said}{}", block.join("\n"), stage.log());
                        ran += 1;
                        block.join("\n")
                    }
                    (None, "console") => {
                        ran += 1;
                        console(&block, stage)
                    }
                    (None, "text" | "php" | "python") => block.join("\n"),
                    (None, other) => panic!("what is a block of {other:?} in {}?", self.path.display()),
                };
                written.extend([block.trim_end(), "\n```\n"]);
            }
        }
        assert!(ran > 5, "the blocks were found");
        if env::var_os("COUNTERSIGN_TEST_WRITE_DOCS").is_some() {
            fs::write(&self.path, &written).unwrap();
        } else {
            let differing = written.lines().zip(self.text.lines()).enumerate().find(|(_, (now, shown))| now != shown);
            if let Some((at, (now, shown))) = differing {
                panic!("{}:{}: shown is\n  {shown}\nand came\n  {now}", self.path.display(), at + 1);
            }
            assert_eq!(written.lines().count(), self.text.lines().count(), "{}", self.path.display());
        }
        happened
    }
}

fn comment<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.strip_prefix("<!-- ")?.strip_prefix(name)?.strip_prefix(": ")?.strip_suffix(" -->")
}

/// Runs the commands of a block; the block as it is now. What was shown stays if only moments and such differ.
fn console(block: &[&str], stage: &Stage) -> String {
    let mut written = String::new();
    let mut lines = block.iter().peekable();
    while let Some(line) = lines.next() {
        let command = line.strip_prefix("$ ").unwrap_or_else(|| panic!("{line:?} is no command"));
        let mut shown = String::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
            shown.extend([*line, "\n"]);
        }
        let (_, said) = stage.run(command);
        let said = stage.as_documented(&said);
        let same = masked(&said) == masked(&shown);
        let said = if same { shown } else { said };
        // What is no line, such as a JSON body, is one in the document.
        let end = if said.is_empty() || said.ends_with('\n') { "" } else { "\n" };
        written.extend([line, "\n", &said, end]);
    }
    written
}

/// Without what differs from run to run: moments, seconds and rates, and tokens that were just made.
fn masked(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, mask) in [
        (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "MOMENT"),
        (r"(?m)^((?:\w+ +)(?:\d+ +){6}) *\d+\.\d +\d+$", "$1 SECONDS RATE"),
        (r"(?m)^(table +.*)$", "HEAD"),
        (r"\b\d+\|[A-Za-z0-9]{48}\b", "N|TOKEN"),
        (r"\beyJ[A-Za-z0-9_.-]+", "JWT"),
        (r" +", " "),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, mask).into_owned();
    }
    text.trim_end().to_owned()
}
