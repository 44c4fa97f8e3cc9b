//! What `--help` adds to the options of a command.

/// An example.
pub fn example(command: &str) -> String {
    format!("Example:\n  {command}")
}

/// The same for a command that takes something away.
pub fn revoking(command: &str) -> String {
    format!(
        "{}\n\nReturns when `cache.bound` (1s unless configured) has passed: from then on every running server on this \
         database acts on it.",
        example(command)
    )
}
