//! Examples: the manifests of `deploy/examples`, one kind at a time.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::harness::root;

/// The example of a kind, and the Secrets and ConfigMaps of its file.
pub fn of(kind: &str) -> (Json, Vec<Json>) {
    within(&root().join("deploy/examples"), kind)
}

/// The same in another folder.
pub fn within(folder: &Path, kind: &str) -> (Json, Vec<Json>) {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let mut documents: Vec<Json> = text.split("\n---\n").map(|text| serde_yaml::from_str(text).unwrap()).collect();
        if let Some(example) = documents.iter().find(|document| document["kind"] == kind).cloned() {
            documents.retain(|document| document["kind"] == "Secret" || document["kind"] == "ConfigMap");
            return (example, documents);
        }
    }
    panic!("{kind} has no example in {}", folder.display());
}

/// The documents of an example file that tell of a vendor, by a word that is in each of them.
pub fn documents(file: &str, word: &str) -> Vec<Json> {
    let text = std::fs::read_to_string(root().join("deploy/examples").join(file)).unwrap();
    let ours = text.split("\n---\n").filter(|document| document.contains(word));
    ours.map(|document| serde_yaml::from_str(document).unwrap()).collect()
}

/// Changes a document as a merge patch does; null takes a field out.
pub fn change(document: &mut Json, patch: &Json) {
    let Some(fields) = patch.as_object() else {
        *document = patch.clone();
        return;
    };
    if !document.is_object() {
        *document = json!({});
    }
    for (field, value) in fields {
        if value.is_null() {
            document.as_object_mut().unwrap().remove(field);
        } else {
            change(&mut document[field], value);
        }
    }
}

/// Has an example stand without the other managed objects of its file: it names its portal instead of referring to it, and groups by
/// their ids alone.
pub fn alone(manifest: &mut Json, portal: &str) {
    if let Some(members) = manifest.pointer_mut("/spec/groups/members").and_then(Json::as_array_mut) {
        members.retain(|member| member.get("group").is_none());
    }
    if let Some(spec) = manifest["spec"].as_object_mut()
        && spec.remove("portal").is_some()
    {
        spec.insert("portalName".to_owned(), json!(portal));
    }
}
