//! How answers are read. No page of the vendor shows one, so every form that is thinkable has one meaning (contract 1.4, 1.5).

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::base::fault::{Class, Fault};
use crate::base::secret::Secret;
use crate::base::value;
use crate::http::Answer;

/// The longest message of a vendor's that is passed on, in characters.
pub const LONGEST_MESSAGE: usize = 300;

/// The longest word of a vendor's that is passed on, in characters.
pub const LONGEST_WORD: usize = 40;

/// The body of a success, as `T`.
///
/// # Errors
/// The vendor's no, by its status; [`Class::Broken`] for another shape.
pub fn read_json<T: DeserializeOwned>(answer: &Answer) -> Result<T, Fault> {
    succeeded(answer)?.json()
}

/// The body of a success, as `T`; none when it has no body.
///
/// # Errors
/// As [`read_json`].
pub fn read_optional<T: DeserializeOwned>(answer: &Answer) -> Result<Option<T>, Fault> {
    let answer = succeeded(answer)?;
    if answer.body().trim_ascii().is_empty() { Ok(None) } else { answer.json().map(Some) }
}

/// A whole list: an array, or an object with one array in it.
///
/// # Errors
/// As [`read_json`]; an answer of another shape never reads as "there are none".
pub fn read_list<T: DeserializeOwned>(answer: &Answer) -> Result<Vec<T>, Fault> {
    let answer = succeeded(answer)?;
    if !answer.is_object() {
        return answer.json();
    }
    let fields: serde_json::Map<String, Json> = answer.json()?;
    let mut lists = fields.into_values().filter(Json::is_array);
    match (lists.next(), lists.next()) {
        (Some(list), None) => serde_json::from_value(list)
            .map_err(|_| answer.fault(Class::Broken, "the list in the answer is not of the documented shape")),
        _ => Err(answer.fault(Class::Broken, "the answer has no list, or more than one")),
    }
}

/// Success, whatever else is said.
///
/// # Errors
/// The vendor's no, by its status.
pub fn read_nothing(answer: &Answer) -> Result<(), Fault> {
    succeeded(answer).map(|_| ())
}

/// Success of a create, and the id of what it made where the answer tells it.
///
/// # Errors
/// The vendor's no, by its status.
pub fn read_created(answer: &Answer) -> Result<Option<String>, Fault> {
    succeeded(answer).map(read_created_id)
}

/// The id of what a create made: the last element of `Location`, which may be relative, rooted or absolute (contract, trap 9), else the
/// body's `id`.
pub fn read_created_id(answer: &Answer) -> Option<String> {
    #[derive(Deserialize)]
    struct Made {
        #[serde(deserialize_with = "value::optional_text")]
        id: Option<String>,
    }
    // A list would be read as the fields of an object.
    let in_body = || answer.is_object().then(|| answer.json::<Made>().ok()?.id)?;
    answer.header("location").and_then(id_of_location).or_else(in_body)
}

/// An id has a digit; the last word of a path to a collection has none.
fn id_of_location(location: &str) -> Option<String> {
    let path = location.split(['?', '#']).next()?.trim_end_matches('/');
    let (_, id) = path.rsplit_once('/')?;
    id.bytes().any(|byte| byte.is_ascii_digit()).then(|| id.to_owned())
}

/// The token of `POST /auth`: the body, with or without quotes, or a field of it (contract 1.3).
pub(super) fn read_token(answer: &Answer) -> Result<Secret, Fault> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Wrapped {
        Text(String),
        Token { token: String },
        AccessToken { access_token: String },
    }
    if !answer.is_success() {
        let fault = refusal(answer);
        let wrong = matches!(answer.status(), 400 | 401 | 403 | 422);
        // With a request that is always of the same form, only its values can be wrong. The code is the one that the breaker knows.
        return Err(if wrong { Fault { class: Class::Denied, code: Some(401), ..fault } } else { fault });
    }
    let text = String::from_utf8_lossy(answer.body());
    let token = match answer.json() {
        Ok(Wrapped::Text(token) | Wrapped::Token { token } | Wrapped::AccessToken { access_token: token }) => token,
        Err(_) => text.trim().to_owned(),
    };
    let token = token.trim();
    if token.is_empty() || token.starts_with(['{', '[', '<']) || token.contains(char::is_whitespace) {
        let detail = "the answer is not a token; is the URL that of the Administration API?";
        return Err(answer.fault(Class::Broken, detail));
    }
    Ok(Secret::new(token))
}

/// The same answer, when its status says that the call has succeeded.
fn succeeded(answer: &Answer) -> Result<&Answer, Fault> {
    if answer.is_success() { Ok(answer) } else { Err(refusal(answer)) }
}

/// The fault of an answer that says no: by its status, with the vendor's words where it has any.
pub(crate) fn refusal(answer: &Answer) -> Fault {
    let said = answer.json::<Json>().ok();
    let word = |key: &str| said.as_ref()?.get(key)?.as_str().map(str::to_owned);
    let text = || String::from_utf8_lossy(answer.body()).trim().to_owned();
    let message = match &said {
        Some(_) => word("message").or_else(|| word("error")).or_else(|| word("detail")),
        // JSON that cannot be read is no sentence.
        None => Some(text()).filter(|text| !text.starts_with(['{', '[', '"'])),
    };
    let fault = answer.rejection(answer.status(), message.as_deref().filter(|message| !message.trim().is_empty()));
    // 410 is 404 in other words.
    if answer.status() == 410 { Fault { class: Class::Missing, ..fault } } else { fault }
}

#[cfg(test)]
mod tests;
