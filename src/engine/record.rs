//! Record: one line for every write that left for a vendor: for which object, what it was to change, and what came of it.
//!
//! The transport knows the call and nothing of objects; the loop knows the object and nothing of calls. They meet in the task: whoever
//! writes says what for, in a [`Purpose`] that lasts as long as the call, and the [`Witness`] who is told of the call finds it there. A
//! write that is made without a purpose, in a task of its own say, is recorded all the same, only without an object.
//!
//! A line is written as soon as the answer is there or lost, with one exception: the line of a create waits for the kind to tell the new
//! id, and is written without it if that never comes. A process that is killed may miss the line of the call under way.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde_json::Value as Json;

use super::answers::Answers;
use super::diff::{Change, Shown};
use super::history::{Edit, FieldChange, Ledger, PastWrite};
use super::kind::{Kind, Progress};
use super::metrics::Metrics;
use super::pass::Pass;
use super::policy::{APPROVE, Management};
use super::state::State;
use super::watch::Key;
use crate::base::access::{Call, Observer};
use crate::base::clock::precisely_now;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::MASK;

tokio::task_local! {
    static OPEN: RefCell<Open>;
}

/// Where lines go.
pub trait Append: Send + Sync {
    /// Adds one line, which comes without its end. Told to nobody when it fails: the write at the vendor is done.
    fn append(&self, line: &str);
}

/// The change record of one operator: a stream of its own, or none.
#[derive(Clone, Default)]
pub struct ChangeLog(Option<Arc<dyn Append>>);

impl ChangeLog {
    /// A record that goes there.
    pub fn to(destination: Arc<dyn Append>) -> Self {
        Self(Some(destination))
    }

    fn append(&self, line: &Line<'_>) {
        let Some(destination) = &self.0 else { return };
        match serde_json::to_string(line) {
            Ok(text) => destination.append(&text),
            Err(error) => tracing::error!(%error, "a line of the change record has no JSON form"),
        }
    }
}

impl fmt::Debug for ChangeLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "ChangeLog" } else { "no ChangeLog" })
    }
}

/// What a write is for.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Purpose {
    kind: &'static str,
    namespace: String,
    name: String,
    uid: String,
    generation: i64,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<String>,
    epoch: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    approved: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_by: Option<Edit>,
    changes: Vec<Difference>,
    #[serde(skip)]
    ledger: Ledger,
}

/// One changed field. Without `from`, nothing was there or nobody can know.
#[derive(Debug, Clone, Serialize)]
struct Difference {
    field: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Json>,
    to: Json,
}

impl Difference {
    fn new(field: &str, from: &Shown, to: &Shown) -> Self {
        Self { field: field.to_owned(), from: json_of(from), to: json_of(to).unwrap_or_default() }
    }
}

fn json_of(shown: &Shown) -> Option<Json> {
    match shown {
        Shown::Unknown => None,
        Shown::Plain(value) => Some(value.clone()),
        Shown::Masked => Some(MASK.into()),
    }
}

impl Purpose {
    /// A write for the object of `pass` as it is now; `action` is a word of [`Action`](super::plan::Action), or `Enable`.
    pub fn of<K: Kind>(pass: &Pass<'_, K>, action: &'static str) -> Self {
        // Under Plan nothing is written but what this annotation approves.
        let planned = pass.policy.management == Management::Plan;
        let approved = pass.annotation(APPROVE).filter(|_| planned).map(str::to_owned);
        let meta = pass.object.meta();
        // An edit that came in meanwhile is not the one that asked for this.
        let edited_by = Edit::of(meta.managed_fields.as_deref()).filter(|_| meta.generation == Some(pass.generation));
        Self {
            kind: pass.kind,
            namespace: pass.namespace().to_owned(),
            name: pass.object.name_any(),
            uid: pass.object.meta().uid.clone().unwrap_or_default(),
            generation: pass.generation,
            action,
            step: None,
            external_id: pass.external_id(),
            attempt: None,
            epoch: pass.engine.gate.epoch(),
            approved,
            edited_by,
            changes: Vec::new(),
            ledger: pass.memory.ledger.clone(),
        }
    }

    /// The same, with the fields that it changes.
    #[must_use]
    pub fn changing(mut self, changes: &[Change]) -> Self {
        self.changes = changes.iter().map(|change| Difference::new(&change.path, &change.from, &change.to)).collect();
        self
    }

    /// The same, as a call of a deed under this attempt.
    #[must_use]
    pub fn under(mut self, attempt: &str) -> Self {
        self.attempt = Some(attempt.to_owned());
        self
    }

    /// The same, as a step of a create under this announcement. The step is not known after a restart in the middle.
    #[must_use]
    pub fn creating(mut self, wanted: &State, attempt: Option<String>, step: Option<u32>) -> Self {
        let set = |(path, value)| Difference::new(path, &Shown::Unknown, &Shown::of(value));
        self.changes = wanted.iter().map(set).collect();
        (self.attempt, self.step) = (attempt, step);
        self
    }
}

/// The purpose of the call under way, and the line that waits for an id.
struct Open {
    purpose: Purpose,
    awaits_id: bool,
    waiting: Option<(ChangeLog, String, Ending)>,
}

impl Open {
    fn write(&mut self) {
        if let Some((log, admin_api, ending)) = self.waiting.take() {
            let line = Line::new(Some(&self.purpose), &admin_api, &ending);
            log.append(&line);
            self.purpose.ledger.add(line.past(&self.purpose, ending.at));
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.write();
    }
}

/// Runs a call of which every write is for `purpose`.
pub async fn recorded<T>(purpose: Purpose, call: impl Future<Output = T>) -> T {
    OPEN.scope(RefCell::new(Open { purpose, awaits_id: false, waiting: None }), call).await
}

/// Runs one step of a create, whose last line also has the id that it brings.
///
/// # Errors
/// Those of the step.
pub async fn recorded_create<F>(
    purpose: Purpose,
    step: impl Future<Output = Result<Progress<F>, Fault>>,
) -> Result<Progress<F>, Fault> {
    let open = RefCell::new(Open { purpose, awaits_id: true, waiting: None });
    let watched = async {
        let progress = step.await;
        if let Ok(Progress::Done(created)) = &progress {
            OPEN.with(|open| open.borrow_mut().purpose.external_id = Some(created.external_id.clone()));
        }
        progress
    };
    OPEN.scope(open, watched).await
}

/// How a call ended.
struct Ending {
    at: Timestamp,
    time: String,
    vendor: &'static str,
    operation: &'static str,
    fault: Option<Fault>,
    code: Option<u16>,
    request_id: Option<String>,
    millis: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    stream: &'static str,
    time: &'a str,
    #[serde(flatten)]
    purpose: Option<&'a Purpose>,
    admin_api: &'a str,
    vendor: &'static str,
    operation: &'static str,
    outcome: &'static str,
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    duration_ms: u64,
}

impl<'a> Line<'a> {
    fn new(purpose: Option<&'a Purpose>, admin_api: &'a str, ending: &'a Ending) -> Self {
        let fault = ending.fault.as_ref();
        Self {
            stream: "changes",
            time: &ending.time,
            purpose,
            admin_api,
            vendor: ending.vendor,
            operation: ending.operation,
            outcome: fault.map_or("ok", |fault| fault.class.label()),
            effect: match fault.map(|fault| fault.delivery) {
                None => "done",
                Some(Delivery::Unknown) => "unknown",
                Some(Delivery::Answered | Delivery::NotSent) => "none",
            },
            code: ending.code,
            request_id: ending.request_id.as_deref(),
            message: fault.map(|fault| fault.detail.as_str()),
            duration_ms: ending.millis,
        }
    }

    /// The line as the status of the object shows it.
    fn past(&self, purpose: &Purpose, at: Timestamp) -> PastWrite {
        let text = |value: &Json| if value == MASK { MASK.to_owned() } else { value.to_string() };
        let change = |change: &Difference| FieldChange {
            field: change.field.clone(),
            from: change.from.as_ref().map(text),
            to: text(&change.to),
        };
        PastWrite {
            time: Time(Timestamp::from_second(at.as_second()).unwrap_or(at)),
            generation: purpose.generation,
            action: purpose.action.to_owned(),
            operation: self.operation.to_owned(),
            effect: self.effect.to_owned(),
            outcome: self.outcome.to_owned(),
            code: self.code,
            request_id: self.request_id.map(str::to_owned),
            message: self.message.map(str::to_owned),
            approved: purpose.approved.clone(),
            edited_by: purpose.edited_by.clone(),
            changes: purpose.changes.iter().map(change).collect(),
            more_changes: 0,
        }
    }
}

/// Sees the calls of one AdminApi: counts them all, and records the writes that left.
pub struct Witness {
    metrics: Arc<Metrics>,
    log: ChangeLog,
    answers: Arc<Answers>,
    key: Key,
    admin_api: String,
}

impl Witness {
    /// The witness of an AdminApi's calls.
    pub fn new(metrics: Arc<Metrics>, log: ChangeLog, answers: Arc<Answers>, key: &Key) -> Self {
        let admin_api = format!("{}/{}", key.0, key.1);
        Self { metrics, log, answers, key: key.clone(), admin_api }
    }
}

impl Observer for Witness {
    fn logged_in(&self, vendor: &'static str, fault: Option<Class>) {
        self.metrics.logged_in(vendor, fault);
    }

    fn finished(&self, call: &Call<'_>) {
        self.metrics.finished(call);
        self.answers.note(&self.key, call);
        self.metrics.called(&self.key, call);
        if !call.write || call.fault.is_some_and(|fault| fault.delivery == Delivery::NotSent) {
            return;
        }
        let at = precisely_now();
        let ending = Ending {
            at,
            time: format!("{at:.3}"),
            vendor: call.vendor,
            operation: call.operation,
            fault: call.fault.cloned(),
            // A vendor may say no in the body of an answer that HTTP calls fine.
            code: call.fault.and_then(|fault| fault.code).or(call.status),
            request_id: call.request_id.map(str::to_owned),
            millis: u64::try_from(call.elapsed.as_millis()).unwrap_or(u64::MAX),
        };
        let mut ending = Some(ending);
        let joined = OPEN.try_with(|open| {
            let mut open = open.borrow_mut();
            open.write();
            open.waiting = ending.take().map(|ending| (self.log.clone(), self.admin_api.clone(), ending));
            if !open.awaits_id {
                open.write();
            }
        });
        if joined.is_err()
            && let Some(ending) = ending
        {
            self.log.append(&Line::new(None, &self.admin_api, &ending));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};
    use std::time::Duration;

    use super::*;
    use crate::engine::diff::Effect;
    use crate::engine::kind::Created;

    #[derive(Default)]
    struct Lines(Mutex<Vec<Json>>);

    impl Append for Lines {
        fn append(&self, line: &str) {
            self.0.lock().unwrap().push(serde_json::from_str(line).unwrap());
        }
    }

    impl Lines {
        /// The lines since the last time.
        fn take(&self) -> Vec<Json> {
            std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
        }
    }

    fn witness() -> (Arc<Lines>, Witness) {
        let lines = Arc::new(Lines::default());
        let key = ("team".into(), "vendor".into());
        let witness = Witness::new(Arc::new(Metrics::new([])), ChangeLog::to(lines.clone()), Arc::default(), &key);
        (lines, witness)
    }

    fn purpose(action: &'static str) -> Purpose {
        Purpose {
            kind: "Portal",
            namespace: "team".into(),
            name: "one".into(),
            uid: "u".into(),
            generation: 7,
            action,
            step: None,
            external_id: None,
            attempt: None,
            epoch: 0,
            approved: None,
            edited_by: None,
            changes: Vec::new(),
            ledger: Ledger::default(),
        }
    }

    fn call<'a>(operation: &'static str, write: bool, fault: Option<&'a Fault>) -> Call<'a> {
        let elapsed = Duration::from_millis(5);
        Call {
            vendor: "Test",
            operation,
            write,
            fault,
            status: Some(200),
            request_id: Some("r"),
            elapsed,
            waited: Duration::ZERO,
        }
    }

    fn words(lines: &[Json]) -> Vec<(&str, &str, &str)> {
        let word = |line: &'_ Json, field: &str| line[field].as_str().map_or("-", |text| text.to_owned().leak());
        lines.iter().map(|line| (word(line, "operation"), word(line, "name"), word(line, "externalId"))).collect()
    }

    #[tokio::test]
    async fn every_call_of_one_purpose_has_its_line_at_once() {
        let (lines, witness) = witness();
        let change = Change {
            path: "a.b".into(),
            from: Shown::Masked,
            to: Shown::Plain(serde_json::json!([1])),
            effect: Effect::Set,
        };
        recorded(purpose("Update").changing(&[change]), async {
            witness.finished(&call("first", true, None));
            assert_eq!(lines.0.lock().unwrap().len(), 1);
            witness.finished(&call("look", false, None));
            witness.finished(&call("second", true, None));
        })
        .await;
        let lines = lines.take();
        assert_eq!(words(&lines), [("first", "one", "-"), ("second", "one", "-")]);
        assert_eq!(lines[0]["changes"], serde_json::json!([{"field": "a.b", "from": "***", "to": [1]}]));
        assert_eq!((&lines[0]["adminApi"], &lines[0]["requestId"]), (&"team/vendor".into(), &"r".into()));
    }

    #[tokio::test]
    async fn the_last_line_of_a_create_has_the_new_id() {
        let (lines, witness) = witness();
        let done = recorded_create(purpose("Create"), async {
            witness.finished(&call("invite", true, None));
            witness.finished(&call("create", true, None));
            assert_eq!(words(&lines.0.lock().unwrap()), [("invite", "one", "-")]);
            Ok(Progress::Done(Created { external_id: "42".into(), facts: () }))
        });
        done.await.unwrap();
        assert_eq!(words(&lines.take()), [("invite", "one", "-"), ("create", "one", "42")]);

        let fault = Fault::new(Class::Taken, "create", "no").with_code(409);
        let failed = recorded_create(purpose("Create"), async {
            witness.finished(&call("create", true, Some(&fault)));
            Err::<Progress<()>, _>(fault.clone())
        });
        failed.await.unwrap_err();
        let lines = lines.take();
        assert_eq!((&lines[0]["outcome"], &lines[0]["effect"]), (&"taken".into(), &"none".into()));
        assert_eq!((&lines[0]["code"], &lines[0]["message"]), (&409.into(), &"no".into()));
    }

    #[tokio::test]
    async fn a_create_that_is_dropped_half_way_keeps_its_line() {
        let (lines, witness) = witness();
        let mut create = Box::pin(recorded_create::<()>(purpose("Create"), async {
            witness.finished(&call("create", true, None));
            std::future::pending().await
        }));
        assert!(futures::poll!(&mut create).is_pending());
        drop(create);
        assert_eq!(words(&lines.take()), [("create", "one", "-")]);
    }

    #[tokio::test]
    async fn a_write_without_a_purpose_is_recorded_without_an_object_and_one_that_never_left_not_at_all() {
        let (lines, witness) = witness();
        let witness = Arc::new(witness);
        let unsent = Fault::new(Class::Refused, "update", "no").with_delivery(Delivery::NotSent);
        recorded(purpose("Update"), async {
            let elsewhere = witness.clone();
            tokio::spawn(async move { elsewhere.finished(&call("astray", true, None)) }).await.unwrap();
            witness.finished(&call("update", true, Some(&unsent)));
        })
        .await;
        let lines = lines.take();
        assert_eq!(words(&lines), [("astray", "-", "-")]);
        assert_eq!(lines[0]["adminApi"], "team/vendor");
    }
}
