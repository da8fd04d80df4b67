//! Judge: the program of `tests/tools` that says what kstatus, Argo CD and Flux make of an object. It runs beside a test: a line in, a line out.

use std::process::Stdio;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::manifests;
use crate::harness::{DEADLINE, root};

/// The judge, at work.
pub struct Judge {
    _process: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    check: String,
    expressions: Json,
}

/// What is said of one version of an object.
#[derive(Debug, Clone, Deserialize)]
pub struct Verdict {
    /// The word of kstatus.
    pub kstatus: String,
    /// What Argo CD shows.
    pub argo: Word,
    /// What our check for Argo CD says by itself.
    pub check: Word,
    /// The word of Flux with our expressions.
    pub flux: String,
}

/// A word of Argo CD, and what it says beside.
#[derive(Debug, Clone, Deserialize)]
pub struct Word {
    pub status: String,
    pub message: String,
}

impl Judge {
    /// Starts it with the check and the expressions that `deploy/` has.
    pub async fn start() -> Self {
        let program = root().join("target/tools/gitops");
        let mut command = Command::new(&program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process =
            command.spawn().unwrap_or_else(|error| panic!("{}: {error}; `make tools` builds it", program.display()));
        let questions = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap()).lines();
        let check = std::fs::read_to_string(root().join("deploy/argocd/health.lua")).unwrap();
        Self { _process: process, questions, answers, check, expressions: manifests::expressions() }
    }

    /// What is said of an object.
    pub async fn ask(&mut self, object: &Json) -> Verdict {
        let question = json!({"object": object, "lua": self.check, "expressions": self.expressions});
        let answer = self.exchange(&question).await;
        assert_eq!(answer["error"], Json::Null, "of {object:#}");
        serde_json::from_value(answer).unwrap()
    }

    /// What is wrong with an object of a type that is published without a definition; nothing when it is right.
    pub async fn misfit(&mut self, object: &Json) -> Option<String> {
        let answer = self.exchange(&json!({"object": object, "strict": true})).await;
        answer["error"].as_str().map(str::to_owned)
    }

    async fn exchange(&mut self, question: &Json) -> Json {
        self.questions.write_all(format!("{question}\n").as_bytes()).await.unwrap();
        let answer = tokio::time::timeout(DEADLINE, self.answers.next_line()).await.expect("the judge hangs");
        serde_json::from_str(&answer.unwrap().expect("the judge has ended")).unwrap()
    }
}
