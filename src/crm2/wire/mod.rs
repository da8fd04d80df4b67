//! What goes over the wire, in the vendor's words.

pub mod activity_type;
pub mod mail;
