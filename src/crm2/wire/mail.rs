//! Mail accounts: the one that notifications are sent with, and those that are polled (contract 2.5, 2.6).

use serde::Deserialize;

use crate::base::value;

/// A mail account as the vendor shows it, which is without its password.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailAccount {
    /// The user, which is the account's key.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub mail_user: Option<String>,
    /// The mail server.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub mail_host: Option<String>,
    /// The protocol, such as `smtp` or `gimap`.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub mail_store_protocol: Option<String>,
}

impl MailAccount {
    /// Whether it is this user's. Addresses are compared without case (trap 13).
    pub fn is_of(&self, user: &str) -> bool {
        self.mail_user.as_deref().is_some_and(|own| same_user(own, user))
    }
}

/// Whether both are one mail user.
pub fn same_user(one: &str, other: &str) -> bool {
    key(one) == key(other)
}

/// What a mail user is compared by.
pub fn key(user: &str) -> String {
    user.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_known_by_its_user_whatever_the_case() {
        let account: MailAccount =
            serde_json::from_str(r#"{"mailUser":"Notify@Acme.example","mailHost":null,"_id":7,"clientDomain":"x"}"#)
                .unwrap();
        assert!(account.is_of("notify@acme.example") && !account.is_of("notify@acme.test"));
        assert_eq!(account.mail_host, None);
        assert!(!MailAccount::default().is_of(""));
    }
}
