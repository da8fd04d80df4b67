//! Adeptia Connect: users and partners of a company, through its REST APIs.

pub mod sim;
