//! Reading what a caller sent: the properties of a JSON body, each as the contract describes it.

use serde_json::{Map, Value};

use crate::myintranetapps::sim::answer::Refusal;
use crate::myintranetapps::sim::options::Environment;

/// The longest subdomain.
const SUBDOMAIN_LIMIT: usize = 50;

/// The JSON object that a POST carries, whatever its declared type.
pub(super) struct Input(Map<String, Value>);

impl Input {
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(properties)) => Ok(Self(properties)),
            Ok(_) => Err(Refusal::bad("The request body must be a JSON object")),
            Err(_) => Err(Refusal::bad("The request body is not valid JSON")),
        }
    }

    /// The `action`; none when there is none, which means create.
    pub fn action(&self) -> Option<&Value> {
        self.get("action")
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A text; a property that is null counts as absent.
    pub fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Refusal::bad(format!("{name} must be a string"))),
        }
    }

    /// A text that must be there, and not blank.
    pub fn required_text(&self, name: &str) -> Result<String, Refusal> {
        match self.text(name)? {
            Some(text) if !text.trim().is_empty() => Ok(text),
            _ => Err(missing(name)),
        }
    }

    /// `"1"`, `"0"`, 1 or 0. Booleans are refused: nothing says that they work, so no client may rely on it.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(value) if value == "1" || value == 1 => Ok(Some(true)),
            Some(value) if value == "0" || value == 0 => Ok(Some(false)),
            Some(_) => Err(Refusal::bad(format!("{name} must be 0 or 1"))),
        }
    }

    pub fn package_id(&self) -> Result<Option<String>, Refusal> {
        let id = match self.get("package_id") {
            None => return Ok(None),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(_) => String::new(),
        };
        let digits = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        if digits { Ok(Some(id)) } else { Err(Refusal::bad("package_id must be a number")) }
    }

    pub fn email_admin(&self) -> Result<Option<String>, Refusal> {
        let address = self.text("email_admin")?;
        let plausible =
            |text: &String| text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
        match address {
            Some(text) if !plausible(&text) => Err(Refusal::bad("email_admin must be an e-mail address")),
            address => Ok(address),
        }
    }

    pub fn subdomain(&self) -> Result<String, Refusal> {
        let subdomain = self.required_text("subdomain")?;
        let fits = subdomain.len() <= SUBDOMAIN_LIMIT;
        let clean = subdomain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        match (fits, clean) {
            (true, true) => Ok(subdomain),
            (false, _) => Err(Refusal::bad("subdomain must be 50 characters or less")),
            _ => Err(Refusal::bad("subdomain must have alphanumeric characters and dashes only")),
        }
    }

    pub fn account_type(&self) -> Result<String, Refusal> {
        match self.text("type")?.as_deref() {
            None => Ok("standard".to_owned()),
            Some(kind @ ("standard" | "reseller")) => Ok(kind.to_owned()),
            Some(_) => Err(Refusal::bad("type must be standard or reseller")),
        }
    }

    pub fn environment(&self) -> Result<Option<Environment>, Refusal> {
        let known = |word: String| Environment::of_word(&word).ok_or_else(|| Refusal::bad("environment is not known"));
        self.text("environment")?.map(known).transpose()
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }
}

/// The refusal for a property that is not there.
pub(super) fn missing(name: &str) -> Refusal {
    Refusal::bad(format!("{name} is required"))
}
