//! Deed: what a kind does once and cannot simply repeat; how far one got, as its object's status and this process know it. Pure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::state::row;
use crate::base::secret::Secret;

/// What is recorded of a renewal whose new credentials are written.
pub const RENEWED: &str = "renewed";

/// What one call of a deed came to.
pub enum Deed {
    /// It is done.
    Done,
    /// A step is done, or what was begun is still under way at the vendor: the words to hand to the next call, any text without secrets. New
    /// words are recorded before that call, which follows at once; after the same again it comes a second later, then two, up to half a
    /// minute.
    Step(String),
    /// The vendor has given new credentials for the AdminApi, and the old ones are worth nothing any more: the keys of its Secret that
    /// change. The next call comes with them, and with `renewed` on record.
    Renewed(BTreeMap<&'static str, Secret>),
    /// It is uncertain whether it is done, it must not be repeated if it is, and the vendor does not tell. What a person has to look for, as
    /// a part of a sentence.
    Unclear(String),
}

/// How far a deed got before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeedAttempt<'a> {
    /// What the last step that is done returned; none when no step is.
    pub recorded: Option<&'a str>,
    /// The step after it may have been carried out, or the deed itself for a value that the spec had before: a call was lost, or a process
    /// ended. Whoever cannot repeat it without harm looks first whether it is done.
    pub uncertain: bool,
    /// Of a group of [`Kind::RENEWS`]: the AdminApi's credentials are others than when the deed was begun.
    pub renewed: bool,
}

/// Something that is done once and was begun: it may be under way, done, or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Begun {
    /// The attempt: its own id and, behind a dot, the lease epoch.
    pub attempt: String,
    /// The vendor's id of the object that it was begun for.
    #[serde(default)]
    pub external_id: String,
    /// What it is to bring about, by path: the value as JSON, or the keyed fingerprint of a secret one.
    #[serde(default)]
    pub wanted: BTreeMap<String, String>,
    /// What the last step that is done returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<String>,
    /// The keyed fingerprint of the AdminApi's credentials when it was begun, of what renews them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<String>,
}

/// What a person says about a deed of which nobody else can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was done.
    Done,
    /// It was not done, and is to be done.
    Again,
}

impl Begun {
    /// Whether it was begun for these values.
    pub fn is_for(&self, wanted: &BTreeMap<String, String>) -> bool {
        wanted.iter().all(|(path, value)| self.wanted.get(path) == Some(value))
    }

    /// What the annotation says about this very attempt, as `<attempt> done` or `<attempt> again`.
    pub fn verdict(&self, annotation: Option<&str>) -> Option<Verdict> {
        match annotation?.strip_prefix(&self.attempt)?.trim() {
            "done" => Some(Verdict::Done),
            "again" => Some(Verdict::Again),
            _ => None,
        }
    }

    /// Its fields, in words.
    pub fn fields(&self) -> String {
        self.wanted.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// How a deed goes, as far as this process knows from its own calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// The attempt.
    pub attempt: String,
    /// No call of its present step may have been carried out.
    pub clean: bool,
    /// What its last step returned, until it is recorded.
    pub step: Option<String>,
    /// It is done; its mark goes with the next status.
    pub over: bool,
    /// So many calls in a row found it under way.
    pub looks: u32,
    /// The fingerprint of credentials that the AdminApi's session must not have any more before the next call.
    pub outdated: Option<String>,
}

impl Course {
    /// One of which no call was made.
    pub fn new(attempt: String, clean: bool) -> Self {
        Self { attempt, clean, step: None, over: false, looks: 0, outdated: None }
    }
}

/// Whether changes of this group are a deed.
pub fn is_once<K: Kind>(group: &str) -> bool {
    K::ONCE.contains(&group) || K::RENEWS.contains(&group)
}

/// Whether this field is about the AdminApi, whatever external object its object has.
pub fn is_of_admin_api<K: Kind>(path: &str) -> bool {
    row(K::FIELDS, path).is_some_and(|field| K::RENEWS.contains(&field.group))
}

/// Whether a create carries this field.
pub fn is_carried<K: Kind>(path: &str) -> bool {
    row(K::FIELDS, path).is_none_or(|field| !is_once::<K>(field.group) && !K::LATER.contains(&field.group))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Begun {
        Begun {
            attempt: "a1.3".to_owned(),
            external_id: "7".to_owned(),
            wanted: [("a", "1"), ("b", "2")].map(|(path, value)| (path.to_owned(), value.to_owned())).into(),
            recorded: None,
            credentials: None,
        }
    }

    #[test]
    fn a_verdict_is_about_one_attempt() {
        let rows = [
            (None, None),
            (Some("a1.3 done"), Some(Verdict::Done)),
            (Some("a1.3 again"), Some(Verdict::Again)),
            (Some("a1.3 perhaps"), None),
            (Some("a1.3"), None),
            (Some("b2.3 done"), None),
            (Some("a1.30 done"), None),
            (Some("done"), None),
        ];
        for (said, verdict) in rows {
            assert_eq!(begun().verdict(said), verdict, "{said:?}");
        }
    }

    #[test]
    fn what_is_left_of_a_deed_is_still_that_deed() {
        let of = |rows: &[(&str, &str)]| {
            rows.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>()
        };
        assert!(begun().is_for(&of(&[("a", "1"), ("b", "2")])) && begun().is_for(&of(&[("b", "2")])));
        assert!(!begun().is_for(&of(&[("a", "1"), ("b", "3")])) && !begun().is_for(&of(&[("c", "1")])));
    }
}
