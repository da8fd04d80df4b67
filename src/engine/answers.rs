//! Answers: how each AdminApi's vendor answered last, for those who ask why something does not go on. Not in its words, which may hold what is
//! in an object; those stand in the object's own status, for whoever may read it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::watch::Key;
use crate::base::access::Call;
use crate::base::clock::now;

/// The end of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// When.
    pub time: Timestamp,
    /// The vendor's operation.
    pub operation: String,
    /// Whether it was a write.
    pub write: bool,
    /// ok, or the class of what went wrong.
    pub outcome: String,
    /// The code of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The name that the vendor gave the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Milliseconds that it waited for our own limits.
    pub waited_ms: u64,
}

impl Answer {
    fn of(call: &Call<'_>) -> Self {
        Self {
            time: now(),
            operation: call.operation.to_owned(),
            write: call.write,
            outcome: call.fault.map_or("ok", |fault| fault.class.label()).to_owned(),
            code: call.fault.and_then(|fault| fault.code).or(call.status),
            request_id: call.request_id.map(str::to_owned),
            waited_ms: u64::try_from(call.waited.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// The last two answers of one AdminApi that matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Last {
    /// The last of all.
    pub answer: Option<Answer>,
    /// The last that was no success.
    pub failure: Option<Answer>,
}

/// The last answers of every AdminApi.
#[derive(Debug, Default)]
pub struct Answers(Mutex<HashMap<Key, Last>>);

impl Answers {
    /// Takes note of a call that is over.
    pub fn note(&self, admin_api: &Key, call: &Call<'_>) {
        let answer = Answer::of(call);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = all.entry(admin_api.clone()).or_default();
        if call.fault.is_some() {
            last.failure = Some(answer.clone());
        }
        last.answer = Some(answer);
    }

    /// The last ones of an AdminApi.
    pub fn last(&self, admin_api: &Key) -> Last {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(admin_api).cloned().unwrap_or_default()
    }

    /// Forgets one that is gone.
    pub fn forget(&self, admin_api: &Key) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(admin_api);
    }
}
