//! Report: why an object is as it is, as data. Its JSON is an interface: `version` counts up when it changes other than by new fields.

use kube::ResourceExt;
use kube::api::DynamicObject;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::advice::{self, Advice};
use super::chain::Link;
use crate::cli::program;
use crate::cli::selection::ready;
use crate::cli::target::Named;
use crate::engine::condition::{STALLED, holds};
use crate::engine::history::PastWrite;
use crate::engine::inspect::Inspection;
use crate::engine::policy::EXTERNAL_ID;
use crate::engine::reason::Reason;
use crate::engine::registry::Tables;

/// Why an object is as it is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    version: u32,
    /// Its kind.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The vendor's id.
    pub external_id: Option<String>,
    /// True, False or Unknown.
    pub ready: String,
    /// Why.
    pub reason: Option<String>,
    /// The sentence for it.
    pub message: String,
    /// Since when it is so.
    pub since: Option<String>,
    /// Whether an operator has looked at it as it is now.
    pub current: bool,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// All conditions as they are stored.
    pub conditions: Vec<Json>,
    /// What it depends on.
    pub depends_on: Vec<Link>,
    /// What would be done, while it is not done.
    pub plan: Option<Json>,
    /// The last writes at the vendor, the newest last.
    pub changes: Vec<PastWrite>,
    /// What the running operator knows.
    pub operator: Option<Inspection>,
    /// Why it could not be asked.
    pub operator_silent: Option<String>,
    /// What the reasons mean.
    pub advice: Vec<Advice>,
    /// Commands that may help.
    pub commands: Vec<String>,
}

/// Everything that a report is made of.
pub struct Found<'a> {
    /// The kind.
    pub kind: &'a Named,
    /// The object.
    pub object: &'a DynamicObject,
    /// What it depends on.
    pub depends_on: Vec<Link>,
    /// What the operator says, or why it does not.
    pub operator: Result<Inspection, String>,
}

impl Report {
    /// The report of what was found.
    pub fn new(tables: &Tables, found: Found<'_>) -> Self {
        let (object, status) = (found.object, &found.object.data["status"]);
        let whole = json!({"status": status});
        let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
        let current = status["observedGeneration"].as_i64() == object.metadata.generation;
        let known = ready(&whole);
        let (word, reason, message) = known.unwrap_or(("Unknown", "", "no operator has looked at it yet"));
        let since = conditions.iter().find(|condition| condition["type"] == "Ready");
        let since = since.and_then(|condition| condition["lastTransitionTime"].as_str());
        let id = object.annotations().get(EXTERNAL_ID).map(String::as_str).or(status["externalId"].as_str());
        let reason = Some(reason).filter(|reason| !reason.is_empty()).map(str::to_owned);
        let advice = advice(tables, word == "True", reason.as_deref(), &found.depends_on);
        let (called, namespace) = (found.kind.object(&object.name_any()), object.namespace().unwrap_or_default());
        let advice = advice.into_iter().map(|advice| advice.about(&called, &namespace)).collect();
        let (operator, operator_silent) = match found.operator {
            Ok(operator) => (Some(operator), None),
            Err(why) => (None, Some(why)),
        };
        Self {
            version: 1,
            kind: found.kind.resource.kind.clone(),
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
            external_id: id.map(str::to_owned),
            ready: word.to_owned(),
            message: message.to_owned(),
            since: since.map(str::to_owned),
            current,
            deleting: object.metadata.deletion_timestamp.is_some(),
            commands: commands(found.kind, object, reason.as_deref()),
            reason,
            conditions,
            depends_on: found.depends_on,
            plan: Some(status["plan"].clone()).filter(Json::is_object),
            // One that another version wrote is not worth a failure.
            changes: serde_json::from_value(status["changes"].clone()).unwrap_or_default(),
            operator,
            operator_silent,
            advice,
        }
    }

    /// Whether all is well.
    pub fn is_ready(&self) -> bool {
        self.ready == "True" && self.current
    }

    /// One sentence.
    pub fn summary(&self) -> String {
        let object = format!("{} {}/{}", self.kind, self.namespace, self.name);
        let deleting = if self.deleting { "is being deleted, and " } else { "" };
        let state = match self.ready.as_str() {
            "True" => "is ready",
            "False" => "is not ready",
            _ => "may be ready or not",
        };
        let reason = self.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("{object} {deleting}{state}{reason}")
    }
}

/// What the object's own reason means while it is not ready, and those of what it waits for.
fn advice(tables: &Tables, is_ready: bool, reason: Option<&str>, depends_on: &[Link]) -> Vec<Advice> {
    let own = reason.filter(|_| !is_ready);
    let theirs = depends_on.iter().filter(|link| !link.holds()).filter_map(|link| link.reason.as_deref());
    let mut all: Vec<Advice> = Vec::new();
    for advice in own.into_iter().chain(theirs).filter_map(|reason| advice::of(tables, reason)) {
        if !all.contains(&advice) {
            all.push(advice);
        }
    }
    all
}

/// What can be typed next.
fn commands(kind: &Named, object: &DynamicObject, reason: Option<&str>) -> Vec<String> {
    let (program, namespace) = (program(), object.namespace().unwrap_or_default());
    let command = |word: &str| format!("{program} {word} {} -n {namespace}", kind.object(&object.name_any()));
    let is = |known: Reason| reason == Some(known.word());
    let conditions = serde_json::from_value::<Vec<_>>(object.data["status"]["conditions"].clone()).unwrap_or_default();
    if is(Reason::AwaitingApproval) || is(Reason::PlanStale) {
        vec![command("approve")]
    } else if is(Reason::Paused) {
        vec![command("resume")]
    } else if holds(&conditions, STALLED) {
        vec![format!("{} --wait", command("reconcile"))]
    } else {
        Vec::new()
    }
}
