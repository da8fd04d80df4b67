//! The MyIntranetApps vendor.

pub mod client;
pub mod lists;
pub mod wire;
