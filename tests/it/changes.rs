//! Changes: the change record of the operators of one stage, line by line.

use std::sync::Arc;

use provost::engine::record::{Append, ChangeLog};
use serde_json::Value as Json;
use tokio::sync::watch;

/// The lines so far. Clones share them.
#[derive(Clone)]
pub struct Changes(Arc<watch::Sender<Vec<Json>>>);

impl Default for Changes {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Vec::new())))
    }
}

impl Append for Changes {
    fn append(&self, line: &str) {
        assert!(!line.contains('\n'), "{line}");
        let line = serde_json::from_str(line).unwrap();
        self.0.send_modify(|lines| lines.push(line));
    }
}

impl Changes {
    /// A record that is kept here.
    pub fn log(&self) -> ChangeLog {
        ChangeLog::to(Arc::new(self.clone()))
    }

    /// Every line so far.
    pub fn all(&self) -> Vec<Json> {
        self.0.borrow().clone()
    }

    /// Waits until there are so many lines, and returns them all.
    pub async fn wait_for(&self, count: usize) -> Vec<Json> {
        self.0.subscribe().wait_for(|lines| lines.len() >= count).await.unwrap().clone()
    }
}
