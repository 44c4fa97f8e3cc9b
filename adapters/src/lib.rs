//! The wire formats of Countersign, one module each, over the use cases of `countersign-core`.

pub mod settings;
