//! Inspect: what only the running operator knows of an object: when it is looked at next, and what stands between it and its vendor. Words,
//! numbers and times; never a value of an object, and never a secret.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::answers::Answer;
use super::connection::KIND;
use super::context::Engine;
use super::queue::{Item, Turn};
use super::session::Standing;
use super::watch::Key;
use crate::base::breaker::State;
use crate::base::clock::now;

/// What an operator knows of one object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// The object's kind.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether this operator works; another one only watches.
    pub leader: bool,
    /// How many objects wait for their turn, all in all.
    pub queue_length: usize,
    /// Its place in the queue.
    pub turn: TurnReport,
    /// What stands between it and its vendor; absent while its AdminApi may not be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_api: Option<ApiReport>,
}

/// An object's place in the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnReport {
    /// idle, waiting, later or running.
    pub state: String,
    /// Why it waits: edit, first, retry or resync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// When it is looked at next, as far as that is known. Idle objects are looked at with the next check of their AdminApi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
}

/// How an AdminApi stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiReport {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether its objects can be worked on; absent before its first check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected: Option<bool>,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When it is checked next, and everything behind it read anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_check: Option<Timestamp>,
    /// What lets its calls out; absent before the first connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaker: Option<BreakerReport>,
    /// How hard it may be pressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsReport>,
    /// What its guard lets go.
    pub guard: GuardReport,
    /// The end of the last call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_answer: Option<Answer>,
    /// The end of the last call that was no success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Answer>,
}

/// How a breaker stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BreakerReport {
    /// closed, open or probing.
    pub state: String,
    /// The class of the answers that opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_by: Option<String>,
    /// When a call may find out whether it closes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_probe: Option<Timestamp>,
}

/// The limits in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitsReport {
    /// Calls per second; absent without a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<u32>,
    /// Calls at once.
    pub burst: u32,
    /// Calls under way at the same time.
    pub concurrency: u32,
}

/// How a guard stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GuardReport {
    /// How many deletions it lets go within its window.
    pub max_deletions: usize,
    /// The window, in seconds.
    pub window_seconds: u64,
    /// How many it let go within the window.
    pub let_go: u32,
    /// How many it holds.
    pub held: usize,
    /// Whether this object is one of them.
    pub holds_this: bool,
}

/// What the engine knows of an object; none when there is no such object.
pub fn inspect(engine: &Engine, kind: &str, namespace: &str, name: &str) -> Option<Inspection> {
    let (kind, controller) = engine.controller_named(kind)?;
    let key: Key = (namespace.into(), name.into());
    let (tenant, _) = controller.standing(&key)?;
    let item = Item { kind, namespace: key.0.clone(), name: key.1.clone() };
    let admin_api = if kind == KIND { Some(key.clone()) } else { tenant };
    let admin_api = admin_api.map(|admin_api| api(engine, &admin_api, &item));
    let mut turn = turn(engine.turn(&item));
    if turn.state == "idle" {
        turn.next = admin_api.as_ref().and_then(|api| api.next_check);
    }
    Some(Inspection {
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        leader: engine.gate.is_open(),
        queue_length: engine.waiting_for_a_turn(),
        turn,
        admin_api,
    })
}

fn turn(turn: Turn) -> TurnReport {
    let report = |state: &str, lane: Option<&str>, next| TurnReport {
        state: state.to_owned(),
        lane: lane.map(str::to_owned),
        next,
    };
    match turn {
        Turn::Idle => report("idle", None, None),
        Turn::Running => report("running", None, None),
        Turn::Ready(lane) => report("waiting", Some(lane.label()), Some(now())),
        Turn::Delayed(lane, at) => report("later", Some(lane.label()), Some(wall(at))),
    }
}

fn api(engine: &Engine, key: &Key, item: &Item) -> ApiReport {
    let standing = engine.sessions.get(key);
    let session = engine.sessions.session(key);
    let check = Item { kind: KIND, namespace: key.0.clone(), name: key.1.clone() };
    let (reason, since) = match &standing {
        Some(Standing::Disconnected { reason, since, .. }) => (Some(reason.word().to_owned()), Some(wall(*since))),
        _ => (None, None),
    };
    let breaker = session.map(|session| {
        let (state, tripped) = (session.breaker.state(), session.breaker.tripped());
        let (fault, at) = tripped.unzip();
        let probe = at.filter(|_| state == State::Open).map(wall);
        BreakerReport {
            state: state.label().to_owned(),
            opened_by: fault.map(|fault| fault.class.label().to_owned()),
            next_probe: probe,
        }
    });
    let limits = engine.admin_apis.get(key).and_then(|stored| stored.0.as_ref().ok().map(|api| api.spec.limits()));
    let limits = limits.map(|limits| LimitsReport {
        requests_per_second: limits.requests_per_second.map(u32::from),
        burst: limits.burst.get(),
        concurrency: limits.concurrency.get(),
    });
    let last = engine.answers.last(key);
    ApiReport {
        namespace: key.0.to_string(),
        name: key.1.to_string(),
        connected: standing.as_ref().map(|standing| matches!(standing, Standing::Connected(_))),
        reason,
        since,
        next_check: turn(engine.turn(&check)).next,
        breaker,
        limits,
        guard: guard(engine, key, item),
        last_answer: last.answer,
        last_failure: last.failure,
    }
}

fn guard(engine: &Engine, key: &Key, item: &Item) -> GuardReport {
    engine.guards.of(key).with(|guard| GuardReport {
        max_deletions: guard.rule().most,
        window_seconds: guard.rule().window.as_secs(),
        let_go: guard.status().map_or(0, |status| status.carried_out),
        held: guard.held(),
        holds_this: guard.holds(item),
    })
}

/// An instant as a time that people read, in whole seconds.
fn wall(at: Instant) -> Timestamp {
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let (ahead, ago) = (at.saturating_duration_since(Instant::now()), Instant::now().saturating_duration_since(at));
    let second = now().as_second().saturating_add(seconds(ahead)).saturating_sub(seconds(ago));
    Timestamp::from_second(second).unwrap_or_else(|_| now())
}
