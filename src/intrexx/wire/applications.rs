//! What an import of a package answers (contract 20, 21).

use serde::Deserialize;

use crate::base::value;

/// What became of each thing in a package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Report {
    /// The things, in the vendor's order.
    pub imported: Vec<Imported>,
    /// What the vendor warns of.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

/// One thing of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Imported {
    /// Its GUID.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub guid: Option<String>,
    /// APPLICATION, PROCESS, LAYOUT, FILE, or what else there may be.
    #[serde(default, rename = "type", deserialize_with = "value::optional_text")]
    pub item_type: Option<String>,
    /// What people call it.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub name: Option<String>,
    /// CREATED, UPDATED, SKIPPED, FAILED, or what else there may be.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub result: Option<String>,
}

/// A warning: a sentence, or an object that has one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Warning {
    /// A sentence.
    Text(String),
    /// One in an object.
    Message {
        /// The sentence.
        message: String,
    },
}

impl Imported {
    /// Whether it was not imported.
    pub fn has_failed(&self) -> bool {
        self.result.as_deref().is_some_and(|result| result.eq_ignore_ascii_case("FAILED"))
    }
}

impl Warning {
    /// What it says.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Message { message: text } => text,
        }
    }
}
