//! Custom resource definitions: what the derive macros make, completed with what every kind has and with what the tables know.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::{Value as Json, json};

use super::admin_api::AdminApi;
use super::kind::Kind;
use super::policy::{Deletion, Deletions};
use super::session::VendorRow;

/// The columns that every managed kind ends with.
fn common_columns() -> [Json; 3] {
    let condition = |field| format!(".status.conditions[?(@.type==\"Ready\")].{field}");
    [
        json!({"name": "Reason", "type": "string", "jsonPath": condition("reason")}),
        json!({"name": "External-ID", "type": "string", "jsonPath": ".status.externalId", "priority": 1}),
        json!({"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}),
    ]
}

/// The definition of a managed kind.
pub fn managed<K: Kind>() -> CustomResourceDefinition {
    rebuild(K::Object::crd(), |version| {
        let ready =
            json!({"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"});
        if let Some(Json::Array(columns)) = version.get_mut("additionalPrinterColumns") {
            columns.insert(0, ready);
            columns.extend(common_columns());
        } else {
            let mut columns = vec![ready];
            columns.extend(common_columns());
            version["additionalPrinterColumns"] = Json::Array(columns);
        }
        let schema = &mut version["schema"]["openAPIV3Schema"];
        complete_status(schema);
        complete_policy(schema, K::DELETIONS);
    })
}

/// The definition of AdminApi, with one block for each vendor in the table.
pub fn admin_api(vendors: &[VendorRow]) -> CustomResourceDefinition {
    rebuild(AdminApi::crd(), |version| {
        let schema = &mut version["schema"]["openAPIV3Schema"];
        complete_status(schema);
        let spec = &mut schema["properties"]["spec"];
        for vendor in vendors {
            spec["properties"][vendor.block] = (vendor.schema)().to_value();
        }
        let blocks: Vec<String> = vendors.iter().map(|vendor| format!("has(self.{})", vendor.block)).collect();
        let names: Vec<&str> = vendors.iter().map(|vendor| vendor.block).collect();
        let mut rules = vec![json!({
            "rule": format!("[{}].filter(given, given).size() == 1", blocks.join(", ")),
            "message": format!("exactly one vendor block is needed: {}", names.join(", ")),
        })];
        rules.extend(vendors.iter().map(|vendor| {
            json!({
                "rule": format!("has(self.{0}) == has(oldSelf.{0})", vendor.block),
                "message": "the vendor cannot be changed: the objects behind this AdminApi live there; make another AdminApi",
            })
        }));
        if let Some(Json::Array(present)) = spec.get_mut("x-kubernetes-validations") {
            present.extend(rules);
        } else {
            spec["x-kubernetes-validations"] = Json::Array(rules);
        }
    })
}

/// Rust's unsigned numbers get formats that Kubernetes does not know and warns of; their minimum says all there is to say.
fn drop_unknown_formats(schema: &mut Json) {
    match schema {
        Json::Object(fields) => {
            if fields.get("format").and_then(Json::as_str).is_some_and(|format| format.starts_with("uint")) {
                fields.remove("format");
            }
            fields.values_mut().for_each(drop_unknown_formats);
        }
        Json::Array(items) => items.iter_mut().for_each(drop_unknown_formats),
        _ => {}
    }
}

fn complete_status(schema: &mut Json) {
    let status = &mut schema["properties"]["status"];
    status["default"] = json!({"observedGeneration": -1});
    let conditions = &mut status["properties"]["conditions"];
    conditions["x-kubernetes-list-type"] = json!("map");
    conditions["x-kubernetes-list-map-keys"] = json!(["type"]);
    if let Some(types) = conditions["items"]["properties"]["lastTransitionTime"].as_object_mut() {
        types.insert("format".to_owned(), json!("date-time"));
    }
}

fn complete_policy(schema: &mut Json, deletions: Deletions) {
    let deletion = &mut schema["properties"]["spec"]["properties"]["policy"]["properties"]["deletion"];
    let meaning = |deletion: &Deletion| match deletion {
        Deletion::Delete => "Delete: the external object is deleted, with everything in it.",
        Deletion::Disable => "Disable: the external object is switched off and kept.",
        Deletion::Orphan | Deletion::Unknown => "Orphan: the external object is left as it is.",
    };
    let meanings: Vec<&str> = deletions.iter().map(meaning).collect();
    let default = deletions.first().map_or("Orphan", |deletion| deletion.word());
    let words: Vec<&str> = deletions.iter().map(|deletion| deletion.word()).collect();
    *deletion = json!({
        "type": "string",
        "enum": words,
        "description": format!(
            "What happens at the vendor when this object is deleted. {} Default: {default}.",
            meanings.join(" ")
        ),
    });
}

fn rebuild(crd: CustomResourceDefinition, change: impl FnOnce(&mut Json)) -> CustomResourceDefinition {
    let mut json = serde_json::to_value(crd).unwrap_or_default();
    let version = &mut json["spec"]["versions"][0];
    let schema = &mut version["schema"]["openAPIV3Schema"];
    // The derive macro describes the spec well and the whole not at all.
    schema["description"] = schema["properties"]["spec"]["description"].clone();
    schema["properties"]["spec"]["description"] = json!("What is wanted.");
    schema["properties"]["status"]["description"] = json!("What is known. Written by Provost alone.");
    change(version);
    drop_unknown_formats(version);
    // Our own additions are typed by the round trip; a mistake in them shows in the comparison of the generated files.
    serde_json::from_value(json).unwrap_or_default()
}
