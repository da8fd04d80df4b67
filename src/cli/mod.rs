//! The command line: what people run, and the pieces that only it needs. It may name every other module.

pub mod cluster;
pub mod manifests;
pub mod validate;
