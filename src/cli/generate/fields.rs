//! Fields: what a schema says of each field, as rows of a table.

use serde_json::{Value as Json, json};

/// One field.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    /// Its path below the root, in dots; `[]` for the items of a list, `*` for the keys of a map.
    pub path: String,
    /// What it is, such as `list of string`.
    pub kind: String,
    /// Its description, and what it takes.
    pub meaning: String,
    /// Whoever gives what it stands in has to give it.
    pub required: bool,
}

/// A row for each field of an object's schema, in the order of their names, each before what is in it.
pub(super) fn rows(schema: &Json) -> Vec<Row> {
    let mut found = Vec::new();
    walk(schema, "", &mut found);
    found
}

/// The rules of a schema that span its fields, in the words in which Kubernetes refuses.
pub(super) fn messages(schema: &Json) -> Vec<String> {
    let listed = schema["x-kubernetes-validations"].as_array();
    listed.into_iter().flatten().filter_map(|rule| rule["message"].as_str()).map(escaped).collect()
}

fn walk(schema: &Json, prefix: &str, found: &mut Vec<Row>) {
    let required = |name: &str| {
        let listed = schema["required"].as_array();
        listed.into_iter().flatten().any(|required| required == name)
    };
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{prefix}{name}");
        let (kind, inner, suffix) = kind(property);
        let mut meaning = [text(&property["description"]), takes(property), rules(property)];
        // What the items take is told with the list.
        if suffix == "[]" {
            let items = &property["items"];
            meaning[2] = [meaning[2].clone(), takes(items), rules(items)].join(" ");
        }
        let said = meaning.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect::<Vec<_>>();
        found.push(Row { path: path.clone(), kind, meaning: said.join(" "), required: required(name) });
        if let Some(inner) = inner {
            walk(inner, &format!("{path}{suffix}."), found);
        }
    }
}

/// The type of a field, and the schema of what is in it, with what stands between the two paths.
fn kind(schema: &Json) -> (String, Option<&Json>, &'static str) {
    let plain = schema["type"].as_str().unwrap_or("any");
    let properties = |schema: &Json| schema["properties"].as_object().is_some_and(|fields| !fields.is_empty());
    if schema["x-kubernetes-int-or-string"] == true {
        return ("integer or string".to_owned(), None, "");
    }
    if plain == "array" && schema["items"]["properties"].get("lastTransitionTime").is_some() {
        // Kubernetes' own, as everybody knows them.
        return ("list of Condition".to_owned(), None, "");
    }
    if plain == "array" {
        let items = &schema["items"];
        return (format!("list of {}", kind(items).0), properties(items).then_some(items), "[]");
    }
    let values = &schema["additionalProperties"];
    if plain == "object" && values.is_object() {
        return (format!("map of {}", kind(values).0), properties(values).then_some(values), ".*");
    }
    // A name and a key are all there ever is to a reference.
    let names: Vec<&str> =
        schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    if names == ["key", "name"] || names == ["name"] {
        return (format!("{{{}}}", if names.len() == 2 { "name, key" } else { "name" }), None, "");
    }
    if plain == "object" && !properties(schema) {
        return ("object, any fields".to_owned(), None, "");
    }
    (plain.to_owned(), properties(schema).then_some(schema), "")
}

/// What values a field takes.
fn takes(schema: &Json) -> String {
    let mut said = Vec::new();
    let words: Vec<_> = schema["enum"].as_array().into_iter().flatten().filter(|word| !word.is_null()).collect();
    if !words.is_empty() {
        let words: Vec<_> = words.iter().map(|word| format!("`{}`", word.as_str().unwrap_or_default())).collect();
        said.push(format!("One of {}.", words.join(", ")));
    }
    let number = |name: &str| schema[name].as_f64().filter(|limit| limit.abs() < 2_147_483_647.0);
    said.extend(range(number("minimum"), number("maximum"), ""));
    said.extend(range(number("minLength"), number("maxLength"), " characters"));
    said.extend(range(number("minItems"), number("maxItems"), " items"));
    if let Some(pattern) = schema["pattern"].as_str() {
        said.push(format!("Fits `{}`.", pattern.replace('|', "\\|")));
    }
    if let Some(format) = schema["format"].as_str().filter(|format| !["int32", "int64", "double"].contains(format)) {
        said.push(format!("Format: {format}."));
    }
    if ![Json::Null, json!({}), json!([]), json!("")].contains(&schema["default"]) {
        said.push(format!("Default: `{}`.", schema["default"]));
    }
    said.join(" ")
}

fn range(least: Option<f64>, most: Option<f64>, unit: &str) -> Option<String> {
    match (least, most) {
        (Some(1.0), None) if !unit.is_empty() => Some("Not empty.".to_owned()),
        (Some(least), Some(most)) => Some(format!("From {least} to {most}{unit}.")),
        (Some(least), None) if least > 0.0 => Some(format!("At least {least}{unit}.")),
        (None, Some(most)) => Some(format!("At most {most}{unit}.")),
        _ => None,
    }
}

fn rules(schema: &Json) -> String {
    let messages: Vec<_> = messages(schema).iter().map(|message| format!("Rule: {message}.")).collect();
    messages.join(" ")
}

fn text(description: &Json) -> String {
    escaped(description.as_str().unwrap_or_default())
}

/// A text as it may stand in a cell.
fn escaped(text: &str) -> String {
    let lines: Vec<_> = text.split_whitespace().collect();
    lines.join(" ").replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_becomes_rows() {
        let schema = json!({
            "required": ["name"],
            "x-kubernetes-validations": [{"rule": "x", "message": "one of a | b"}],
            "properties": {
                "members": {"type": "array", "description": "Who is in it.", "items": {"type": "object", "properties": {
                    "id": {"type": "string", "maxLength": 3},
                }}},
                "name": {"type": "string", "description": "Its\nname.", "enum": ["A", "B", null], "nullable": true},
                "others": {"type": "object", "additionalProperties": {"type": "string"}, "maximum": 2_147_483_647.0},
                "password": {"type": "object", "properties": {"secretRef": {"type": "object", "properties": {
                    "key": {"type": "string"}, "name": {"type": "string"},
                }}}},
            },
        });
        let row = |path: &str, kind: &str, meaning: &str, required| Row {
            path: path.to_owned(),
            kind: kind.to_owned(),
            meaning: meaning.to_owned(),
            required,
        };
        let expected = [
            row("members", "list of object", "Who is in it.", false),
            row("members[].id", "string", "At most 3 characters.", false),
            row("name", "string", "Its name. One of `A`, `B`.", true),
            row("others", "map of string", "", false),
            row("password", "object", "", false),
            row("password.secretRef", "{name, key}", "", false),
        ];
        assert_eq!(rows(&schema), expected);
        assert_eq!(messages(&schema), ["one of a \\| b"]);
    }
}
