//! One program that we started: asked to stop first, killed if it will not, and never left behind.

use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::ClusterError;

/// A running program. Dropping it kills it, and returns when it is gone.
pub(in crate::cli) struct Process {
    program: &'static str,
    child: Child,
    // Open as long as we live: waiting for a child closes the standard input that it holds itself.
    _stdin: Option<ChildStdin>,
}

impl Process {
    /// Starts a program in a process group of its own: Ctrl-C on the terminal is for us, and we stop it in our order.
    pub(in crate::cli) fn spawn(program: &'static str, command: &mut Command) -> Result<Self, ClusterError> {
        let spawned = command.process_group(0).kill_on_drop(true).spawn();
        let mut child = spawned.map_err(|source| ClusterError::Spawn { program, source })?;
        Ok(Self { program, _stdin: child.stdin.take(), child })
    }

    /// Its standard output and error, as far as they are piped; each can be taken once.
    pub(super) fn outputs(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Its id, until it has ended and we have seen that.
    pub(super) fn pid(&self) -> Option<Pid> {
        self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
    }

    /// Waits for its end. Safe to cancel.
    pub(in crate::cli) async fn ended(&mut self) -> ClusterError {
        match self.child.wait().await {
            Ok(status) => ClusterError::Ended { program: self.program, status, said: String::new() },
            Err(source) => ClusterError::Wait { program: self.program, source },
        }
    }

    /// Asks it to stop, and kills it when `grace` has passed. Returns when it is gone.
    pub(in crate::cli) async fn end(&mut self, grace: Duration) {
        let Some(pid) = self.pid() else { return };
        // A signal to a program that has just ended reaches nobody: its id is ours until we have waited for it.
        kill_process(pid, Signal::TERM).unwrap_or_default();
        if tokio::time::timeout(grace, self.child.wait()).await.is_err() {
            self.child.kill().await.unwrap_or_default();
        }
    }
}

/// Waits until the first of `processes` ends, and says how it ended. Never returns when there are none. Safe to cancel.
pub(super) async fn first_end(processes: &mut [Process]) -> ClusterError {
    let ends: Vec<_> = processes.iter_mut().map(|process| Box::pin(process.ended())).collect();
    if ends.is_empty() {
        return std::future::pending().await;
    }
    futures::future::select_all(ends).await.0
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(pid) = self.pid() else { return };
        if self.child.start_kill().is_ok() {
            // A killed program ends within milliseconds. Its exit status is left for the runtime to collect.
            waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap_or_default();
        }
    }
}
