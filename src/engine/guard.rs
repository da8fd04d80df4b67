//! Guard: how many external objects may be switched off or deleted behind one AdminApi within a window. Past that, deletions wait until
//! places come free, or until somebody acknowledges them with an annotation on the AdminApi.
//!
//! What was let go is written into the AdminApi's status *before* the vendor is called, so that no restart forgets it; a new process
//! takes it for just happened. Windows are measured by the monotonic clock; only the end that a person wrote is compared with wall time.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::admin_api::{AcknowledgementStatus, GuardStatus};
use super::policy::ACKNOWLEDGE;
use super::queue::Item;
use super::watch::Key;

/// Deletions within the window when the spec says nothing.
pub const MOST: u32 = 10;
/// The window when the spec says nothing.
pub const WINDOW: Duration = Duration::from_secs(600);

/// A proposed end of an acknowledgement is so many hours away, and proposed again while it is one hour away at least.
const HOURS: i64 = 24;

/// So long is waited for one that was called out of the line.
const CALLED: Duration = Duration::from_secs(30);

/// What a guard holds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Deletions within the window.
    pub most: usize,
    /// The window.
    pub window: Duration,
}

impl Default for Rule {
    fn default() -> Self {
        Self { most: MOST as usize, window: WINDOW }
    }
}

/// What a person lets go beyond the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    /// So many deletions.
    pub count: u32,
    /// Until then.
    pub until: Timestamp,
}

impl Acknowledgement {
    /// Reads the annotation's value, `<count> until <RFC 3339>`.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow the value.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = "write it as \"<count> until <RFC 3339 time>\"";
        let (count, until) = text.split_once(" until ").ok_or_else(|| format!("has no \" until \"; {form}"))?;
        let count = count.trim();
        let number = count.parse::<u32>().ok().filter(|count| *count > 0);
        let number =
            number.ok_or_else(|| format!("has the count {count:?}, which is no whole number above 0; {form}"))?;
        let until = until.trim();
        let time = until.parse::<Timestamp>();
        let time =
            time.map_err(|_| format!("has the time {until:?}, which is no RFC 3339 time with a zone; {form}"))?;
        Ok(Self { count: number, until: time })
    }
}

/// What a guard says to a deletion.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// It may go. It is counted.
    Go,
    /// It waits in line, and this is why.
    Wait(String),
}

/// What an AdminApi shows of its guard.
#[derive(Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nothing waits, and nothing is wrong.
    Nothing,
    /// So many deletions wait.
    Held(usize, String),
    /// Nothing waits, but the annotation cannot be read.
    Unreadable(String),
}

/// A deletion that waits, and what its object was told.
struct Waiting {
    item: Item,
    said: usize,
}

/// The guard of one AdminApi.
#[derive(Default)]
pub struct Guard {
    /// What it is called in messages.
    name: String,
    uid: Option<String>,
    rule: Rule,
    /// The annotation as it stands.
    annotation: Option<String>,
    /// What was let go within the window.
    recent: VecDeque<Instant>,
    /// How much of each acknowledgement that has not run out is used up.
    used: BTreeMap<String, u32>,
    line: VecDeque<Waiting>,
    /// Those that were called out of the line and have not asked yet, with the time of the call.
    called: Vec<(Item, Instant)>,
    proposed: Option<Timestamp>,
    /// This process let something go: what it knows is newer than any stored status.
    ours: bool,
    stored: Option<GuardStatus>,
    /// Counts what was let go, and how much of that is stored.
    let_go: u64,
    saved: u64,
}

impl Guard {
    /// Takes in the AdminApi as Kubernetes has it. Another uid is another AdminApi, with a guard that knows nothing.
    pub fn observe(
        &mut self,
        (name, uid): (&str, Option<String>),
        rule: Rule,
        annotation: Option<&str>,
        stored: Option<&GuardStatus>,
        now: Instant,
    ) {
        if self.uid != uid {
            *self = Self { uid, ..Self::default() };
        }
        name.clone_into(&mut self.name);
        self.rule = rule;
        self.annotation = annotation.map(str::to_owned);
        if self.ours || self.stored.as_ref() == stored {
            return;
        }
        let status = stored.cloned().unwrap_or_default();
        // More than the rule lets through make no difference, and a status that somebody wrote by hand may say any number.
        self.recent = std::iter::repeat_n(now, (status.carried_out as usize).min(rule.most)).collect();
        self.used = status.acknowledgements.iter().map(|one| (one.value.clone(), one.used)).collect();
        self.stored = stored.cloned();
    }

    /// What it holds to.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// Whether this deletion may go now.
    pub fn ask(&mut self, item: &Item, now: Instant, wall: Timestamp) -> Answer {
        self.forget_old(now, wall);
        if self.recent.len() < self.rule.most {
            self.recent.push_back(now);
        } else if let Some((value, _)) = self.open(wall) {
            *self.used.entry(value).or_default() += 1;
        } else {
            return Answer::Wait(self.hold(item, wall));
        }
        self.forget(item);
        self.ours = true;
        self.let_go += 1;
        Answer::Go
    }

    /// Those that may go now, the longest waiting first. They leave the line, and come back to it if somebody is faster. Who does not ask
    /// for a while wants nothing any more, or is stopped by something else.
    pub fn due(&mut self, now: Instant, wall: Timestamp) -> Vec<Item> {
        self.forget_old(now, wall);
        let places = self.rule.most.saturating_sub(self.recent.len());
        let acknowledged = self.open(wall).map_or(0, |(_, left)| left as usize);
        self.called.retain(|(_, at)| *at + CALLED > now);
        let free = places.saturating_add(acknowledged).saturating_sub(self.called.len());
        let due: Vec<Item> = self.line.drain(..free.min(self.line.len())).map(|waiting| waiting.item).collect();
        self.called.extend(due.iter().map(|item| (item.clone(), now)));
        due
    }

    /// When somebody should look at this guard again: a place comes free, or nothing is left to remember.
    pub fn wake(&self, now: Instant) -> Option<Duration> {
        let place = if self.held() == 0 { self.recent.back() } else { self.recent.front() };
        let place = place.map(|at| *at + self.rule.window);
        let asked = self.called.first().map(|(_, at)| *at + CALLED);
        let next = place.into_iter().chain(asked).min()?;
        Some(next.saturating_duration_since(now).max(Duration::from_secs(1)))
    }

    /// Forgets an object that waits no more.
    pub fn forget(&mut self, item: &Item) {
        self.line.retain(|waiting| waiting.item != *item);
        self.called.retain(|(called, _)| called != item);
    }

    /// Whether this deletion waits.
    pub fn holds(&self, item: &Item) -> bool {
        let called = self.called.iter().map(|(called, _)| called);
        self.line.iter().map(|waiting| &waiting.item).chain(called).any(|held| held == item)
    }

    /// How many deletions wait.
    pub fn held(&self) -> usize {
        self.line.len() + self.called.len()
    }

    /// What the AdminApi shows.
    pub fn shown(&mut self, wall: Timestamp) -> Shown {
        let trouble = self.trouble(wall);
        match (self.held(), trouble) {
            (0, Some((true, trouble))) => Shown::Unreadable(trouble),
            (0, _) => Shown::Nothing,
            (held, trouble) => {
                let trouble = trouble.map(|(_, trouble)| format!("{trouble}; ")).unwrap_or_default();
                Shown::Held(held, format!("{trouble}{}", self.words(held, wall)))
            }
        }
    }

    /// What has to be stored.
    pub fn status(&self) -> Option<GuardStatus> {
        let acknowledgements: Vec<AcknowledgementStatus> =
            self.used.iter().map(|(value, used)| AcknowledgementStatus { value: value.clone(), used: *used }).collect();
        let carried_out = u32::try_from(self.recent.len()).unwrap_or(u32::MAX);
        let nothing = carried_out == 0 && acknowledgements.is_empty();
        (!nothing).then_some(GuardStatus { carried_out, acknowledgements })
    }

    /// Whether what is stored says that something was let go which has been forgotten since.
    pub fn is_outdated(&mut self, now: Instant, wall: Timestamp) -> bool {
        self.forget_old(now, wall);
        self.recent.is_empty() && self.held() == 0 && self.stored != self.status()
    }

    /// The number of the last deletion that was let go: to be stored before its vendor is called.
    pub fn let_go(&self) -> u64 {
        self.let_go
    }

    /// Whether that is stored.
    pub fn is_saved(&self, let_go: u64) -> bool {
        self.saved >= let_go
    }

    /// Notes that `status` is stored, which was taken when `let_go` was the last.
    pub fn saved(&mut self, let_go: u64, status: Option<GuardStatus>) {
        self.saved = self.saved.max(let_go);
        self.stored = status;
    }

    fn forget_old(&mut self, now: Instant, wall: Timestamp) {
        while self.recent.front().is_some_and(|at| *at + self.rule.window <= now) {
            self.recent.pop_front();
        }
        let alive = |value: &str| Acknowledgement::parse(value).is_ok_and(|parsed| parsed.until > wall);
        self.used.retain(|value, _| alive(value));
    }

    /// The acknowledgement in force, and what is left of it.
    fn open(&self, wall: Timestamp) -> Option<(String, u32)> {
        let value = self.annotation.as_ref()?;
        let parsed = Acknowledgement::parse(value).ok().filter(|parsed| parsed.until > wall)?;
        let left = parsed.count.saturating_sub(self.used.get(value).copied().unwrap_or_default());
        (left > 0).then(|| (value.clone(), left))
    }

    /// What is wrong with the annotation, and whether it cannot be read at all.
    fn trouble(&self, wall: Timestamp) -> Option<(bool, String)> {
        let value = self.annotation.as_ref()?;
        let told = |what: &str| format!("the annotation {ACKNOWLEDGE}: {value:?} {what}");
        match Acknowledgement::parse(value) {
            Err(problem) => Some((true, told(&problem))),
            Ok(parsed) if parsed.until <= wall => Some((false, told("has run out"))),
            Ok(_) if self.open(wall).is_none() => Some((false, told("is used up"))),
            Ok(_) => None,
        }
    }

    /// Puts an object into the line, or leaves it there. What it is told changes only when the number has become quite another: else each
    /// deletion would rewrite the status of all that wait.
    fn hold(&mut self, item: &Item, wall: Timestamp) -> String {
        self.called.retain(|(called, _)| called != item);
        let place = self.line.iter().position(|waiting| waiting.item == *item);
        let place = place.unwrap_or_else(|| {
            self.line.push_back(Waiting { item: item.clone(), said: 0 });
            self.line.len() - 1
        });
        let held = self.held();
        let said = self.line[place].said;
        let said = if held < said.saturating_mul(2) && held.saturating_mul(2) > said { said } else { held };
        self.line[place].said = said;
        self.words(said, wall)
    }

    fn words(&mut self, held: usize, wall: Timestamp) -> String {
        let until = self.propose(wall);
        let Rule { most, window } = self.rule;
        let (name, window) = (&self.name, in_words(window));
        let (wait, they) = if held == 1 { ("deletion waits", "it goes") } else { ("deletions wait", "they go") };
        let by_itself = if most == 0 { String::new() } else { format!("{they} as these grow old; ") };
        format!(
            "{held} {wait}: behind the AdminApi {name} {most} may be carried out within {window}, and were; {by_itself}to let {held} go \
             at once, set the annotation {ACKNOWLEDGE}: \"{held} until {until}\" on that AdminApi"
        )
    }

    /// An end for the next acknowledgement: the same for hours, so that nothing is rewritten because time goes by.
    fn propose(&mut self, wall: Timestamp) -> Timestamp {
        let hour =
            |hours: i64| Timestamp::from_second((wall.as_second() / 3600 + hours) * 3600).unwrap_or(Timestamp::MAX);
        let kept = self.proposed.filter(|proposed| *proposed > hour(2));
        *self.proposed.insert(kept.unwrap_or_else(|| hour(HOURS)))
    }
}

/// A length of time as a spec would have it.
fn in_words(window: Duration) -> String {
    match window.as_secs() {
        seconds if seconds > 0 && seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        seconds if seconds > 0 && seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

/// The guards of all AdminApis.
#[derive(Default)]
pub struct Guards(Mutex<HashMap<Key, Arc<Shared>>>);

/// A guard, and the turn of whoever stores what it let go.
#[derive(Default)]
pub struct Shared {
    guard: Mutex<Guard>,
    /// Held while the status is written: those who come meanwhile find their own deletion stored with the next write.
    pub storing: tokio::sync::Mutex<()>,
}

impl Shared {
    /// Works with the guard. Nothing may wait in `work`.
    pub fn with<T>(&self, work: impl FnOnce(&mut Guard) -> T) -> T {
        work(&mut self.guard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Guards {
    /// The guard of an AdminApi; one that knows nothing if there is none yet.
    pub fn of(&self, admin_api: &Key) -> Arc<Shared> {
        let mut guards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        guards.entry(admin_api.clone()).or_default().clone()
    }

    /// Forgets an AdminApi that is gone.
    pub fn remove(&self, admin_api: &Key) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(admin_api);
    }

    /// Forgets an object that is gone, wherever it waits.
    pub fn forget(&self, item: &Item) {
        let guards: Vec<_> = self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        guards.iter().for_each(|shared| shared.with(|guard| guard.forget(item)));
    }
}

#[cfg(test)]
mod tests;
