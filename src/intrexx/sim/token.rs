//! Tokens of `POST /auth`: JSON Web Tokens, signed with the server's secret.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A token for `subject` that is good for `seconds`.
pub(super) fn issue(secret: &str, subject: &str, now: Timestamp, seconds: u32) -> String {
    let issued = now.as_second();
    let head = json!({"alg": "HS256", "typ": "JWT"});
    let claims = json!({"sub": subject, "iat": issued, "exp": issued + i64::from(seconds)});
    let signed = [head, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let tag = hmac::sign(&key(secret), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// Whether a token was issued with this secret and is still good.
pub(super) fn is_good(secret: &str, token: &str, now: Timestamp) -> bool {
    expiry(secret, token).is_some_and(|expires| now.as_second() < expires)
}

fn expiry(secret: &str, token: &str) -> Option<i64> {
    let (signed, tag) = token.rsplit_once('.')?;
    hmac::verify(&key(secret), signed.as_bytes(), &URL_SAFE_NO_PAD.decode(tag).ok()?).ok()?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?).ok()?;
    claims.get("exp")?.as_i64()
}

fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_token_is_good_for_its_secret_and_its_time() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let token = issue("secret", "iaa-admin", now, 60);
        assert!(is_good("secret", &token, now));
        assert!(is_good("secret", &token, now + SignedDuration::from_secs(59)));
        assert!(!is_good("secret", &token, now + SignedDuration::from_secs(60)));
        assert!(!is_good("another", &token, now));
        assert!(!is_good("secret", &format!("{token}A"), now));
        assert!(!is_good("secret", "no.token", now));
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims, json!({"sub": "iaa-admin", "iat": 1_800_000_000, "exp": 1_800_000_060}));
    }
}
