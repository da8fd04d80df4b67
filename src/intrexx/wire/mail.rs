//! Mail services of a portal (contract 2.5). None of their fields is documented, so what is read keeps them as they came.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::base::secret::MASK;
use crate::base::value;

/// A mail service as the vendor shows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MailService {
    /// Its GUID.
    #[serde(deserialize_with = "value::text")]
    pub id: String,
    /// Its name, unique in its portal unless the vendor lets it be otherwise.
    #[serde(deserialize_with = "value::text")]
    pub name: String,
    /// All else, by the vendor's names.
    #[serde(flatten)]
    fields: Map<String, Json>,
}

impl MailService {
    /// A service of which nothing is known but what was sent.
    pub fn new(id: impl Into<String>, name: impl Into<String>, sent: &Map<String, Json>) -> Self {
        Self { id: id.into(), name: name.into(), fields: Map::new() }.with(sent)
    }

    /// A field; none when it is not shown, or hidden behind `***`.
    pub fn field(&self, key: &str) -> Option<&Json> {
        self.fields.get(key).filter(|value| **value != MASK)
    }

    /// The same service with what a change sends. A password is never kept.
    #[must_use]
    pub fn with(mut self, sent: &Map<String, Json>) -> Self {
        let shown = sent.iter().filter(|(key, _)| !matches!(key.as_str(), "name" | "password"));
        self.fields.extend(shown.map(|(key, value)| (key.clone(), value.clone())));
        self
    }
}

/// How a mail service is at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MailStatus {
    /// `RUNNING`, `STOPPED`, `STARTING`, `STOPPING`, `ERROR`, or what else there may be.
    #[serde(deserialize_with = "value::text")]
    pub status: String,
    /// What the vendor has to say about it.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub message: Option<String>,
    /// Since when.
    #[serde(default, deserialize_with = "value::time")]
    pub since: Option<Timestamp>,
}

impl MailStatus {
    /// Whether it is on its way to another status.
    pub fn is_passing(&self) -> bool {
        self.is("STARTING") || self.is("STOPPING")
    }

    /// Whether it is this status, in upper or lower case.
    pub fn is(&self, status: &str) -> bool {
        self.status.eq_ignore_ascii_case(status)
    }
}

/// The mail services of a portal.
#[derive(Debug, Clone, Default)]
pub struct MailServices(pub Vec<MailService>);

impl MailServices {
    /// The service of this GUID, whatever its case.
    pub fn by_id(&self, id: &str) -> Option<&MailService> {
        self.0.iter().find(|service| service.id.eq_ignore_ascii_case(id))
    }

    /// The services of this name; the vendor may have several.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a MailService> {
        self.0.iter().filter(move |service| service.name == name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_masked_password_is_no_value_and_a_sent_one_is_not_kept() {
        let shown = json!({"id": 7, "name": "outgoing", "password": "***", "port": "587", "revision": {}});
        let service: MailService = serde_json::from_value(shown).unwrap();
        assert_eq!((service.id.as_str(), service.field("password")), ("7", None));
        assert_eq!(service.field("port"), Some(&json!("587")));
        let sent = json!({"name": "outgoing", "password": "planted", "port": 25});
        let after = service.with(sent.as_object().unwrap());
        assert_eq!((after.field("password"), after.field("port")), (None, Some(&json!(25))));
        assert!(serde_json::from_value::<MailService>(json!({"name": "outgoing"})).is_err());
    }

    #[test]
    fn a_status_is_a_word_in_any_case() {
        let status: MailStatus =
            serde_json::from_value(json!({"status": "starting", "since": null, "new": 1})).unwrap();
        assert!(status.is("STARTING") && status.is_passing() && status.message.is_none());
        let odd: MailStatus = serde_json::from_value(json!({"status": "HIBERNATING"})).unwrap();
        assert!(!odd.is_passing() && odd.is("HIBERNATING"));
        assert!(serde_json::from_value::<MailStatus>(json!({})).is_err());
    }
}
