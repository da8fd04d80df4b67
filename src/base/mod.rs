//! Words shared by every layer: faults, secrets, tolerant values, clocks, and what a vendor client is built from.
//!
//! Nothing here names Kubernetes, HTTP or a vendor.

pub mod access;
pub mod breaker;
pub mod clock;
pub mod custody;
pub mod endpoint;
pub mod fault;
pub mod line;
pub mod secret;
pub mod urgency;
pub mod value;

#[cfg(test)]
pub(crate) mod fuzz;
