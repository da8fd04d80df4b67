//! The shapes that go over the wire, one file for each part of the API. None of them is documented in full, so what is read is
//! tolerant: ids are texts whatever they arrive as, and fields that nobody knows are passed over.

pub mod actions;
pub mod applications;
pub mod licenses;
pub mod mail;
pub mod new_portal;
pub mod portals;
pub mod scheduler;
pub mod settings;
pub mod templates;
pub mod users;
