//! Provost: a Kubernetes operator that keeps objects behind vendors' admin APIs the way custom resources say.
#![forbid(unsafe_code)]

pub mod base;
pub mod cli;
pub mod http;
pub mod myintranetapps;
pub mod sim;
