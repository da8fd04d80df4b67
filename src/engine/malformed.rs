//! Malformed: an object that cannot be decoded is told which field is wrong, what is wrong with it, and the way out. It stops nothing else.
//!
//! The watch keeps no more of such an object than its metadata, so it is read once more, as it is stored. What a field holds is named by its
//! type, and shown only where it is a number or stands for one word of several: somebody may have put a secret where it does not belong.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Api, DynamicObject, Patch};
use kube::core::ApiResource;
use kube::{CustomResourceExt, Resource};
use serde::de::{Deserialize as _, DeserializeOwned, Expected, Unexpected};
use serde_json::{Value as Json, json};
use serde_path_to_error::{Path, Segment};
use serde_value::ValueDeserializer;

use super::condition::{Judgement, READY, STALLED, stamp};
use super::context::Engine;
use super::kubernetes::{Error, Object, call, params};
use super::policy::{ABANDON, Deletion, FINALIZER};
use super::queue::Item;
use super::reason::Reason;
use super::terminating::{Cause, cause_of};
use crate::base::clock::now;
use crate::base::secret::{Secret, scrub};

/// The longest word that is shown, in characters.
const LONGEST_WORD: usize = 40;

/// What keeps an object from being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The field, such as `spec.tls.caBundle`; empty for the whole.
    pub path: String,
    /// What is wrong with it, and what it has to be.
    pub problem: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "it" } else { &self.path };
        write!(f, "{path} {}", self.problem)
    }
}

impl Misfit {
    /// The same, in a value that stands at `path`.
    #[must_use]
    pub fn below(self, path: &str) -> Self {
        let path = match (path, self.path.as_str()) {
            ("", inner) => inner.to_owned(),
            (path, "") => path.to_owned(),
            (path, inner) if inner.starts_with('[') => format!("{path}{inner}"),
            (path, inner) => format!("{path}.{inner}"),
        };
        Self { path, ..self }
    }
}

/// The first thing that keeps `value` from being a `T`; none when nothing does. Fields of flattened parts are not told apart: ask about
/// those parts by themselves.
pub fn misfit<T: DeserializeOwned>(value: &Json) -> Option<Misfit> {
    let buffer = serde_value::to_value(value).ok()?;
    let error = serde_path_to_error::deserialize::<_, T>(ValueDeserializer::<Complaint>::new(buffer)).err()?;
    let (path, found) = (spelled(error.path()), at(value, error.path()));
    Some(error.into_inner().told(path, found))
}

/// `value` as a `T`.
///
/// # Errors
/// The first thing that keeps it from being one.
pub fn read<T: DeserializeOwned>(value: &Json) -> Result<T, Misfit> {
    let blank = || Misfit { path: String::new(), problem: "cannot be understood".to_owned() };
    T::deserialize(value).map_err(|_| misfit::<T>(value).unwrap_or_else(blank))
}

/// What a decoder has to complain of, in parts, so that no value gets into a message unseen.
#[derive(Debug)]
enum Complaint {
    Type(String),
    Value(String),
    Word(&'static [&'static str]),
    Missing(&'static str),
    Unknown,
    Other(String),
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that does not fit")
    }
}

impl std::error::Error for Complaint {}

impl serde::de::Error for Complaint {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Type(expected.to_string())
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Value(expected.to_string())
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::Value(expected.to_string())
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::Word(expected)
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::Other(format!("has {field} twice"))
    }
}

impl Complaint {
    fn told(self, path: String, found: Option<&Json>) -> Misfit {
        let problem = match self {
            Self::Missing(field) => {
                return Misfit { path: field.to_owned(), problem: "is missing".to_owned() }.below(&path);
            }
            Self::Unknown => "is not a field here: take it out".to_owned(),
            Self::Type(expected) | Self::Value(expected) => {
                let expected = required(&expected);
                let quote = expected == "text" && matches!(found, Some(Json::Bool(_) | Json::Number(_)));
                format!("is {}, and must be {expected}{}", type_of(found), if quote { ": quote it" } else { "" })
            }
            Self::Word(words) => format!("is {}, and must be one of {}", word(found), words.join(", ")),
            Self::Other(message) => {
                let told = found.and_then(Json::as_str).map(Secret::new);
                format!("cannot be understood: {}", scrub(&message, told.iter()))
            }
        };
        Misfit { path, problem }
    }
}

fn spelled(path: &Path) -> String {
    let text = path.to_string();
    if text == "." { String::new() } else { text }
}

fn at<'a>(value: &'a Json, path: &Path) -> Option<&'a Json> {
    path.iter().try_fold(value, |value, segment| match segment {
        Segment::Seq { index } => value.get(index),
        Segment::Map { key } => value.get(key),
        Segment::Enum { .. } => Some(value),
        Segment::Unknown => None,
    })
}

/// What a value is, in words.
fn type_of(value: Option<&Json>) -> String {
    match value {
        None => "of another form".to_owned(),
        Some(Json::Null) => "empty".to_owned(),
        Some(Json::Bool(value)) => value.to_string(),
        Some(Json::Number(number)) => format!("the number {number}"),
        Some(Json::String(_)) => "text".to_owned(),
        Some(Json::Array(_)) => "a list".to_owned(),
        Some(Json::Object(_)) => "an object".to_owned(),
    }
}

fn word(value: Option<&Json>) -> String {
    match value {
        Some(Json::String(word)) if word.chars().count() <= LONGEST_WORD => format!("{word:?}"),
        other => type_of(other),
    }
}

/// What a decoder expects, in the words of manifests. Words that are not known here stay as they are.
fn required(expected: &str) -> String {
    let whole = |least: &str, most: &str| format!("a whole number from {least} to {most}");
    match expected {
        "a string" | "string" | "string or map" | "a borrowed string" => "text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        "u8" => whole("0", &u8::MAX.to_string()),
        "u16" => whole("0", &u16::MAX.to_string()),
        "u32" => whole("0", &u32::MAX.to_string()),
        "i32" => whole(&i32::MIN.to_string(), &i32::MAX.to_string()),
        "i64" | "u64" | "usize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        other if other.starts_with("struct ") => "an object".to_owned(),
        other => other.to_owned(),
    }
}

/// What of a kind the report needs to know.
pub struct Shape {
    /// What keeps a flattened part of the status from being read; the parts by themselves.
    pub flattened: fn(&Json) -> Option<Misfit>,
    /// Conditions of the kind, beside Ready, of which nothing is known while the object cannot be read.
    pub unknown: &'static [&'static str],
}

/// Reads an object once more, as it is stored, and says in its status why it cannot be worked with. Returns that sentence; none when it can
/// be read by now, or is gone. An object that is being deleted is let go when it is abandoned, to be left as an orphan, or swept away by the end
/// of its namespace or its definition.
///
/// # Errors
/// Kubernetes did not show it, or did not take the status: to be tried again.
pub async fn report<O: Object + CustomResourceExt>(
    engine: &Engine,
    item: &Item,
    shape: &Shape,
) -> Result<Option<String>, Error> {
    let api: Api<DynamicObject> =
        Api::namespaced_with(engine.client.clone(), &item.namespace, &ApiResource::erase::<O>(&()));
    let Some(object) = call(api.get_opt(&item.name)).await? else { return Ok(None) };
    let Some(misfit) = of_object::<O>(&object, shape) else { return Ok(None) };
    if abandoned(&object) || is_left::<O>(engine, &object).await? {
        let kept: Vec<&String> =
            object.metadata.finalizers.iter().flatten().filter(|name| *name != FINALIZER).collect();
        let change = json!({"metadata": {"resourceVersion": object.metadata.resource_version, "finalizers": kept}});
        call(api.patch(&item.name, &params(), &Patch::Merge(change))).await?;
        tracing::info!(kind = item.kind, namespace = %item.namespace, name = %item.name, "let go of an object that cannot be read");
        return Ok(None);
    }
    let message = sentence(item, &object, &misfit);
    let generation = object.meta().generation.unwrap_or_default();
    let unknown =
        |condition: &&'static str| Judgement::new(condition, None, Reason::Malformed.word(), message.as_str());
    let mut judgements = vec![Judgement::new(READY, false, Reason::Malformed.word(), message.as_str())];
    judgements.extend(shape.unknown.iter().map(unknown));
    judgements.push(Judgement::new(STALLED, true, Reason::Malformed.word(), message.as_str()));
    let stored = object.data.pointer("/status/conditions").cloned().unwrap_or_default();
    let stored: Vec<Condition> = serde_json::from_value(stored).unwrap_or_default();
    let conditions = stamp(&stored, &judgements, generation, now());
    engine.metrics.contribute(item, &conditions, &[], Some(Vec::new()));
    if stored != conditions {
        tracing::warn!(kind = item.kind, namespace = %item.namespace, name = %item.name, %misfit, "cannot read this object");
        let patch = json!({"status": {"observedGeneration": generation, "conditions": conditions}});
        call(api.patch_status(&item.name, &params(), &Patch::Merge(patch))).await?;
        engine.metrics.status_written(item.kind);
    }
    Ok(Some(message))
}

fn of_object<O: DeserializeOwned>(object: &DynamicObject, shape: &Shape) -> Option<Misfit> {
    let whole = serde_json::to_value(object).ok()?;
    let misfit = misfit::<O>(&whole)?;
    if misfit.path != "status" {
        return Some(misfit);
    }
    let inner = whole.get("status").and_then(shape.flattened);
    Some(inner.map_or(misfit, |inner| inner.below("status")))
}

fn abandoned(object: &DynamicObject) -> bool {
    let uid = object.metadata.uid.as_ref();
    let word = object.metadata.annotations.as_ref().and_then(|annotations| annotations.get(ABANDON));
    object.metadata.deletion_timestamp.is_some() && word.is_some() && word == uid
}

/// Whether a deletion needs no more of the object than what can be read of it: nothing is to be done at the vendor.
async fn is_left<O: CustomResourceExt>(engine: &Engine, object: &DynamicObject) -> Result<bool, Error> {
    let held = object.metadata.finalizers.iter().flatten().any(|name| name == FINALIZER);
    if object.metadata.deletion_timestamp.is_none() || !held {
        return Ok(false);
    }
    // Nobody is there to correct it any more, even when somebody wanted it gone before.
    Ok(is_orphan(object) || cause_of::<O>(&engine.client, &object.metadata).await? != Cause::Wanted)
}

fn is_orphan(object: &DynamicObject) -> bool {
    let word = object.data.pointer("/spec/policy/deletion").and_then(|word| Deletion::deserialize(word).ok());
    matches!(word, Some(Deletion::Orphan | Deletion::Unknown))
}

fn sentence(item: &Item, object: &DynamicObject, misfit: &Misfit) -> String {
    let uid = object.metadata.uid.as_deref().unwrap_or_default();
    let mut steps = misfit.path.split(['.', '[']);
    let way_out = match (steps.next(), steps.next()) {
        // Nobody edits a status by hand, and everything in it can be found out again.
        (Some("status"), Some(part)) => format!(
            "have it written anew: kubectl patch {} {} --subresource=status --type=merge -p '{{\"status\":{{\"{part}\":null}}}}'",
            item.kind.to_ascii_lowercase(),
            item.name
        ),
        _ => "correct it".to_owned(),
    };
    let escape = if object.metadata.finalizers.iter().flatten().any(|name| name == FINALIZER) {
        format!("; or, to delete the object and leave the vendor's side alone, set the annotation {ABANDON}: {uid}")
    } else {
        String::new()
    };
    format!("this object cannot be read: {misfit}; {way_out}{escape}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::engine::admin_api::AdminApi;
    use crate::engine::status::Status;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Part {
        #[expect(dead_code, reason = "only decoded")]
        level: u8,
        #[serde(default)]
        #[expect(dead_code, reason = "only decoded")]
        speed: Option<Speed>,
    }

    #[derive(Deserialize)]
    enum Speed {
        Slow,
        Fast,
    }

    #[derive(Deserialize)]
    struct Whole {
        #[expect(dead_code, reason = "only decoded")]
        parts: Vec<Part>,
        #[serde(default)]
        #[expect(dead_code, reason = "only decoded")]
        by_name: BTreeMap<String, Part>,
    }

    fn told<T: DeserializeOwned>(value: Json) -> String {
        misfit::<T>(&value).map(|misfit| misfit.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_misfit_is_told_by_field_value_and_what_it_must_be() {
        let _ = (Speed::Slow, Speed::Fast);
        for (value, expected) in [
            (json!({"parts": [{"level": 1}]}), ""),
            (json!({}), "parts is missing"),
            (json!({"parts": null}), "parts is empty, and must be a list"),
            (json!({"parts": {"level": 1}}), "parts is an object, and must be a list"),
            (json!({"parts": [{"level": 1}, {}]}), "parts[1].level is missing"),
            (
                json!({"parts": [{"level": 256}]}),
                "parts[0].level is the number 256, and must be a whole number from 0 to 255",
            ),
            (
                json!({"parts": [{"level": -1}]}),
                "parts[0].level is the number -1, and must be a whole number from 0 to 255",
            ),
            (
                json!({"parts": [{"level": 1.5}]}),
                "parts[0].level is the number 1.5, and must be a whole number from 0 to 255",
            ),
            (
                json!({"parts": [{"level": "hunter22"}]}),
                "parts[0].level is text, and must be a whole number from 0 to 255",
            ),
            (json!({"parts": [{"level": 1, "pace": 1}]}), "parts[0].pace is not a field here: take it out"),
            (
                json!({"parts": [{"level": 1, "speed": "Brisk"}]}),
                "parts[0].speed is \"Brisk\", and must be one of Slow, Fast",
            ),
            (
                json!({"parts": [{"level": 1, "speed": 7}]}),
                "parts[0].speed is the number 7, and must be text: quote it",
            ),
            (
                json!({"parts": [], "by_name": {"a.b": {"level": []}}}),
                "by_name.a.b.level is a list, and must be a whole number from 0 to 255",
            ),
        ] {
            assert_eq!(told::<Whole>(value.clone()), expected, "{value}");
        }
    }

    #[test]
    fn no_text_is_shown_that_may_be_a_secret() {
        let secret = "correct-horse-battery-staple-correct-horse-battery";
        for value in [
            json!({"parts": secret}),
            json!({"parts": [secret]}),
            json!({"parts": [{"level": secret}]}),
            json!({"parts": [{"level": 1, "speed": secret}]}),
        ] {
            let told = told::<Whole>(value);
            assert!(!told.is_empty() && !told.contains("horse"), "{told}");
        }
        let written = json!({"metadata": {"name": "a", "creationTimestamp": "hunter22"}, "spec": {"credentials": {"secretRef": {"name": "c"}}}});
        let told = told::<AdminApi>(written);
        assert!(
            told.starts_with("metadata.creationTimestamp cannot be understood") && !told.contains("hunter22"),
            "{told}"
        );
    }

    #[test]
    fn an_admin_api_is_told_by_field() {
        let told = |spec: Json| told::<AdminApi>(json!({"metadata": {"name": "a"}, "spec": spec}));
        let credentials = json!({"secretRef": {"name": "c"}});
        assert_eq!(told(json!({"credentials": credentials, "vendor": {"url": 1}})), "");
        assert_eq!(
            told(json!({"credentials": {"secretRef": "hunter22"}})),
            "spec.credentials.secretRef is text, and must be an object"
        );
        assert_eq!(
            told(json!({"credentials": credentials, "limits": {"burst": 99_999_999_999_u64}})),
            "spec.limits.burst is the number 99999999999, and must be a whole number from 0 to 4294967295"
        );
        assert_eq!(told(json!({})), "spec.credentials is missing");
    }

    #[test]
    fn a_flattened_part_of_a_status_is_asked_by_itself() {
        let object: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "x/v1", "kind": "X", "metadata": {"name": "a"}, "parts": [{"level": "x"}],
            "status": {"parts": [{"level": "x"}]},
        }))
        .unwrap();
        #[derive(Deserialize)]
        struct Object {
            #[expect(dead_code, reason = "only decoded")]
            status: Status<Flat>,
        }
        #[derive(Default, Deserialize)]
        struct Flat {
            #[expect(dead_code, reason = "only decoded")]
            parts: Vec<Part>,
        }
        let shape = Shape { flattened: misfit::<Flat>, unknown: &[] };
        let found = of_object::<Object>(&object, &shape).unwrap();
        assert_eq!(found.path, "status.parts[0].level");
        let item = Item { kind: "Thing", namespace: "n".into(), name: "a".into() };
        let sentence = sentence(&item, &object, &found);
        assert_eq!(
            sentence,
            "this object cannot be read: status.parts[0].level is text, and must be a whole number from 0 to 255; have it written anew: \
             kubectl patch thing a --subresource=status --type=merge -p '{\"status\":{\"parts\":null}}'"
        );
    }
}
