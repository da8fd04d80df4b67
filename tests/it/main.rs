//! The integration tests: one binary, so that all of it is linked once and shares one API server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise; clippy's own exception reaches only functions with #[test]"
)]
#![allow(clippy::large_futures, reason = "a test has one future, and moves it once")]

mod adeptia;
mod changes;
mod chart;
mod cluster;
mod commands;
mod conformance;
mod crash;
mod crm2;
mod deploy;
mod docs;
mod examples;
mod export;
mod generated;
mod gitops;
mod guard;
mod harness;
mod intrexx;
mod log;
mod monitoring;
mod objects;
mod operator;
mod plans;
mod pressure;
mod process;
mod replicas;
mod stage;
mod switches;
mod tap;
mod testbed;
mod tidy;
mod validation;
mod watches;
mod workshop;
