//! Manifests that nobody would write: reading, checking and decoding them never panics, and every mistake is told with its place.

use std::path::Path;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use proptest::prelude::*;
use serde_json::Value as Json;

use super::kubernetes::definitions;
use super::manifests::{self, Manifests};
use super::validate::validate;
use crate::base::fuzz::{MARKER, garbled, one_in, spoilt};
use crate::engine::admin_api::AdminApi;
use crate::engine::malformed::misfit;
use crate::kinds::TABLES;

/// The examples' texts.
fn examples() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/examples");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

/// The examples' objects of our own kinds.
fn objects() -> Vec<Json> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/examples");
    let (read, errors) = manifests::read(&[folder]);
    assert!(errors.is_empty());
    let known: Vec<String> = definitions(&TABLES).into_iter().map(|crd| crd.spec.names.kind).collect();
    let ours = |object: &Json| known.iter().any(|kind| object["kind"] == kind.as_str());
    let objects: Vec<Json> = read.objects.into_iter().map(|manifest| manifest.object).filter(ours).collect();
    assert!(objects.len() >= 2, "there is nothing to spoil");
    objects
}

fn read_as(name: &str, text: &str) -> (Manifests, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(name);
    std::fs::write(&file, text).unwrap();
    let (found, errors) = manifests::read(&[file]);
    (found, errors.iter().map(ToString::to_string).collect())
}

fn definition(kind: &str) -> CustomResourceDefinition {
    definitions(&TABLES).into_iter().find(|crd| crd.spec.names.kind == kind).unwrap()
}

/// Decodes an object as the watch does, and lets its kind judge it; the sentence about what is wrong with its form, if anything is.
fn decoded(kind: &str, object: &Json) -> Option<String> {
    let misfit = match TABLES.kind(kind) {
        Some(row) => (row.judge)(object).err(),
        None => misfit::<AdminApi>(object),
    };
    misfit.map(|misfit| {
        assert!(!misfit.path.is_empty(), "{misfit} names no field");
        misfit.to_string()
    })
}

proptest! {
    #![proptest_config(one_in(1))]

    #[test]
    fn any_text_is_read_or_told_with_its_place(
        text in prop_oneof![any::<String>(), garbled(proptest::sample::select(examples()))], json: bool,
    ) {
        let name = if json { "a.json" } else { "a.yaml" };
        let (_, errors) = read_as(name, &text);
        for error in errors {
            prop_assert!(error.contains(name), "{}", error);
            prop_assert!(!error.contains('\n') || !text.is_ascii(), "{}", error);
        }
    }

    #[test]
    fn no_mistake_in_a_secret_shows_its_value(
        text in garbled(Just(format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  password: {MARKER}\n  other: 'x'\n"))),
    ) {
        let (_, errors) = read_as("a.yaml", &text);
        prop_assert!(errors.iter().all(|error| !error.contains(MARKER)), "{:?}", errors);
    }
}

proptest! {
    // Schemas are compiled anew for each object.
    #![proptest_config(one_in(8))]

    #[test]
    fn what_passes_the_checks_can_be_decoded(object in proptest::sample::select(objects()).prop_flat_map(|object| {
        let kind = object["kind"].as_str().unwrap().to_owned();
        spoilt(object).prop_map(move |object| (kind.clone(), object))
    })) {
        let (kind, object) = object;
        // Whatever reaches us was read from text, by a reader that puts a bound to its depth.
        let Ok(object) = serde_json::from_str::<Json>(&object.to_string()) else { return Ok(()) };
        let problems = validate(&definition(&kind), "v1alpha1", &object, None);
        let misfit = decoded(&kind, &object);
        for problem in &problems {
            prop_assert!(!problem.message.is_empty(), "{:?}", problem);
        }
        // What the schema lets in, we can read; the API server looks after metadata by itself.
        let ours = misfit.filter(|misfit| misfit.starts_with("spec"));
        prop_assert!(ours.is_none() || !problems.is_empty(), "{:?} of {}", ours, object);
    }
}
