//! The parts of a portal's configuration (contract 7 to 17, 28 to 31). Their fields are open, so they are read as they come.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::base::secret::{MASK, Secret};
use crate::base::value;

/// The values of one part of a portal's configuration, by the vendor's names.
pub type Values = Map<String, Json>;

/// What the vendor tells of the key of the mobile app.
#[derive(Clone)]
pub enum MobileKey {
    /// There is none.
    Unset,
    /// It is this.
    Set(Secret),
    /// There is one, and it is not told which.
    Hidden,
}

/// The body of `GET /{portal}/mobile`. It has a secret in it, so it cannot be printed.
#[derive(Deserialize)]
pub struct MobileAnswer {
    #[serde(default, deserialize_with = "value::optional_text")]
    api_key: Option<String>,
}

impl MobileAnswer {
    /// What it says.
    pub fn key(self) -> MobileKey {
        match self.api_key {
            None => MobileKey::Unset,
            Some(key) if is_masked(&key) => MobileKey::Hidden,
            Some(key) => MobileKey::Set(Secret::new(key)),
        }
    }
}

/// Whether this stands for a value that is not told, and is none itself.
pub fn is_masked(text: &str) -> bool {
    text.len() >= MASK.len() && text.bytes().all(|byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_unset_in_three_ways_and_a_mask_is_no_key() {
        let read = |json: &str| serde_json::from_str::<MobileAnswer>(json).unwrap().key();
        for unset in [r#"{"api_key": null}"#, r#"{"api_key": ""}"#, "{}", r#"{"new": 1}"#] {
            assert!(matches!(read(unset), MobileKey::Unset), "{unset}");
        }
        assert!(matches!(read(r#"{"api_key": "******"}"#), MobileKey::Hidden));
        assert!(matches!(read(r#"{"api_key": "a*"}"#), MobileKey::Set(key) if key.expose() == "a*"));
        assert!(matches!(read(r#"{"api_key": 7}"#), MobileKey::Set(key) if key.expose() == "7"));
    }
}
