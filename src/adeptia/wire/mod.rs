//! The shapes that go over the wire, one file for each part of the API. What is read is tolerant: ids are texts whatever they arrive as,
//! and fields that nobody knows are passed over. What is written has each id in the type that the vendor's page shows for that field.

pub mod id;
pub mod partners;
pub mod users;
