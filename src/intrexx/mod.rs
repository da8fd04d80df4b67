//! Intrexx: portals and what is in them, through the Intrexx Administration API (IAA).

pub mod sim;
