//! What is generated is in git as it would be generated now, and the tables that it comes from are whole.

use std::collections::BTreeSet;

use provost::cli::generate::{files, stale};
use provost::cli::kubernetes::definitions;
use provost::engine::kind::Identity;
use provost::engine::policy::Deletion;
use provost::engine::reason::Reason;
use provost::kinds::TABLES;

use crate::harness::root;

#[test]
fn generated_files_are_in_git_as_they_should_be() {
    let stale = stale(root(), &files(&TABLES, root()).unwrap());
    assert!(stale.is_empty(), "run `make generate` and commit {stale:?}");
}

#[test]
fn a_row_has_the_name_of_its_kind_and_keeps_the_contract_of_kinds() {
    for row in TABLES.kinds {
        let definition = (row.crd)();
        assert_eq!(definition.spec.names.kind, row.kind);
        assert_eq!(definition.spec.names.categories.as_deref(), Some(["provost".to_owned()].as_slice()));
        assert!(row.deletions.contains(&Deletion::Orphan), "{}: letting go must always be possible", row.kind);
        let found = matches!(row.identity, Identity::Chosen | Identity::Listed);
        assert_eq!(row.unlisted.is_none(), found, "{}: what a list finds can be listed, and nothing else", row.kind);
        if row.identity == Identity::Run {
            assert_eq!(row.deletions, [Deletion::Orphan], "{}: there is nothing to delete", row.kind);
        }
        let schema = serde_json::to_value(&definition).unwrap();
        let fields = &schema["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
        for field in row.fields {
            let first = field.path.split('.').next().unwrap();
            assert!(fields.get(first).is_some(), "{}: the schema has no field {}", row.kind, field.path);
        }
        for ours in ["adminApi", "policy"] {
            assert!(fields.get(ours).is_some(), "{}: the schema lacks {ours}", row.kind);
        }
    }
}

#[test]
fn every_field_of_every_definition_says_what_it_means() {
    fn walk(schema: &serde_json::Value, path: &str, mute: &mut Vec<String>) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            if property.get("description").is_none() {
                mute.push(path.clone());
            }
            walk(property, &path, mute);
            walk(&property["items"], &format!("{path}[]"), mute);
        }
    }
    let mut mute = Vec::new();
    for definition in definitions(&TABLES) {
        let schema = serde_json::to_value(&definition).unwrap();
        let schema = &schema["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        walk(schema, &definition.spec.names.kind, &mut mute);
    }
    assert!(mute.is_empty(), "no description: {mute:?}");
}

/// The operations that the vendor's own page documents, restated in its contract (sections 2.1 to 2.5). Those of Intrexx are compared
/// beside their table.
#[test]
fn every_documented_endpoint_is_driven() {
    let documented = BTreeSet::from([
        ("MyIntranetApps", "POST", "create_account", true),
        ("MyIntranetApps", "POST", "list_accounts", false),
        ("MyIntranetApps", "POST", "update_account", true),
        ("MyIntranetApps", "GET", "connection_health", false),
    ]);
    let mut driven = BTreeSet::new();
    for vendor in TABLES.vendors {
        for endpoint in (vendor.endpoints)() {
            let kinds = TABLES.kinds.iter().map(|row| row.kind).chain(["AdminApi"]);
            let known = kinds.into_iter().any(|kind| endpoint.driven_by.contains(kind));
            assert!(known, "{}: {} is not a kind", endpoint.operation, endpoint.driven_by);
            if vendor.name == "MyIntranetApps" {
                driven.insert((vendor.name, endpoint.method, endpoint.operation, endpoint.write));
            }
        }
    }
    assert_eq!(driven, documented);
}

#[test]
fn reasons_are_words_of_their_own_with_a_meaning() {
    let mut words = BTreeSet::new();
    let own = TABLES.kinds.iter().flat_map(|row| row.reasons.iter().copied());
    for (word, meaning) in Reason::ALL.iter().map(|reason| (reason.word(), reason.meaning())).chain(own) {
        assert!(words.insert(word), "{word} is there twice");
        assert!(meaning.ends_with('.') && meaning.len() > 20, "{word}: {meaning}");
        assert!(word.chars().all(char::is_alphanumeric) && word.starts_with(char::is_uppercase), "{word}");
    }
}
