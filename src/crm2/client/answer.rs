//! How answers are read. No page shows one of the Administrative API, so whatever the rest of the API wraps an answer in is taken off, and
//! every shape of a failure has one meaning (contract 1.4, traps 11 and 12).

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::base::fault::{Class, Fault};
use crate::base::secret::Secret;
use crate::http::Answer;

/// What a success says once its wrapping is off: `result.resultValue`, or the body itself. Null when it says nothing at all.
///
/// # Errors
/// The vendor's no: by its status, or with a status of success by an `error`, or `errors` (trap 12). [`Class::Broken`] when it is no JSON.
pub fn read_value(answer: &Answer) -> Result<Json, Fault> {
    if !answer.is_success() {
        return Err(refusal(answer));
    }
    if answer.body().trim_ascii().is_empty() {
        return Ok(Json::Null);
    }
    let body: Json = answer.json()?;
    match complaint(&body) {
        Some(words) => Err(answer.fault(Class::Refused, format!("the vendor answered with an error: {words}"))),
        None => Ok(unwrapped(body)),
    }
}

/// Success, whatever else is said.
///
/// # Errors
/// As [`read_value`].
pub fn read_nothing(answer: &Answer) -> Result<(), Fault> {
    read_value(answer).map(|_| ())
}

/// What a success says, as `T`.
///
/// # Errors
/// As [`read_value`]; [`Class::Broken`] for another shape.
pub fn read_object<T: DeserializeOwned>(answer: &Answer) -> Result<T, Fault> {
    read_wrapped(answer, "")
}

/// What a success says, as `T`; it may be wrapped once more, under this name (contract 2.9: `contact`).
///
/// # Errors
/// As [`read_object`].
pub fn read_wrapped<T: DeserializeOwned>(answer: &Answer, name: &str) -> Result<T, Fault> {
    let value = match read_value(answer)? {
        Json::Object(mut fields) if fields.get(name).is_some_and(Json::is_object) => {
            fields.remove(name).unwrap_or_default()
        }
        value => value,
    };
    parsed(answer, value)
}

/// What a success says, as `T`; none when it says that there is nothing: null, a blank, `{}` or `[]`.
///
/// # Errors
/// As [`read_object`].
pub fn read_optional<T: DeserializeOwned>(answer: &Answer) -> Result<Option<T>, Fault> {
    let value = read_value(answer)?;
    if is_empty(&value) { Ok(None) } else { parsed(answer, value).map(Some) }
}

/// A whole list; an empty one when it says that there is nothing, as in [`read_optional`].
///
/// # Errors
/// As [`read_object`]. An answer without a body is no list: it does not read as "there are none".
pub fn read_list<T: DeserializeOwned>(answer: &Answer) -> Result<Vec<T>, Fault> {
    if answer.is_success() && answer.body().trim_ascii().is_empty() {
        return Err(answer.fault(Class::Broken, "the answer has no body, where a list should be"));
    }
    Ok(read_optional(answer)?.unwrap_or_default())
}

/// A token, in whichever of the shapes that are thinkable (contract 2.1): `authToken` of the answer, or the answer itself.
pub(super) fn read_token(answer: &Answer) -> Result<Secret, Fault> {
    let token = match read_value(answer)? {
        Json::String(token) => Some(token),
        Json::Object(fields) => fields.get("authToken").and_then(Json::as_str).map(str::to_owned),
        _ => None,
    };
    let token = token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
    token.map(Secret::new).ok_or_else(|| answer.fault(Class::Broken, "the answer has no token (authToken)"))
}

/// The fault of an answer whose status says no, with the vendor's words where it has any.
pub(super) fn refusal(answer: &Answer) -> Fault {
    let words = match answer.json::<Json>() {
        Ok(body) => complaint(&body).or_else(|| printable(body.get("message")?)),
        // What cannot be read and looks like JSON is no sentence.
        Err(_) => Some(String::from_utf8_lossy(answer.body()).into_owned())
            .filter(|text| !text.trim_start().starts_with(['{', '['])),
    };
    answer.rejection(answer.status(), words.as_deref())
}

fn parsed<T: DeserializeOwned>(answer: &Answer, value: Json) -> Result<T, Fault> {
    // The reason stays out of the fault: it can quote the value.
    serde_json::from_value(value).map_err(|_| answer.fault(Class::Broken, "the answer is not of a shape that is known"))
}

fn unwrapped(body: Json) -> Json {
    match body {
        Json::Object(mut fields) if fields.contains_key("result") => match fields.remove("result") {
            Some(Json::Object(mut result)) if result.contains_key("resultValue") => {
                result.remove("resultValue").unwrap_or_default()
            }
            result => result.unwrap_or_default(),
        },
        body => body,
    }
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.trim().is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        Json::Bool(_) | Json::Number(_) => false,
    }
}

/// What a body complains of: `error`, or `errors` together with `message`.
fn complaint(body: &Json) -> Option<String> {
    let fields = body.as_object()?;
    let said = |name: &str| printable(fields.get(name)?);
    said("error").or_else(|| {
        let errors = said("errors")?;
        Some(said("message").map_or_else(|| errors.clone(), |message| format!("{message}: {errors}")))
    })
}

/// What a part of a complaint says; none when it says that there is none.
fn printable(value: &Json) -> Option<String> {
    let joined = |parts: Vec<String>| Some(parts.join("; ")).filter(|text| !text.is_empty());
    match value {
        Json::Null | Json::Bool(false) => None,
        Json::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Json::Array(items) => joined(items.iter().filter_map(printable).collect()),
        Json::Object(fields) => joined(members(fields)),
        Json::Bool(true) | Json::Number(_) => Some(value.to_string()),
    }
}

fn members(fields: &Map<String, Json>) -> Vec<String> {
    fields.iter().filter_map(|(name, value)| Some(format!("{name}: {}", printable(value)?))).collect()
}

#[cfg(test)]
mod tests;
