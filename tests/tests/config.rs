//! The committed reference of the settings is the one that the program writes.

#[test]
fn the_reference_file_is_up_to_date() {
    let committed = include_str!("../../docs/countersign.toml");
    assert!(
        committed == countersign::config::reference(),
        "a setting was changed: run `cargo run -- config init > docs/countersign.toml` and commit the file"
    );
}
