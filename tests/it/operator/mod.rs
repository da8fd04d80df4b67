//! The operator against the real API server and a simulated vendor, both over real HTTP.

mod admin_api;
mod conditions;
mod conflict;
mod converge;
mod create;
mod deeds;
mod deletion;
mod drift;
mod files;
mod identity;
mod kept;
mod malformed;
mod management;
pub mod outage;
mod quiet;
mod realm;
mod record;
mod relist;
mod renewal;
mod runs;
mod schema;
mod secrecy;
mod secrets;
mod switches;
mod writers;
