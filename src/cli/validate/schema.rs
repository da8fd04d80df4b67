//! A structural schema as a JSON Schema, and the comparison with it.
//!
//! The two dialects differ in what the API server closes (fields that nobody described), in `nullable`, in numbers that may be
//! text, in boolean exclusive bounds, and in which formats are more than a note.

use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value, json};

use super::format::{FORMATS, find};
use super::path::{Path, Step};
use super::{Finding, message};

/// The rules of one schema node.
const RULES: &str = "x-kubernetes-validations";

/// What makes a node open: fields that nobody described may stand there.
const OPEN: &str = "x-kubernetes-preserve-unknown-fields";

/// Keywords that mean the same in both dialects.
const SHARED: [&str; 10] = [
    "maxItems",
    "maxLength",
    "maxProperties",
    "minItems",
    "minLength",
    "minProperties",
    "multipleOf",
    "pattern",
    "required",
    "uniqueItems",
];

/// Everything in which `object` does not fit the schema of its version.
pub(super) fn check(schema: &Value, object: &Value) -> Vec<Finding> {
    let schema = convert_root(schema, object);
    match compile(&schema) {
        Ok(validator) => validator.iter_errors(object).flat_map(|error| message::findings(&error, &schema)).collect(),
        Err(error) => {
            vec![Finding::new(Path::default(), format!("the CustomResourceDefinition cannot be used: {error}"))]
        }
    }
}

fn compile(schema: &Value) -> Result<Validator, String> {
    let mut options = jsonschema::options().offline().should_validate_formats(true);
    for format in FORMATS {
        options = options.with_format(own(format.name), format.check);
    }
    // Go's expressions are this crate's: neither knows look-around.
    options.with_pattern_options(PatternOptions::regex()).build(schema).map_err(|error| error.to_string())
}

/// The name of a format in the converted schema: a name of ours, so that no built-in check of the same name gets in the way.
fn own(format: &str) -> String {
    format!("kubernetes-{format}")
}

/// The format's own name again.
pub(super) fn format_name(own: &str) -> &str {
    own.strip_prefix("kubernetes-").unwrap_or(own)
}

/// The schema of a whole object: every one has a type and metadata, whatever its definition says.
fn convert_root(schema: &Value, object: &Value) -> Value {
    let mut root = convert(schema, true);
    let generated = object["metadata"].get("generateName").is_some_and(Value::is_string);
    add_properties(&mut root, metadata(generated));
    root
}

fn add_properties(schema: &mut Value, metadata: Value) {
    let text = json!({"type": "string"});
    if let Some(properties) =
        schema.as_object_mut().map(|schema| schema.entry("properties").or_insert_with(|| json!({})))
    {
        properties["apiVersion"] = text.clone();
        properties["kind"] = text;
        properties["metadata"] = metadata;
    }
}

/// The schema of metadata, which the API server knows by itself.
fn metadata(name_is_generated: bool) -> Value {
    let text = json!({"type": ["string", "null"]});
    let number = json!({"type": ["integer", "null"]});
    let texts = json!({"type": ["object", "null"], "additionalProperties": text});
    let label = json!({
        "type": ["string", "null"],
        "maxLength": 63,
        "pattern": "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$",
    });
    json!({
        "type": "object",
        "required": if name_is_generated { json!([]) } else { json!(["name"]) },
        "properties": {
            "name": {
                "type": "string",
                "minLength": 1,
                "maxLength": 253,
                "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
            },
            "generateName": text, "namespace": text, "selfLink": text, "uid": text, "resourceVersion": text,
            "generation": number, "deletionGracePeriodSeconds": number,
            "creationTimestamp": text, "deletionTimestamp": text,
            "labels": {"type": ["object", "null"], "additionalProperties": label},
            "annotations": texts,
            "finalizers": {"type": ["array", "null"], "items": {"type": "string"}},
            "ownerReferences": {"type": ["array", "null"], "items": {"type": "object"}},
            "managedFields": {"type": ["array", "null"]},
        },
        "additionalProperties": false,
    })
}

/// One node of a schema. Only nodes of the structure itself are closed to unknown fields; those below `allOf` and its like only
/// add conditions to fields that the structure has.
fn convert(schema: &Value, structural: bool) -> Value {
    let mut converted = Map::new();
    for keyword in SHARED {
        if let Some(value) = schema.get(keyword) {
            converted.insert(keyword.to_owned(), value.clone());
        }
    }
    convert_type(schema, &mut converted);
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        // The API server refuses a null here even where the words have one and the field is nullable (seen with 1.36).
        let words = words.iter().filter(|word| !word.is_null()).cloned().collect();
        converted.insert("enum".to_owned(), Value::Array(words));
    }
    convert_bounds(schema, &mut converted);
    if let Some(format) = schema.get("format").and_then(Value::as_str).and_then(find) {
        converted.insert("format".to_owned(), json!(own(format.name)));
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let each = properties.iter().map(|(name, schema)| (name.clone(), convert(schema, structural)));
        converted.insert("properties".to_owned(), Value::Object(each.collect()));
    }
    if let Some(items) = schema.get("items") {
        converted.insert("items".to_owned(), convert(items, structural));
    }
    let closed = structural && schema["type"] == "object" && schema.get(OPEN) != Some(&json!(true));
    let rest = match schema.get("additionalProperties") {
        Some(rest @ Value::Object(_)) => Some(convert(rest, structural)),
        Some(any) => Some(any.clone()),
        None => closed.then_some(json!(false)),
    };
    converted.extend(rest.map(|rest| ("additionalProperties".to_owned(), rest)));
    convert_junctors(schema, &mut converted);
    let mut converted = Value::Object(converted);
    if schema.get("x-kubernetes-embedded-resource") == Some(&json!(true)) {
        add_properties(&mut converted, metadata(true));
    }
    converted
}

fn convert_type(schema: &Value, converted: &mut Map<String, Value>) {
    let mut types = match schema.get("type") {
        Some(name) => vec![name.clone()],
        None if is_int_or_string(schema) => vec![json!("integer"), json!("string")],
        None => return,
    };
    if is_nullable(schema) {
        types.push(json!("null"));
    }
    converted.insert("type".to_owned(), Value::Array(types));
}

/// `minimum` with `exclusiveMinimum: true` is `exclusiveMinimum` with the number in the newer dialect.
fn convert_bounds(schema: &Value, converted: &mut Map<String, Value>) {
    for (bound, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
        if let Some(value) = schema.get(bound) {
            let keyword = if schema.get(exclusive) == Some(&json!(true)) { exclusive } else { bound };
            converted.insert(keyword.to_owned(), value.clone());
        }
    }
}

fn convert_junctors(schema: &Value, converted: &mut Map<String, Value>) {
    let mut junctors = Map::new();
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let branches = schema.get(keyword).and_then(Value::as_array);
        // `type` says it already, and better.
        let says_int_or_string =
            is_int_or_string(schema) && schema[keyword] == json!([{"type": "integer"}, {"type": "string"}]);
        if let Some(branches) = branches.filter(|_| !says_int_or_string) {
            let branches = branches.iter().map(|branch| convert(branch, false)).collect();
            junctors.insert(keyword.to_owned(), Value::Array(branches));
        }
    }
    if let Some(forbidden) = schema.get("not") {
        junctors.insert("not".to_owned(), convert(forbidden, false));
    }
    if junctors.is_empty() {
        return;
    }
    if is_nullable(schema) {
        // The API server asks of a null only whether it may be one.
        converted.insert("if".to_owned(), json!({"not": {"type": "null"}}));
        converted.insert("then".to_owned(), Value::Object(junctors));
    } else {
        converted.append(&mut junctors);
    }
}

fn is_nullable(schema: &Value) -> bool {
    schema.get("nullable") == Some(&json!(true))
}

fn is_int_or_string(schema: &Value) -> bool {
    schema.get("x-kubernetes-int-or-string") == Some(&json!(true))
}

/// Takes out the rules that `unwanted` names, everywhere.
pub(super) fn remove_rules(schema: &mut Value, unwanted: &dyn Fn(&Value) -> bool) {
    if let Some(rules) = schema.get_mut(RULES).and_then(Value::as_array_mut) {
        rules.retain(|rule| !unwanted(rule));
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(below) = schema.get_mut(keyword).filter(|below| below.is_object()) {
            remove_rules(below, unwanted);
        }
    }
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(|property| remove_rules(property, unwanted));
    }
}

/// Takes out all rules on the way to a field: what they would read there is not what they were made for.
pub(super) fn remove_rules_along(schema: &mut Value, steps: &[Step]) {
    if let Some(schema) = schema.as_object_mut() {
        schema.remove(RULES);
    }
    let Some((step, rest)) = steps.split_first() else { return };
    let below = match step {
        Step::Item(_) => schema.get_mut("items"),
        Step::Field(name) => {
            let is_property = schema.get("properties").is_some_and(|properties| properties.get(name).is_some());
            if is_property { schema["properties"].get_mut(name) } else { schema.get_mut("additionalProperties") }
        }
    };
    if let Some(below) = below {
        remove_rules_along(below, rest);
    }
}
