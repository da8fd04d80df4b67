//! The MyIntranetApps vendor.

pub mod sim;
