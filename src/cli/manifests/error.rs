//! What can be wrong with a manifest file, naming the place and never a Secret's value.

use std::io;
use std::path::PathBuf;

use super::{Identity, Place};

/// What is wrong with a manifest file.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// A file or folder cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder holds nothing to read.
    #[error("{} has no manifests: no file in it ends in .yaml, .yml or .json", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A document is not YAML, or not JSON.
    #[error("{}, document {}: line {line}, column {column}: {reason}", place.file.display(), place.document)]
    Syntax {
        /// The document.
        place: Place,
        /// The line in the file, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What the parser says.
        reason: String,
    },
    /// A document is a list, text or a number.
    #[error("{place}: this is {found}, not a Kubernetes object")]
    NotAnObject {
        /// The document.
        place: Place,
        /// What it is.
        found: &'static str,
    },
    /// A field is missing without which nothing can be said about an object.
    #[error("{place}: this is not a Kubernetes object, because {field} is missing")]
    Missing {
        /// The document.
        place: Place,
        /// The field.
        field: &'static str,
    },
    /// A field takes only text.
    #[error(
        "{place}: {field} is {found}, and must be text{}",
        if matches!(*found, "a number" | "a boolean") { ": quote it" } else { "" }
    )]
    NotText {
        /// The document.
        place: Place,
        /// The field.
        field: String,
        /// What it is.
        found: &'static str,
    },
    /// A field takes only an object.
    #[error("{place}: {field} is {found}, and must be an object")]
    NotAMap {
        /// The document.
        place: Place,
        /// The field.
        field: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A value under a Secret's `data` is not base64.
    #[error("{place}: {field} is not base64: encode it, or write it as plain text under stringData")]
    NotBase64 {
        /// The document.
        place: Place,
        /// The field.
        field: String,
    },
    /// One object stands in two places.
    #[error("{identity} stands in two places: {first}, and {second}")]
    Duplicate {
        /// The object.
        identity: Box<Identity>,
        /// Where it came first.
        first: Box<Place>,
        /// Where it came again.
        second: Box<Place>,
    },
}
