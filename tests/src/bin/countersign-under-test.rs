//! The program `countersign`, built with the tests so that they can run it.

use std::process::ExitCode;

fn main() -> ExitCode {
    countersign::cli::main()
}
