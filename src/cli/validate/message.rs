//! What the comparison with a schema finds, in words: the field, what is wrong with it, and the way out where it is known.
//!
//! Values are shown only where a schema describes them as a word or text of a certain form. What has the wrong type, or stands
//! where nothing should, may be a password in the wrong place.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use super::format::find;
use super::path::Path;
use super::schema::format_name;
use super::{Finding, child};
use crate::cli::manifests::type_name;

/// Characters of a value that are shown.
const SHOWN: usize = 60;

/// Names that are listed where one of them is wanted.
const LISTED: usize = 12;

/// One error as findings: several when it names several fields. `schema` is the one that was compared with.
pub(super) fn findings(error: &ValidationError<'_>, schema: &Value) -> Vec<Finding> {
    let at = Path::from(error.instance_path());
    match error.kind() {
        Kind::AdditionalProperties { unexpected } => {
            let known = known_fields(schema, &at);
            unexpected.iter().map(|name| unknown_field(&at, name, &known)).collect()
        }
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            // What is not there blocks the rules of the object that lacks it.
            vec![Finding::new(at.field(name), "is required").blocking(true)]
        }
        kind => {
            let blocks = matches!(
                kind,
                Kind::Type { .. }
                    | Kind::Enum { .. }
                    | Kind::MaxLength { .. }
                    | Kind::MaxItems { .. }
                    | Kind::MaxProperties { .. }
            );
            vec![Finding::new(at, describe(kind, error.instance())).blocking(blocks)]
        }
    }
}

fn unknown_field(at: &Path, name: &str, known: &[&str]) -> Finding {
    let path = at.field(name);
    let mut message = format!("unknown field \"{path}\"");
    match nearest(name, known) {
        Some(near) => message += &format!(": did you mean {near}?"),
        None if (1..=LISTED).contains(&known.len()) => message += &format!("; known here: {}", known.join(", ")),
        None => {}
    }
    Finding::new(path, message)
}

fn known_fields<'a>(schema: &'a Value, at: &Path) -> Vec<&'a str> {
    let node = at.steps().iter().try_fold(schema, |schema, step| child(schema, step));
    let properties = node.and_then(|node| node.get("properties")).and_then(Value::as_object);
    properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

/// The word that was probably meant: one that differs in case alone, or in up to a third of its letters.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
    let (distance, near) = known.iter().map(|candidate| (distance(candidate), *candidate)).min()?;
    (distance * 3 <= near.len().max(word.len())).then_some(near)
}

fn describe(kind: &Kind, value: &Value) -> String {
    match kind {
        Kind::Type { kind } => wrong_type(kind, value),
        Kind::Enum { options } => not_one_of(options, value),
        Kind::Pattern { pattern } => format!("{} does not match {pattern}", shown(value)),
        Kind::Format { format } => {
            let name = format_name(format);
            let example = find(name).map(|format| format!(", such as {}", format.example)).unwrap_or_default();
            format!("{} is not a valid {name}{example}", shown(value))
        }
        Kind::MinLength { limit: 1 } => "must not be empty".to_owned(),
        Kind::MinLength { limit } => format!("has {} characters, and must have at least {limit}", length(value)),
        Kind::MaxLength { limit } => format!("has {} characters, and may have {limit}", length(value)),
        Kind::MinItems { limit } => format!("has {} items, and must have at least {limit}", length(value)),
        Kind::MaxItems { limit } => format!("has {} items, and may have {limit}", length(value)),
        Kind::MinProperties { limit } => format!("has {} fields, and must have at least {limit}", length(value)),
        Kind::MaxProperties { limit } => format!("has {} fields, and may have {limit}", length(value)),
        Kind::Minimum { limit } => format!("is {value}, and must be at least {}", plain(limit)),
        Kind::Maximum { limit } => format!("is {value}, and must be at most {}", plain(limit)),
        Kind::ExclusiveMinimum { limit } => format!("is {value}, and must be more than {}", plain(limit)),
        Kind::ExclusiveMaximum { limit } => format!("is {value}, and must be less than {}", plain(limit)),
        Kind::MultipleOf { multiple_of } => format!("is {value}, and must be a multiple of {multiple_of}"),
        Kind::UniqueItems => "has an item twice".to_owned(),
        Kind::AnyOf { context } => alternatives("at least one", context),
        Kind::OneOfNotValid { context } => alternatives("exactly one", context),
        Kind::OneOfMultipleValid { .. } => {
            "fits several of the forms that it may have, and must fit exactly one".to_owned()
        }
        Kind::Not { .. } => "has a form that is not allowed here".to_owned(),
        // The rest belongs to keywords that structural schemas do not have.
        other => format!("breaks the schema's {}", other.keyword()),
    }
}

fn wrong_type(expected: &TypeKind, value: &Value) -> String {
    let types: Vec<JsonType> = match expected {
        TypeKind::Single(one) => vec![*one],
        TypeKind::Multiple(set) => set.iter().filter(|one| *one != JsonType::Null).collect(),
    };
    let words: Vec<_> = types.iter().map(|one| words(*one)).collect();
    let wants_text = types == [JsonType::String] && matches!(value, Value::Bool(_) | Value::Number(_));
    let way_out = if wants_text { ": quote it" } else { "" };
    format!("is {}, and must be {}{way_out}", type_name(value), words.join(" or "))
}

fn words(one: JsonType) -> &'static str {
    match one {
        JsonType::Array => "a list",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Null => "nothing",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "text",
    }
}

fn not_one_of(options: &Value, value: &Value) -> String {
    let options: Vec<_> = options.as_array().into_iter().flatten().collect();
    let texts: Vec<_> = options.iter().filter_map(|option| option.as_str()).collect();
    let listed: Vec<_> =
        options.iter().map(|option| option.as_str().map_or_else(|| option.to_string(), str::to_owned)).collect();
    let way_out = match value {
        Value::Null => "; leave the field out".to_owned(),
        Value::String(word) => nearest(word, &texts).map(|near| format!("; did you mean {near}?")).unwrap_or_default(),
        _ => String::new(),
    };
    format!("{} is not one of {}{way_out}", shown(value), listed.join(", "))
}

/// A union told by its fields, when each form is one required field, which is what unions are made of in practice.
fn alternatives(count: &str, context: &[Vec<ValidationError<'static>>]) -> String {
    let required = |errors: &Vec<ValidationError<'static>>| match errors.first().map(ValidationError::kind) {
        Some(Kind::Required { property }) => property.as_str().map(str::to_owned),
        _ => None,
    };
    match context.iter().map(required).collect::<Option<Vec<_>>>() {
        Some(names) if !names.is_empty() => format!("{count} of {} is required", names.join(", ")),
        _ => format!("must fit {count} of the forms that it may have, and fits none"),
    }
}

/// A bound as it was written: CustomResourceDefinitions hold `10` as `10.0`.
fn plain(limit: &Value) -> String {
    let text = limit.to_string();
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
