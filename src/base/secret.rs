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

    /// `text` with every occurrence of a value of one of these fingerprints replaced by [`MASK`], for words of somebody who knows a secret that
    /// we do not have at hand. A value is found where it is set off from letters and digits around it, and is at most 128 characters
    /// long. Takes time with the square of the length of `text`.
    pub fn scrub(&self, text: &str, prints: &[&str]) -> String {
        let edges = edges(text);
        let ends = |start: usize| {
            let far = text[start..].char_indices().nth(LONGEST).map_or(text.len(), |(far, _)| start + far);
            edges.iter().rev().copied().filter(move |end| *end > start && *end <= far)
        };
        let is_one = |value: &str| prints.contains(&self.fingerprint(value.as_bytes()).as_str());
        let (mut clean, mut done) = (String::new(), 0);
        for start in edges.iter().copied() {
            if start < done {
                continue;
            }
            if let Some(end) = ends(start).find(|end| is_one(&text[start..*end])) {
                clean.push_str(&text[done..start]);
                clean.push_str(MASK);
                done = end;
            }
        }
        clean + &text[done..]
    }
}

/// The longest value that [`FingerprintKey::scrub`] finds, in characters.
const LONGEST: usize = 128;

/// Where a word may begin or end: everywhere but between two letters or digits.
fn edges(text: &str) -> Vec<usize> {
    let mut edges = vec![0];
    let mut before: Option<char> = None;
    for (at, character) in text.char_indices() {
        if at > 0 && !(character.is_alphanumeric() && before.is_some_and(char::is_alphanumeric)) {
            edges.push(at);
        }
        before = Some(character);
    }
    edges.push(text.len());
    edges
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
    fn what_is_known_by_its_fingerprint_is_blotted_out_too() {
        let key = FingerprintKey::new(b"key");
        for secret in ["hunter22", "p@ss: word!", "!", "für\u{200b}immer"] {
            let print = key.fingerprint(secret.as_bytes());
            let clean = |text: &str| key.scrub(text, &["fp1:other", &print]);
            assert_eq!(clean(&format!("535 {secret}: no ({secret})")), "535 ***: no (***)");
            assert_eq!(clean(secret), "***");
            assert_eq!(clean("nothing of it here"), "nothing of it here");
        }
        assert_eq!(key.scrub("", &[]), "");
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
