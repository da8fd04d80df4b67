//! Log: everything that the operators of this process say, kept to be searched by tests, and shown when one fails.

use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

use tracing_subscriber::EnvFilter;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static STARTED: Once = Once::new();

/// Starts to keep what is said, at every level of ours and at the usual level of others.
pub fn capture() {
    STARTED.call_once(|| {
        let filter = EnvFilter::new("info,provost=trace,reqwest=debug,kube_client=debug");
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(|| Kept);
        subscriber.compact().try_init().unwrap();
    });
}

/// All that was said so far.
pub fn text() -> String {
    String::from_utf8_lossy(&LINES.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

/// Shows what was said about a namespace, for a test that fails.
#[allow(clippy::print_stderr, reason = "the test harness shows it beside the failure")]
pub fn show(namespace: &str) {
    for line in text().lines().filter(|line| line.contains(namespace) && !line.contains("kube_client")) {
        eprintln!("{line}");
    }
}

struct Kept;

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
