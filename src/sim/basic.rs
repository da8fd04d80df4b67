//! HTTP Basic credentials, as a server reads them.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::base::secret::Secret;

/// A user name and its password, as a request carried them.
#[derive(Clone)]
pub struct Basic {
    /// The part before the first colon; the whole text when there is none.
    pub user: String,
    /// The part after it; blank when there is none.
    pub password: Secret,
}

/// The Basic credentials of a request; none when it has none, or none that can be read.
pub fn credentials(headers: &HeaderMap) -> Option<Basic> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':').unwrap_or((&text, ""));
    Some(Basic { user: user.to_owned(), password: Secret::new(password) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<(String, String)> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        credentials(&headers).map(|basic| (basic.user, basic.password.expose().to_owned()))
    }

    #[test]
    fn reads_pairs_with_and_without_a_password() {
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(read("Basic YXBpLWFkbWluOmNvcnJlY3QtaG9yc2U="), pair("api-admin", "correct-horse"));
        assert_eq!(read("basic c2tfa2V5Og=="), pair("sk_key", ""));
        assert_eq!(read("Basic c2tfa2V5"), pair("sk_key", ""));
        assert_eq!(read("Basic YTpiOmM="), pair("a", "b:c"));
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        assert_eq!(read("Bearer YTpi"), None);
        assert_eq!(read("Basic !!!"), None);
        assert_eq!(read("Basic"), None);
        assert!(credentials(&HeaderMap::new()).is_none());
    }
}
