//! What is done once in a portal: to its search index, its sessions, its jobs, its licence (contract 19, 22, 32, 52).

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value as Json;

use crate::base::value;

/// What is to be done to a search index.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SearchIndex<'a> {
    /// `CREATE`, `UPDATE`, `DELETE`, `OPTIMIZE`, or what else there may be.
    pub action: &'a str,
    /// The parts of the product that it is done for; all when none is named.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub plugins: &'a [String],
}

/// Whom to log off.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Logout<'a> {
    /// The user's id, which is sent as the number that it is (contract, trap 28).
    #[serde(serialize_with = "number")]
    pub user_id: &'a str,
}

fn number<S: Serializer>(id: &str, to: S) -> Result<S::Ok, S::Error> {
    match id.parse::<u64>() {
        Ok(number) => to.serialize_u64(number),
        Err(_) => to.serialize_str(id),
    }
}

/// What is to be done to jobs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobAction<'a> {
    /// The word for it.
    pub action: &'a str,
    /// The jobs; all of the portal when none is named.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub job_ids: &'a [String],
}

/// A licence that makes the licensed time last longer.
#[derive(Serialize)]
pub struct TrialLicense<'a> {
    /// Its key.
    pub key: &'a str,
}

/// What became of an action on one job.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct JobResult {
    /// The job's GUID.
    #[serde(deserialize_with = "value::text")]
    pub id: String,
    /// `OK`, `FAILED`, or what else there may be.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub result: Option<String>,
}

impl JobResult {
    /// The results in an answer, in whatever form. That there are none says nothing: the status of the answer does.
    pub fn all_in(answer: Option<&Json>) -> Vec<Self> {
        let rows = answer.and_then(|answer| answer.as_array().or_else(|| answer.get("results")?.as_array()));
        rows.into_iter().flatten().filter_map(|row| serde_json::from_value(row.clone()).ok()).collect()
    }

    /// Whether it says that nothing came of it.
    pub fn is_failure(&self) -> bool {
        let bad = |word: &String| matches!(word.to_ascii_uppercase().as_str(), "FAILED" | "FAILURE" | "ERROR");
        self.result.as_ref().is_some_and(bad)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn results_are_read_in_whatever_form_they_come() {
        let one = |id: &str, result: Option<&str>| JobResult { id: id.to_owned(), result: result.map(str::to_owned) };
        let rows = json!([{"id": 7, "result": "OK"}, {"id": "A1", "result": "failed", "more": 1}, {"id": "B"}, "odd"]);
        let read = [one("7", Some("OK")), one("A1", Some("failed")), one("B", None)];
        assert_eq!(JobResult::all_in(Some(&json!({"results": rows}))), read);
        assert_eq!(JobResult::all_in(Some(&rows)), read);
        assert_eq!(read.iter().map(JobResult::is_failure).collect::<Vec<_>>(), [false, true, false]);
        for nothing in [None, Some(json!({})), Some(json!("OK")), Some(json!({"results": "OK"}))] {
            assert_eq!(JobResult::all_in(nothing.as_ref()), []);
        }
    }

    /// Trap 28.
    #[test]
    fn a_users_id_is_sent_as_a_number() {
        assert_eq!(serde_json::to_value(Logout { user_id: "6" }).unwrap(), json!({"user_id": 6}));
        assert_eq!(serde_json::to_value(Logout { user_id: "A6" }).unwrap(), json!({"user_id": "A6"}));
    }
}
