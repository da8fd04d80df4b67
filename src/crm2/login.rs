//! Login: who may log in to a domain. The vendor tells one from another by the type of the user id and the id itself.

use std::fmt;

/// What people are told to write as the external id of a login.
pub const ID_FORM: &str = "the type and the user id as TYPE/USERID (such as GOOGLE_APPS/grace@acme.example)";

/// The one type whose ids are taken as they are written: addresses and Twitter handles mean the same in upper and lower case
/// (contract, trap 13).
const CASE_MATTERS: &str = "INTERNAL";

/// A login, as it is written.
#[derive(Debug, Clone)]
pub struct Login {
    /// The type, in the vendor's words: `GOOGLE_APPS`, `TWITTER_LOGIN`, `INTERNAL`, or another one.
    pub id_type: String,
    /// The user id: an address, or a Twitter handle without `@`.
    pub user_id: String,
}

/// A login, as it is compared: two are the same when their keys are equal. Its text is the external id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoginKey(String);

impl Login {
    /// A login.
    pub fn new(id_type: impl Into<String>, user_id: impl Into<String>) -> Self {
        Self { id_type: id_type.into(), user_id: user_id.into() }
    }

    /// The login that an external id means; none when it has not the form of one.
    pub fn parse(external_id: &str) -> Option<Self> {
        let (id_type, user_id) = external_id.split_once('/')?;
        let parts = [id_type, user_id].map(str::trim);
        (!parts.contains(&"")).then(|| Self::new(parts[0], parts[1]))
    }

    /// What it is compared by.
    pub fn key(&self) -> LoginKey {
        let id_type = self.id_type.trim().to_ascii_uppercase();
        LoginKey(format!("{id_type}/{}", folded(&id_type, &self.user_id)))
    }

    /// Whether a call that names nothing but the user id may mean this login (contract 2.4).
    pub fn is_called(&self, user_id: &str) -> bool {
        self.user_id.trim().to_lowercase() == user_id.trim().to_lowercase()
    }
}

/// The user id, as it is compared.
pub fn folded(id_type: &str, user_id: &str) -> String {
    let user_id = user_id.trim();
    if id_type == CASE_MATTERS { user_id.to_owned() } else { user_id.to_lowercase() }
}

impl fmt::Display for LoginKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trap 13.
    #[test]
    fn addresses_and_handles_are_compared_without_case() {
        let key = |text: &str| Login::parse(text).map(|login| login.key().to_string());
        assert_eq!(key("GOOGLE_APPS/Grace@Acme.example"), Some("GOOGLE_APPS/grace@acme.example".to_owned()));
        assert_eq!(key(" google_apps / grace@acme.example "), Some("GOOGLE_APPS/grace@acme.example".to_owned()));
        assert_eq!(key("TWITTER_LOGIN/Grace"), key("TWITTER_LOGIN/grace"));
        assert_ne!(key("INTERNAL/Grace"), key("INTERNAL/grace"));
        assert_ne!(key("GOOGLE_APPS/grace"), key("TWITTER_LOGIN/grace"));
        assert_eq!(key("GOOGLE_APPS/a/b@x.example"), Some("GOOGLE_APPS/a/b@x.example".to_owned()));
        for text in ["", "grace@acme.example", "GOOGLE_APPS/", "/grace", " / "] {
            assert_eq!(key(text), None, "{text:?}");
        }
    }
}
