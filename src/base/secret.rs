//! Secret values that cannot be printed, and fingerprints that stand in for them.

use aws_lc_rs::hmac;
use secrecy::{ExposeSecret, SecretString};

/// What stands in an output where a secret would have been.
pub const MASK: &str = "***";

/// A secret text. It has no `Debug`, `Display` or `Serialize`, and its memory is wiped when it goes.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The plain value, for the one place that puts it on the wire or into a Kubernetes Secret.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// `text` with every occurrence of one of `secrets` replaced by [`MASK`].
///
/// Vendors echo what they were sent, so their words pass through here before anyone else sees them. Secrets shorter than four
/// characters are left alone: blotting out every `1` would hide the message and protect nothing.
pub fn scrub<'a>(text: &str, secrets: impl IntoIterator<Item = &'a Secret>) -> String {
    let mut clean = text.to_owned();
    for secret in secrets {
        let value = secret.expose();
        if value.len() >= 4 && clean.contains(value) {
            clean = clean.replace(value, MASK);
        }
    }
    clean
}

/// The key under which an installation takes fingerprints. Without it a fingerprint cannot be tested against guesses.
#[derive(Clone)]
pub struct FingerprintKey(hmac::Key);

impl FingerprintKey {
    /// A key from the installation's own random bytes (32 of them, or more).
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Fresh random bytes for [`FingerprintKey::new`].
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn random_bytes() -> Result<[u8; 32], aws_lc_rs::error::Unspecified> {
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes)?;
        Ok(bytes)
    }

    /// What tells fingerprints under this key from those under another one: 8 hex digits.
    pub fn name(&self) -> String {
        let tag = hmac::sign(&self.0, b"the name of this key");
        tag.as_ref()[..4].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The fingerprint of one value: `fp1:` and 32 hex digits. Equal values under one key have equal fingerprints.
    pub fn fingerprint(&self, value: &[u8]) -> String {
        let tag = hmac::sign(&self.0, value);
        let hex: String = tag.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("fp1:{hex}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrub_blots_out_every_occurrence_and_leaves_tiny_values() {
        let secrets = [Secret::new("hunter22"), Secret::new("1")];
        assert_eq!(scrub("bad hunter22, 1 hunter22", &secrets), "bad ***, 1 ***");
    }

    #[test]
    fn fingerprints_depend_on_value_and_key() {
        let (one, two) = (FingerprintKey::new(b"one"), FingerprintKey::new(b"two"));
        assert_eq!(one.fingerprint(b"x"), one.fingerprint(b"x"));
        assert_ne!(one.fingerprint(b"x"), one.fingerprint(b"y"));
        assert_ne!(one.fingerprint(b"x"), two.fingerprint(b"x"));
        assert!(one.fingerprint(b"x").starts_with("fp1:"));
    }
}
