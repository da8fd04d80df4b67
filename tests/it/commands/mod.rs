//! The commands for those who look after objects: `explain`, `approve`, `pause`, `resume`, `reconcile`, `man`, and all of it as a plugin of
//! kubectl, with the real program on the real API server.

mod approve;
mod explain;
mod pause;
mod plugin;
mod reconcile;
mod refusal;

use provost::sim::simulated::Simulated;
use serde_json::Value as Json;

use crate::harness::root;
use crate::plans::{Ran, provost};
use crate::stage::Stage;

/// Runs the program with these arguments in the stage's namespace.
pub async fn run<V: Simulated>(stage: &Stage<V>, arguments: &[&str]) -> Ran {
    let namespace = ["-n", stage.namespace.as_str()];
    let all: Vec<String> = arguments.iter().copied().chain(namespace).map(str::to_owned).collect();
    provost(root(), &all, Some(stage.kubeconfig()), "").await
}

/// `provost explain` of an object, asking the stage's own operator, if one runs.
pub async fn explain<V: Simulated>(stage: &Stage<V>, object: &str, more: &[&str]) -> Ran {
    let url = stage.operator_url();
    let asked: Vec<&str> = url.iter().flat_map(|url| ["--operator-url", url.as_str()]).collect();
    let arguments = [&["explain", object, "--operator-namespace", &stage.namespace], asked.as_slice(), more].concat();
    run(stage, &arguments).await
}

/// What it says of an object that is not ready.
#[track_caller]
pub fn unready(ran: Ran) -> String {
    assert_eq!(ran.status, 2, "{}{}", ran.said.stdout, ran.said.stderr);
    ran.said.stdout
}

/// Every one of these words is in a text.
#[track_caller]
pub fn assert_says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no {word:?} in:\n{text}");
    }
}

/// A document that was printed.
#[track_caller]
pub fn document(ran: Ran) -> Json {
    serde_json::from_str(&ran.said.stdout).unwrap_or_else(|error| panic!("{error}: {:?}", ran.said))
}
