//! The figures in the document: the table between its two marks, the plot in a file beside it.

use std::{
    fs,
    io::{Error, ErrorKind},
    path::Path,
};

use crate::{figures::Findings, plot};

/// What stands before and behind the table.
const MARKS: [&str; 2] = ["<!-- figures of a run, by `load --write` -->\n", "<!-- until here -->\n"];

/// Exchanges what stands between the marks, and writes the plot.
///
/// # Errors
/// If the file cannot be read or written, or has no marks.
pub fn write(file: &Path, findings: &Findings) -> std::io::Result<()> {
    let [begin, end] = MARKS;
    let told = fs::read_to_string(file)?;
    let parts = told.split_once(begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let Some((before, after)) = parts else {
        return Err(Error::new(ErrorKind::InvalidData, format!("{} has no marks for the table", file.display())));
    };
    fs::write(file, format!("{before}{begin}\n{}\n{end}{after}", findings.table()))?;
    fs::write(file.with_extension("svg"), plot::svg(findings))
}
