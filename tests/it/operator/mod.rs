//! The operator against the real API server and a simulated vendor, both over real HTTP.

mod converge;
mod create;
mod deletion;
mod drift;
