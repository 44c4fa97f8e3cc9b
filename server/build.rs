//! Has the crate compiled again when a migration is added: the macro that embeds them sees only those it has read.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
