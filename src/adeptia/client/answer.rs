//! How answers are read. The vendor shows neither an error nor most of its successes, so every form that is thinkable has one meaning
//! (contract 1.4, 1.5): what is expected stands in a wrapper or bare, and a status of 2xx may still be a no.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::base::fault::{Class, Fault};
use crate::base::secret::Secret;
use crate::base::value;
use crate::http::{Answer, Grant};

/// Keys that only an answer has which says no, in small letters.
const COMPLAINTS: [&str; 6] = ["error", "errors", "exception", "errormessage", "exceptionmessage", "errorcode"];

/// How long a token is taken to be good for at most: a longer time is as good as for ever.
const MOST_DAYS: u32 = 3650;

/// What stands in the wrapper, or bare, as `T`.
///
/// # Errors
/// The vendor's no; [`Class::Broken`] for another shape.
pub fn read_wrapped<T: DeserializeOwned>(answer: &Answer, wrapper: &str) -> Result<T, Fault> {
    let mut said = read_object(answer, wrapper)?;
    let inner = match said.remove(wrapper) {
        // Libraries that come from XML write a list of one as that one, and now and then the other way round.
        Some(Json::Array(mut rows)) if rows.len() == 1 => rows.remove(0),
        Some(inner) => inner,
        None => Json::Object(said),
    };
    serde_json::from_value(inner).map_err(|_| strange(answer, wrapper))
}

/// The rows that stand in the wrapper, or bare, each of them in a wrapper or bare.
///
/// # Errors
/// As [`read_wrapped`]; an answer of another shape never reads as "there are none".
pub fn read_rows<T: DeserializeOwned>(answer: &Answer, wrapper: &str) -> Result<Vec<T>, Fault> {
    if !answer.is_success() {
        return Err(refusal(answer));
    }
    let rows = if answer.is_object() {
        match read_object(answer, wrapper)?.remove(wrapper) {
            Some(Json::Array(rows)) => rows,
            Some(one @ Json::Object(_)) => vec![one],
            _ => return Err(strange(answer, wrapper)),
        }
    } else {
        answer.json().map_err(|_| strange(answer, wrapper))?
    };
    let bare = |row: Json| match row {
        Json::Object(mut fields) if fields.len() == 1 && fields.contains_key(wrapper) => {
            fields.remove(wrapper).unwrap_or_default()
        }
        row => row,
    };
    let rows: Result<_, _> = rows.into_iter().map(|row| serde_json::from_value(bare(row))).collect();
    rows.map_err(|_| strange(answer, wrapper))
}

/// The object that an answer is, which says no only when it lacks `expected`.
///
/// # Errors
/// As [`read_wrapped`].
pub fn read_object(answer: &Answer, expected: &str) -> Result<Map<String, Json>, Fault> {
    if !answer.is_success() {
        return Err(refusal(answer));
    }
    match answer.json() {
        Ok(Json::Object(fields)) if !fields.contains_key(expected) && complaint(&fields).is_some() => {
            Err(refusal(answer))
        }
        Ok(Json::Object(fields)) => Ok(fields),
        _ => Err(strange(answer, expected)),
    }
}

/// Success, whatever else is said.
///
/// # Errors
/// The vendor's no; [`Class::Broken`] for a page that is meant for people.
pub fn read_nothing(answer: &Answer) -> Result<(), Fault> {
    let complains = || answer.json().is_ok_and(|fields: Map<String, Json>| complaint(&fields).is_some());
    if !answer.is_success() || complains() {
        return Err(refusal(answer));
    }
    if is_page(answer) { Err(strange(answer, "answer for programs")) } else { Ok(()) }
}

/// The token of a log-in, and how long it is good for (contract 1.2).
pub(super) fn read_grant(answer: &Answer) -> Result<Grant<Secret>, Fault> {
    #[derive(Deserialize)]
    struct Granted {
        #[serde(rename = "ACCESS_TOKEN")]
        token: String,
        #[serde(default, rename = "tokenExpiresDays")]
        days: Json,
    }
    let said_no = || answer.json().is_ok_and(|fields: Map<String, Json>| complaint(&fields).is_some());
    let granted: Option<Granted> = if answer.is_success() { answer.json().ok() } else { None };
    let granted = granted.filter(|granted| !granted.token.trim().is_empty());
    let Some(Granted { token, days }) = granted else {
        let wrong = matches!(answer.status(), 400 | 401 | 403 | 422) || (answer.is_success() && said_no());
        if wrong {
            // With a request that is always of the same form, only its values can be wrong. The code is the one that the breaker knows.
            return Err(Fault { class: Class::Denied, code: Some(401), ..refusal(answer) });
        }
        if !answer.is_success() && !(300..400).contains(&answer.status()) {
            return Err(refusal(answer));
        }
        let detail = "the answer to the log-in has no ACCESS_TOKEN; is the URL that of Adeptia Connect, without /rest?";
        return Err(answer.fault(Class::Broken, detail));
    };
    let days = value::count(days).ok().filter(|days| *days > 0).map(|days| days.min(MOST_DAYS));
    let lifetime = days.map(|days| Duration::from_secs(u64::from(days) * 24 * 3600));
    Ok(Grant { token: Secret::new(token.trim()), lifetime })
}

/// Whether the answer is the page to log in on, as a redirect to it or by itself (contract 1.4). It tells that nothing was done.
pub(super) fn is_login_page(answer: &Answer) -> bool {
    if matches!(answer.status(), 302 | 303) {
        let location = answer.header("location").unwrap_or_default().to_lowercase();
        return ["login", "logon", "signin", "sign-in", "sso"].iter().any(|word| location.contains(word));
    }
    let form = || {
        let page = String::from_utf8_lossy(answer.body()).to_lowercase();
        page.contains("password") && (page.contains("<form") || page.contains("<input"))
    };
    answer.is_success() && is_page(answer) && form()
}

fn is_page(answer: &Answer) -> bool {
    String::from_utf8_lossy(answer.body()).trim_start_matches('\u{feff}').trim_start().starts_with('<')
}

/// The fault of an answer that says no: by its status, or by the code in its body where the status is 2xx or 5xx.
pub(crate) fn refusal(answer: &Answer) -> Fault {
    let fields: Option<Map<String, Json>> = answer.json().ok();
    let code = fields.as_ref().and_then(code).filter(|_| answer.is_success() || answer.status() >= 500);
    let code = code.unwrap_or(if answer.is_success() { 400 } else { answer.status() });
    answer.rejection(code, words(answer, fields.as_ref()).as_deref())
}

/// The fault of a success that is of another shape than it should be. Nobody knows what a write has done then.
fn strange(answer: &Answer, expected: &str) -> Fault {
    let fields: Option<Map<String, Json>> = answer.json().ok();
    let said = words(answer, fields.as_ref()).map(|words| format!("; it says: {words}")).unwrap_or_default();
    answer.fault(Class::Broken, format!("the answer has no {expected} of the documented shape{said}"))
}

/// What an answer complains of; none when it does not.
fn complaint(fields: &Map<String, Json>) -> Option<&Json> {
    let blank = |value: &Json| match value {
        Json::Null | Json::Bool(false) => true,
        Json::String(text) => text.trim().is_empty(),
        Json::Array(rows) => rows.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        Json::Bool(true) | Json::Number(_) => false,
    };
    let complains =
        |(key, value): &(&String, &Json)| COMPLAINTS.contains(&key.to_lowercase().as_str()) && !blank(value);
    fields.iter().find(complains).map(|(_, value)| value)
}

/// The status that stands in the body of an answer.
fn code(fields: &Map<String, Json>) -> Option<u16> {
    let error = complaint(fields).and_then(Json::as_object).unwrap_or(fields);
    let code = ["code", "status", "errorCode"].iter().find_map(|key| value::text(error.get(*key)?).ok()?.parse().ok());
    code.filter(|code| (400..600).contains(code))
}

/// The vendor's own words, where there are any.
fn words(answer: &Answer, fields: Option<&Map<String, Json>>) -> Option<String> {
    let words = match fields {
        Some(fields) => complaint(fields).and_then(sentence).or_else(|| sentence(fields.get("message")?)),
        None => Some(String::from_utf8_lossy(answer.body()).trim().to_owned())
            // JSON that cannot be read is no sentence.
            .filter(|text| !text.starts_with(['{', '[', '"'])),
    };
    words.filter(|words| !words.is_empty())
}

fn sentence(complaint: &Json) -> Option<String> {
    match complaint {
        Json::String(text) => Some(text.trim().to_owned()),
        Json::Array(rows) => sentence(rows.first()?),
        Json::Object(fields) => {
            ["message", "errorMessage", "detail"].iter().find_map(|key| sentence(fields.get(*key)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
