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

use serde_json::{Map, Value as Json};

use crate::base::secret::MASK;
use crate::base::value;

/// Whether an answer has what was sent, in whatever type. What it leaves out or hides is passed over: a password is in none.
pub fn shows(seen: &Map<String, Json>, sent: &Map<String, Json>) -> bool {
    sent.iter().all(|(name, sent)| match (seen.get(name), sent) {
        (None, _) => true,
        (Some(Json::Object(seen)), Json::Object(sent)) => shows(seen, sent),
        (Some(seen), Json::Null) => seen.is_null() || seen == "",
        (Some(seen), sent) => {
            let same_text = || Some(value::text(seen).ok()? == value::text(sent).ok()?);
            seen == MASK || seen == sent || same_text() == Some(true)
        }
    })
}
