//! A Secret's manifest: its values, merged as the API server merges them, in types that cannot be printed.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use serde_json::Value;

use super::{Identity, ManifestError, Place, type_name};
use crate::base::secret::Secret;

/// A Secret. It has no `Debug`.
#[derive(Clone)]
pub struct SecretManifest {
    /// Where it stands.
    pub place: Place,
    /// Which object it is.
    pub identity: Identity,
    /// The values that are text, by key.
    pub text: BTreeMap<String, Secret>,
    /// The values that are not, such as a keystore, by key.
    pub binary: BTreeMap<String, Vec<u8>>,
}

impl SecretManifest {
    /// `data` decoded, and `stringData` over it.
    pub(super) fn read(place: Place, identity: Identity, object: Value) -> Result<Self, ManifestError> {
        let mut secret = Self { place, identity, text: BTreeMap::new(), binary: BTreeMap::new() };
        for (key, value) in secret.field(&object, "data")? {
            let field = || format!("data.{key}");
            let text = secret.text_of(value, field)?;
            let bytes: ByteString = serde_json::from_value(Value::String(unwrapped(text)))
                .map_err(|_| ManifestError::NotBase64 { place: secret.place.clone(), field: field() })?;
            match String::from_utf8(bytes.0) {
                Ok(text) => secret.text.extend([(key.clone(), Secret::new(text))]),
                Err(binary) => secret.binary.extend([(key.clone(), binary.into_bytes())]),
            }
        }
        for (key, value) in secret.field(&object, "stringData")? {
            let text = secret.text_of(value, || format!("stringData.{key}"))?;
            secret.text.insert(key.clone(), Secret::new(text));
            secret.binary.remove(key);
        }
        Ok(secret)
    }

    fn field<'a>(
        &self,
        object: &'a Value,
        field: &'static str,
    ) -> Result<impl Iterator<Item = (&'a String, &'a Value)> + use<'a>, ManifestError> {
        match object.get(field) {
            None | Some(Value::Null) => Ok(None.into_iter().flatten()),
            Some(Value::Object(map)) => Ok(Some(map).into_iter().flatten()),
            Some(other) => Err(ManifestError::NotAMap { place: self.place.clone(), field, found: type_name(other) }),
        }
    }

    /// A value as text. The API server takes nothing else here, and reads `null` as an empty text. An account key without quotes
    /// can be a number in YAML: `50708840445459.76285892` would lose its last digits.
    fn text_of<'a>(&self, value: &'a Value, field: impl Fn() -> String) -> Result<&'a str, ManifestError> {
        match value {
            Value::String(text) => Ok(text),
            Value::Null => Ok(""),
            other => Err(ManifestError::NotText { place: self.place.clone(), field: field(), found: type_name(other) }),
        }
    }
}

/// Base64 as it comes out of tools that fold its lines, which the API server takes too.
fn unwrapped(text: &str) -> String {
    text.chars().filter(|character| !matches!(character, '\r' | '\n')).collect()
}
