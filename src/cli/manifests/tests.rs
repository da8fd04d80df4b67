//! Manifests as people write them, and what they get wrong.

use std::fs;

use super::*;

/// Loads one file with this text; the messages have the file's name alone.
fn load_text(name: &str, text: &str) -> Result<Manifests, Vec<String>> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(name);
    fs::write(&file, text).unwrap();
    let prefix = format!("{}/", dir.path().display());
    load(&[file]).map_err(|errors| errors.iter().map(|error| error.to_string().replace(&prefix, "")).collect())
}

fn errors(text: &str) -> Vec<String> {
    load_text("a.yaml", text).err().expect("no error")
}

fn secret(text: &str) -> SecretManifest {
    let text = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{text}");
    load_text("a.yaml", &text).unwrap_or_else(|errors| panic!("{errors:?}")).secrets.remove(0)
}

#[test]
fn documents_keep_their_places_and_empty_ones_do_not_count() {
    let text = "# first\n---\n\n---\napiVersion: a.io/v1\nkind: A\nmetadata: {name: one}\n--- # second\n{apiVersion: v1, kind: B, metadata: {name: two, namespace: team}}\n...\n";
    let manifests = load_text("a.yaml", text).unwrap_or_else(|errors| panic!("{errors:?}"));
    let found: Vec<_> = manifests
        .objects
        .iter()
        .map(|found| (found.identity.to_string(), found.place.document, found.place.line))
        .collect();
    assert_eq!(found, [("A one".to_owned(), 1, 5), ("B team/two".to_owned(), 2, 9)]);
    assert_eq!((manifests.objects[0].identity.group(), manifests.objects[0].identity.version()), ("a.io", "v1"));
    assert_eq!((manifests.objects[1].identity.group(), manifests.objects[1].identity.version()), ("", "v1"));
}

#[test]
fn lists_are_unfolded_and_other_items_are_not() {
    let manifests = load_text(
        "a.json",
        r#"{"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}},
            {"apiVersion": "v1", "kind": "Menu", "metadata": {"name": "b"}, "items": [1]}]}
           {"apiVersion": "v1", "kind": "C", "metadata": {"name": "c"}}"#,
    )
    .unwrap_or_else(|errors| panic!("{errors:?}"));
    let places: Vec<_> = manifests.objects.iter().map(|found| (found.place.document, found.place.item)).collect();
    assert_eq!(places, [(1, Some(1)), (1, Some(2)), (2, None)]);
    assert_eq!(manifests.objects[1].object["items"][0], 1);
    assert_eq!(manifests.objects[2].place.line, 4);
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let text = "apiVersion: v1\nkind: A\nmetadata: {name: [}\n---\nkind: B\n---\napiVersion: v1\n---\n- 1\n---\napiVersion: v1\nkind: C\nmetadata: {name: 5}\n";
    let errors = errors(text);
    assert!(errors[0].starts_with("a.yaml, document 1: line 3, column "), "{errors:#?}");
    assert!(!errors[0].contains('\n'), "{errors:#?}");
    assert_eq!(
        errors[1],
        "a.yaml, document 2 (line 5): this is not a Kubernetes object, because apiVersion is missing"
    );
    assert_eq!(errors[2], "a.yaml, document 3 (line 7): this is not a Kubernetes object, because kind is missing");
    assert_eq!(errors[3], "a.yaml, document 4 (line 9): this is a list, not a Kubernetes object");
    assert_eq!(errors[4], "a.yaml, document 5 (line 11): metadata.name is a number, and must be text: quote it");
    assert_eq!(errors.len(), 5);
}

#[test]
fn a_syntax_error_counts_lines_from_the_beginning_of_the_file() {
    let text = "# a comment\n\n---\n# another\n\napiVersion: v1\nkind: A\n  metadata: {}\n";
    let found = errors(text);
    assert!(found[0].starts_with("a.yaml, document 1: line 8, column "), "{found:?}");
    let found = load_text("a.json", "{\n  \"kind\": A\n}").err().unwrap();
    assert_eq!(found, ["a.json, document 1: line 2, column 11: expected value"]);
}

#[test]
fn a_key_that_stands_twice_is_an_error() {
    let found = errors("apiVersion: v1\nkind: A\nmetadata: {name: a}\nspec: {x: 1, x: 2}\n");
    assert!(found[0].starts_with("a.yaml, document 1: line 4, column 14: ") && found[0].contains('x'), "{found:?}");
}

#[test]
fn no_message_shows_a_line_of_a_secret() {
    let found =
        errors("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter22, token: [}\n");
    assert!(found.iter().all(|message| !message.contains("hunter22")), "{found:?}");
}

#[test]
fn string_data_goes_over_data() {
    let found = secret("data: {a: aHVudGVyMjI=, b: /////w==, c: /////w==}\nstringData: {a: over, c: text, d: }\n");
    let text: Vec<_> = found.text.iter().map(|(key, value)| (key.as_str(), value.expose())).collect();
    assert_eq!(text, [("a", "over"), ("c", "text"), ("d", "")]);
    assert_eq!(found.binary.into_iter().collect::<Vec<_>>(), [("b".to_owned(), vec![0xff; 4])]);
    let folded = secret("data:\n  a: |\n    aHVu\n    dGVyMjI=\n");
    assert_eq!(folded.text["a"].expose(), "hunter22");
}

#[test]
fn an_account_key_that_yaml_takes_for_a_number_must_be_quoted() {
    assert_eq!(
        secret("stringData: {accountKey: 5a50d8fed44aa9.76285894}").text["accountKey"].expose(),
        "5a50d8fed44aa9.76285894"
    );
    assert_eq!(
        secret("stringData: {accountKey: '50708840445459.76285892'}").text["accountKey"].expose(),
        "50708840445459.76285892"
    );
    let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n";
    for value in ["50708840445459.76285892", "1e3", "0123456789", "0x10", "12"] {
        let found = errors(&format!("{head}stringData: {{accountKey: {value}}}\n"));
        assert_eq!(
            found,
            ["a.yaml, document 1 (line 1): stringData.accountKey is a number, and must be text: quote it"],
            "{value}"
        );
    }
    for value in ["true", "yes", "off"] {
        let found = errors(&format!("{head}data: {{accountKey: {value}}}\n"));
        assert!(found[0].ends_with("data.accountKey is a boolean, and must be text: quote it"), "{value}: {found:?}");
    }
}

#[test]
fn secrets_that_the_api_server_would_refuse_are_told() {
    let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n";
    let found = errors(&format!("{head}data: {{a: hunter22!}}\n"));
    assert_eq!(
        found,
        ["a.yaml, document 1 (line 1): data.a is not base64: encode it, or write it as plain text under stringData"]
    );
    let found = errors(&format!("{head}stringData: [a]\n"));
    assert_eq!(found, ["a.yaml, document 1 (line 1): stringData is a list, and must be an object"]);
}

#[test]
fn an_object_in_two_places_is_an_error_whatever_its_version() {
    let one = "apiVersion: a.io/v1\nkind: A\nmetadata: {name: a}\n";
    let found = errors(&format!("{one}---\n{}", one.replace("v1", "v2")));
    assert_eq!(found, ["A a stands in two places: a.yaml, document 1 (line 1), and a.yaml, document 2 (line 5)"]);
    let elsewhere = one.replace("name: a", "name: a, namespace: team");
    assert!(load_text("a.yaml", &format!("{one}---\n{elsewhere}---\n{}", one.replace("a.io", "b.io"))).is_ok());
}

#[test]
fn folders_are_read_whole_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, kind: &str| {
        let file = dir.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, format!("{{apiVersion: v1, kind: {kind}, metadata: {{name: a}}}}")).unwrap();
    };
    for (name, kind) in [("b.yml", "C"), ("a/z.json", "D"), ("a/y.yaml", "B")] {
        write(name, &format!("\"{kind}\""));
    }
    fs::write(dir.path().join("a/z.json"), r#"{"apiVersion": "v1", "kind": "D", "metadata": {"name": "a"}}"#).unwrap();
    for name in [".hidden.yaml", ".git/x.yaml", "kustomization.yaml", "readme.md"] {
        write(name, "Ignored");
    }
    let all = load(&[dir.path().join("b.yml"), dir.path().to_owned()]).unwrap_or_else(|errors| panic!("{errors:?}"));
    assert_eq!(all.objects.iter().map(|found| found.identity.kind.as_str()).collect::<Vec<_>>(), ["C", "B", "D"]);
    let found = load(&[dir.path().join(".git/none"), dir.path().join(".git")]).err().unwrap();
    assert!(matches!(&found[..], [ManifestError::Read { .. }]), "{found:?}");
    fs::create_dir(dir.path().join("empty")).unwrap();
    let found = load(&[dir.path().join("empty")]).err().unwrap();
    assert!(matches!(&found[..], [ManifestError::Empty { .. }]), "{found:?}");
}
