//! The engine: everything a kind does not have to say itself.
//!
//! It names Kubernetes and `base`, never HTTP and never a vendor. `reconcile` is the loop; `kind` is the contract that a kind fills in;
//! the modules between them are its steps, most of them pure.

pub mod admin_api;
pub mod adoption;
pub mod announcement;
pub mod answers;
pub mod apply;
pub mod claim;
pub mod condition;
pub mod conflict;
pub mod connection;
pub mod content;
pub mod context;
pub mod controller;
pub mod crd;
pub mod credentials;
pub mod deed;
pub mod diff;
pub mod dispose;
pub mod draft;
pub mod event;
mod expiry;
pub mod file;
pub mod grant;
pub mod guard;
pub mod history;
pub mod inspect;
pub mod interruption;
pub mod kind;
pub mod kubernetes;
pub mod listing;
pub mod malformed;
pub mod metrics;
pub mod operator;
pub mod outcome;
pub mod pass;
pub mod perform;
pub mod permit;
pub mod plan;
pub mod policy;
pub mod preview;
pub mod prints;
pub mod queue;
pub mod realm;
pub mod reason;
pub mod reconcile;
pub mod record;
pub mod reference;
pub mod registry;
pub mod renewal;
pub mod report;
pub mod retry;
pub mod session;
pub mod settle;
pub mod sibling;
pub mod state;
pub mod status;
pub mod terminating;
pub mod tombstone;
pub mod trigger;
pub mod watch;
pub mod writer;

#[cfg(test)]
mod properties;
