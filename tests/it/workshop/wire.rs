//! Wire: what the client of the workshop sends and reads.

use provost::base::secret::Secret;
use serde::{Deserialize, Serialize};

/// A tool as the list shows it. Its pin and its manual are never shown.
#[derive(Debug, Clone, Deserialize)]
pub struct Tool {
    pub id: String,
    pub label: String,
    pub colour: String,
    pub material: String,
    pub enabled: bool,
    pub code: Option<String>,
    pub spares: Vec<String>,
}

/// The list of tools, which tells how many there are.
#[derive(Deserialize)]
pub struct ToolList {
    pub total: usize,
    pub tools: Vec<Tool>,
}

/// The answer to every create.
#[derive(Deserialize)]
pub struct Made {
    pub id: String,
}

/// A member as the vendor shows it. The password is never shown.
#[derive(Debug, Clone, Deserialize)]
pub struct Member {
    pub id: String,
    pub login: String,
    pub nick: String,
    pub enabled: bool,
}

/// How an errand goes.
#[derive(Deserialize)]
pub struct Errand {
    pub under_way: bool,
}

/// A sign as the vendor shows it. Its marks are never shown.
#[derive(Debug, Clone, Deserialize)]
pub struct Sign {
    pub ground: String,
    pub lettering: Option<String>,
    pub carving: bool,
}

/// The answer to a mark.
#[derive(Deserialize)]
pub struct Row {
    pub row: u64,
}

/// The answer to whoever has the token renewed.
#[derive(Deserialize)]
pub struct NewToken {
    pub token: String,
}

/// A new tool.
#[derive(Serialize)]
pub struct NewTool<'a> {
    pub label: &'a str,
    pub colour: &'a str,
    pub material: &'a str,
    #[serde(flatten)]
    pub drawer: Drawer<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<&'a str>,
}

/// What lies beside a tool; what is absent stays.
#[derive(Default, Clone, Serialize)]
pub struct Drawer<'a> {
    /// The manual, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manual: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spares: Option<Vec<&'a str>>,
}

impl Drawer<'_> {
    /// What of it must not be repeated.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.manual.as_deref().into_iter().chain(self.code).chain(self.spares.iter().flatten().copied())
    }
}

/// A new member, who was invited before.
#[derive(Serialize)]
pub struct NewMember<'a> {
    pub invitation: &'a str,
    pub login: &'a str,
    pub nick: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<&'a str>,
}

/// What changes; what is absent stays.
#[derive(Default, Serialize)]
pub struct Change<'a> {
    #[serde(flatten)]
    pub drawer: Drawer<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nick: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A secret on its way.
#[derive(Serialize)]
pub struct Value<'a> {
    pub value: &'a str,
}

impl<'a> Value<'a> {
    pub fn of(secret: &'a Secret) -> Self {
        Self { value: secret.expose() }
    }
}
