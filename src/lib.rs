//! Provost: a Kubernetes operator that keeps objects behind vendors' admin APIs the way custom resources say.
//!
//! `ARCHITECTURE.md` has the map. In short: `base` is what all share, `http` talks to vendors, `engine` is everything a kind does not have
//! to say itself, each vendor has a folder, and `kinds` is the table that all else is derived from.
#![forbid(unsafe_code)]

pub mod adeptia;
pub mod base;
pub mod cli;
pub mod crm2;
pub mod engine;
pub mod http;
pub mod intrexx;
pub mod kinds;
pub mod myintranetapps;
pub mod ops;
pub mod sim;
