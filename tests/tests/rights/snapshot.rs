//! Snapshots in files.

/// Compares `text` with the file `name` beside these tests, which `COUNTERSIGN_TEST_REWRITE=1` writes anew.
pub fn assert_snapshot(name: &str, text: &str) {
    let file = format!("{}/tests/rights/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("COUNTERSIGN_TEST_REWRITE").is_some_and(|value| value == "1") {
        std::fs::write(&file, text).unwrap();
        return;
    }
    let known = std::fs::read_to_string(&file).unwrap_or_default();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (known_lines, found_lines) = (lines(&known), lines(text));
    let gone: Vec<_> = known_lines.iter().filter(|line| !found_lines.contains(line)).collect();
    let new: Vec<_> = found_lines.iter().filter(|line| !known_lines.contains(line)).collect();
    assert!(
        known == text,
        "tests/tests/rights/{name} says otherwise; if this is meant, run again with COUNTERSIGN_TEST_REWRITE=1\n\
         no more so: {gone:#?}\nnow: {new:#?}"
    );
}
