//! Event: what is told about objects, on a budget of their own. They are a courtesy, and must not take from what the same API server has to do meanwhile.
//!
//! They are published one after the other, warnings first, at a rate that an API server does not feel. While many wait, further normal ones are
//! dropped, and later warnings too; what was dropped is counted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::kubernetes::call;
use super::metrics::Metrics;

/// Between two Events in the long run.
const SPACING: Duration = Duration::from_millis(50);
/// As many may go at once before the long run counts.
const BURST: u32 = 50;
/// As many normal ones wait at most: some ten seconds' worth.
const MOST_NORMAL: usize = 200;
/// As many warnings wait at most.
const MOST_WARNINGS: usize = 2000;
/// As many Events are kept at most, to count those that repeat.
const REMEMBERED: u64 = 64;
/// A note no longer than this is taken by Kubernetes.
const LONGEST_NOTE: usize = 1000;

/// The Events that wait to be published.
pub struct Events {
    backlog: Mutex<Backlog>,
    added: Notify,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct Backlog {
    warnings: VecDeque<(Event, ObjectReference)>,
    normal: VecDeque<(Event, ObjectReference)>,
}

impl Events {
    /// None that waits; what becomes of each is counted in `metrics`.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { backlog: Mutex::default(), added: Notify::new(), metrics }
    }

    /// Has an Event published soon, or drops it when too many of its sort wait already.
    pub fn add(&self, about: ObjectReference, reason: &str, warning: bool, note: &str) {
        let event = Event {
            type_: if warning { EventType::Warning } else { EventType::Normal },
            reason: reason.to_owned(),
            note: Some(note[..note.floor_char_boundary(LONGEST_NOTE)].to_owned()),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        let mut backlog = self.backlog();
        let (row, most) =
            if warning { (&mut backlog.warnings, MOST_WARNINGS) } else { (&mut backlog.normal, MOST_NORMAL) };
        if row.len() >= most {
            drop(backlog);
            self.metrics.event(warning, "dropped");
            tracing::debug!(reason, warning, "too many Events wait, dropped one");
            return;
        }
        row.push_back((event, about));
        drop(backlog);
        self.added.notify_one();
    }

    /// Publishes them for ever, in the name of `identity`.
    pub async fn publish(&self, client: Client, identity: String) {
        let reporter = Reporter { controller: "provost.dev/provost".to_owned(), instance: Some(identity) };
        let mut recorder = Recorder::new(client.clone(), reporter.clone());
        let mut pace = Pace(Instant::now());
        for published in 1_u64.. {
            let (event, about) = self.next(&mut pace).await;
            // It keeps each Event for minutes, to count those that repeat; ours tell of transitions, and thousands would fill the memory.
            if published % REMEMBERED == 0 {
                recorder = Recorder::new(client.clone(), reporter.clone());
            }
            let warning = matches!(event.type_, EventType::Warning);
            match call(recorder.publish(&event, &about)).await {
                Ok(()) => self.metrics.event(warning, "published"),
                Err(error) => {
                    self.metrics.event(warning, "failed");
                    tracing::debug!(reason = event.reason, %error, "could not publish an Event");
                }
            }
        }
    }

    /// The next one to publish, once the pace allows it: a warning that comes meanwhile goes first.
    async fn next(&self, pace: &mut Pace) -> (Event, ObjectReference) {
        loop {
            if !self.backlog().is_empty() {
                pace.wait().await;
                if let Some(next) = self.backlog().pop() {
                    return next;
                }
            }
            self.added.notified().await;
        }
    }

    fn backlog(&self) -> MutexGuard<'_, Backlog> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backlog {
    fn is_empty(&self) -> bool {
        self.warnings.is_empty() && self.normal.is_empty()
    }

    fn pop(&mut self) -> Option<(Event, ObjectReference)> {
        self.warnings.pop_front().or_else(|| self.normal.pop_front())
    }
}

/// The instant at which everything sent so far would have been sent at an even pace.
struct Pace(Instant);

impl Pace {
    async fn wait(&mut self) {
        self.0 = self.0.max(Instant::now()) + SPACING;
        sleep_until(self.0.checked_sub(SPACING * BURST).unwrap_or(self.0)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> (Events, Arc<Metrics>) {
        let metrics = Arc::new(Metrics::new([]));
        (Events::new(metrics.clone()), metrics)
    }

    fn add(events: &Events, warning: bool, count: usize) {
        for _ in 0..count {
            events.add(ObjectReference::default(), "Created", warning, "note");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn warnings_go_first_and_all_keep_to_the_pace() {
        let (events, _) = events();
        add(&events, false, 100);
        add(&events, true, 100);
        let (mut pace, start) = (Pace(Instant::now()), Instant::now());
        for number in 0..200 {
            let (event, _) = events.next(&mut pace).await;
            assert_eq!(matches!(event.type_, EventType::Warning), number < 100);
            let even = SPACING * u32::try_from(number).unwrap().saturating_sub(BURST);
            assert!(start.elapsed() >= even, "{number}: {:?}", start.elapsed());
        }
        assert!(start.elapsed() <= SPACING * 151, "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_much_is_dropped_and_counted() {
        let (events, metrics) = events();
        add(&events, false, 10_000);
        add(&events, true, 3);
        let text = metrics.encode().unwrap();
        assert!(text.contains("provost_events_total{type=\"Normal\",outcome=\"dropped\"} 9800"), "{text}");
        assert!(!text.contains("type=\"Warning\",outcome=\"dropped\""), "{text}");
        let mut pace = Pace(Instant::now());
        for number in 0..203 {
            let (event, _) = events.next(&mut pace).await;
            assert_eq!(matches!(event.type_, EventType::Warning), number < 3);
        }
        assert!(tokio::time::timeout(Duration::from_secs(60), events.next(&mut pace)).await.is_err());
    }

    #[test]
    fn long_notes_are_cut_between_characters() {
        let (events, _) = events();
        events.add(ObjectReference::default(), "Created", false, &"ä".repeat(2000));
        let note = events.backlog().normal[0].0.note.clone().unwrap();
        assert!(note.len() <= LONGEST_NOTE && note.starts_with('ä'));
    }
}
