//! The process: what it logs, what it shows, and whether it may write.

pub mod admin;
pub mod change_log;
pub mod lease;
pub mod telemetry;
