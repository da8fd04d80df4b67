//! Manifests from files and folders, read as kubectl reads them: several documents a file, lists unfolded, Secrets merged.
//!
//! Everything keeps its place, for messages. The values of Secrets leave this module only as `Secret`, or as plain bytes in a
//! type without `Debug`, and never stand in a message.

mod document;
mod error;
mod files;
mod secret;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

pub use error::ManifestError;
pub use secret::SecretManifest;

/// Where a manifest stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named or found; `-` is the standard input.
    pub file: PathBuf,
    /// The document in the file, from 1; documents without content do not count.
    pub document: usize,
    /// The line that the document begins in, from 1.
    pub line: usize,
    /// The item of the list that it came in, from 1.
    pub item: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, document {} (line {})", self.file.display(), self.document, self.line)?;
        self.item.map_or(Ok(()), |item| write!(f, ", item {item}"))
    }
}

/// One object that is not a Secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Where it stands.
    pub place: Place,
    /// Which object it is.
    pub identity: Identity,
    /// The object as it was written.
    pub object: Value,
}

/// Which object of a cluster a manifest is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// `group/version`, or the version alone for the core group.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace, if the manifest names one.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

impl Identity {
    /// The group; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The version within the group.
    pub fn version(&self) -> &str {
        self.api_version.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// All manifests of some files and folders, in the order of files and documents.
#[derive(Clone, Default)]
pub struct Manifests {
    /// All objects but Secrets.
    pub objects: Vec<Manifest>,
    /// The Secrets.
    pub secrets: Vec<SecretManifest>,
}

/// Reads `paths`: files as they are (`-` is the standard input), folders with all that is in them and ends in `.yaml`, `.yml` or
/// `.json`, by name. Hidden entries of folders and kustomizations are passed over.
///
/// # Errors
/// All that is wrong, in the order of files and documents: files that cannot be read, syntax, documents that are no objects,
/// Secrets that the API server would refuse, and objects that stand in two places.
pub fn load(paths: &[PathBuf]) -> Result<Manifests, Vec<ManifestError>> {
    let (manifests, errors) = read(paths);
    if errors.is_empty() { Ok(manifests) } else { Err(errors) }
}

/// As [`load`], for who wants to tell what else is wrong: the manifests that could be read, beside all that is wrong with the others.
pub fn read(paths: &[PathBuf]) -> (Manifests, Vec<ManifestError>) {
    let (texts, mut errors) = files::read(paths);
    let (manifests, wrong) = parse(&texts);
    errors.extend(wrong);
    (manifests, errors)
}

/// The manifests of texts, each with the file that it is from, or is said to be from.
pub fn parse(texts: &[(PathBuf, String)]) -> (Manifests, Vec<ManifestError>) {
    let mut errors = Vec::new();
    let mut manifests = Manifests::default();
    let mut seen = BTreeMap::new();
    for (file, text) in texts {
        for found in document::parse(file, text) {
            let added = found.and_then(|(place, object)| manifests.add(place, object, &mut seen));
            errors.extend(added.err());
        }
    }
    (manifests, errors)
}

/// A group, kind, namespace and name: two versions of a kind are one object.
type Key = (String, String, Option<String>, String);

impl Manifests {
    fn add(&mut self, place: Place, object: Value, seen: &mut BTreeMap<Key, Place>) -> Result<(), ManifestError> {
        let identity = identify(&place, &object)?;
        let key =
            (identity.group().to_owned(), identity.kind.clone(), identity.namespace.clone(), identity.name.clone());
        if let Some(first) = seen.insert(key, place.clone()) {
            let (identity, first, second) = (Box::new(identity), Box::new(first), Box::new(place));
            return Err(ManifestError::Duplicate { identity, first, second });
        }
        if identity.api_version == "v1" && identity.kind == "Secret" {
            self.secrets.push(SecretManifest::read(place, identity, object)?);
        } else {
            self.objects.push(Manifest { place, identity, object });
        }
        Ok(())
    }
}

fn identify(place: &Place, object: &Value) -> Result<Identity, ManifestError> {
    let text = |field: &'static str, pointer: &str| match object.pointer(pointer) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => {
            Err(ManifestError::NotText { place: place.clone(), field: field.to_owned(), found: type_name(other) })
        }
    };
    let missing = |field| ManifestError::Missing { place: place.clone(), field };
    Ok(Identity {
        api_version: text("apiVersion", "/apiVersion")?.ok_or(missing("apiVersion"))?,
        kind: text("kind", "/kind")?.ok_or(missing("kind"))?,
        namespace: text("metadata.namespace", "/metadata/namespace")?,
        name: text("metadata.name", "/metadata/name")?.ok_or(missing("metadata.name"))?,
    })
}

/// What a value is, in the words of a message.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn place(file: &Path, document: usize, line: usize) -> Place {
    Place { file: file.to_owned(), document, line, item: None }
}

#[cfg(test)]
mod tests;
