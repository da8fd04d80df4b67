//! Perform: carries out what is done once. It is marked before it is begun, goes on step by step, and is never repeated blindly.

use std::collections::BTreeMap;
use std::time::Duration;

use kube::core::object::HasStatus;
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::apply::{attempt_id, gone};
use super::deed::{Begun, Course, Deed, DeedAttempt, RENEWED, Verdict};
use super::diff::Change;
use super::kind::{Kind, Wanted};
use super::kubernetes::{record_deed, write_status_as_read};
use super::pass::Pass;
use super::plan::Hold;
use super::policy::DEED;
use super::reason::Reason;
use super::record::{self, Purpose};
use super::renewal;
use super::report::Stop;
use super::settle::Link;
use super::state::Value;
use super::status::merge_patch;
use crate::base::custody;
use crate::base::fault::{Class, Delivery, Fault};

/// The longest pause between two looks at what is under way at the vendor.
const LONGEST: Duration = Duration::from_secs(30);

/// Begins a deed, or goes on with the one that is begun: one call. That it is done is remembered by the pass.
///
/// # Errors
/// It is not done yet, for the reason that is given; what is known of it stands in the status, or is remembered until it does.
pub async fn perform<K: Kind>(
    pass: &mut Pass<'_, K>,
    link: &Link<K>,
    group: &'static str,
    wanted: &Wanted<'_, K::Spec>,
) -> Result<(), Stop> {
    let renews = K::RENEWS.contains(&group);
    if let Some(course) = pass.memory.deeds.get_mut(group)
        && course.outdated.as_ref() == Some(&renewal::print::<K>(pass.engine, link))
    {
        course.looks += 1;
        let pause = pause(course.looks);
        return Err(under_way(
            wanted.changes,
            "the new credentials are written, and the AdminApi is to take them",
            pause,
        ));
    }
    let standing = pass.begun().remove(group);
    if renews && standing.as_ref().and_then(|mark| mark.recorded.as_deref()) != Some(RENEWED) {
        renewal::check_destination(pass, wanted.changes).await?;
    }
    let verdict = standing.as_ref().and_then(|mark| mark.verdict(pass.annotation(DEED)));
    if let (Some(Verdict::Done), Some(mark)) = (verdict, &standing) {
        let attempt = mark.attempt.clone();
        if renews {
            // What a person says of credentials can be proven.
            pass.memory.deeds.insert(group, Course::new(attempt, false));
            let mark = Begun { recorded: Some(RENEWED.to_owned()), ..mark.clone() };
            return call(pass, link, group, wanted, &mark).await;
        }
        pass.memory.deeds.insert(group, Course::new(attempt, true));
        done(pass, group, wanted.changes);
        return Ok(());
    }
    let mark = begin(pass, link, group, wanted.changes, standing, verdict).await?;
    call(pass, link, group, wanted, &mark).await
}

async fn call<K: Kind>(
    pass: &mut Pass<'_, K>,
    link: &Link<K>,
    group: &'static str,
    wanted: &Wanted<'_, K::Spec>,
    mark: &Begun,
) -> Result<(), Stop> {
    // What the answer brings nobody can ask for again, and it may come when the process is told to end.
    let _custody = K::RENEWS.contains(&group).then(custody::take);
    let clean = pass.memory.deeds.get(group).is_some_and(|course| course.clean);
    let before = mark.credentials.as_deref().filter(|_| K::RENEWS.contains(&group));
    let renewed = before.is_some_and(|before| renewal::differ(before, &renewal::print::<K>(pass.engine, link)));
    let attempt = DeedAttempt { recorded: mark.recorded.as_deref(), uncertain: !clean, renewed };
    let purpose = Purpose::of(pass, "Update").changing(wanted.changes).under(&mark.attempt);
    let known = pass.facts().cloned().unwrap_or_default();
    let mut facts = known.clone();
    let id = pass.external_id().unwrap_or_default();
    let outcome = K::perform(&link.client, &id, wanted, &mut facts, attempt);
    let outcome = record::recorded(purpose, outcome).await;
    if facts != known {
        pass.learn(facts);
    }
    match outcome {
        Ok(Deed::Done) => {
            done(pass, group, wanted.changes);
            Ok(())
        }
        Ok(Deed::Step(words)) => Err(stepped(pass, group, wanted.changes, mark, words).await?),
        Ok(Deed::Renewed(keys)) => {
            let outdated = renewal::store(pass, link, &keys).await;
            if let Some(course) = pass.memory.deeds.get_mut(group) {
                course.outdated = outdated;
            }
            Err(stepped(pass, group, wanted.changes, mark, RENEWED.to_owned()).await?)
        }
        Ok(Deed::Unclear(what)) => {
            if let Some(course) = pass.memory.deeds.get_mut(group) {
                course.clean = false;
            }
            Err(unclear(mark, &what))
        }
        Err(fault) => Err(not_done::<K>(pass, group, mark, fault).await),
    }
}

/// The mark under which the call is made: a new one, or the one that stands and is for the same.
async fn begin<K: Kind>(
    pass: &mut Pass<'_, K>,
    link: &Link<K>,
    group: &'static str,
    changes: &[Change],
    standing: Option<Begun>,
    verdict: Option<Verdict>,
) -> Result<Begun, Stop> {
    let value = |change: &Change| Some((change.path.clone(), pass.wanted.get(&change.path).map(Value::remembered)?));
    let wanted: BTreeMap<String, String> = changes.iter().filter_map(value).collect();
    let ours = |attempt: &String| pass.memory.deeds.get(group).filter(|course| course.attempt == *attempt).cloned();
    let known = standing.as_ref().and_then(|mark| ours(&mark.attempt));
    let again = verdict == Some(Verdict::Again);
    let mark = match standing {
        Some(mark) if mark.is_for(&wanted) && !again => {
            match known {
                Some(course) => note_step(pass, group, &mark, course).await?,
                // What an earlier process began may have been carried out.
                None => drop(pass.memory.deeds.insert(group, Course::new(mark.attempt.clone(), false))),
            }
            return Ok(mark);
        }
        other => {
            // Of another value: what it came to is not known, and the next call is told so.
            let over = |mark: &Begun| mark.recorded.as_deref() == Some(RENEWED);
            let other = other.filter(|mark| !over(mark));
            let untouched =
                known.is_some_and(|course| course.clean) && other.as_ref().is_none_or(|mark| mark.recorded.is_none());
            let clean = again || other.is_none() || untouched;
            // A mark whose write was not answered may stand, and is to be known as ours.
            let unanswered = pass.memory.deeds.get(group).filter(|course| other.is_none() && !course.over);
            let attempt = match unanswered {
                Some(course) => course.attempt.clone(),
                None => attempt_id(pass.engine.gate.as_ref(), "perform")?,
            };
            let credentials = other.as_ref().filter(|_| !clean).and_then(|mark| mark.credentials.clone());
            let credentials = credentials.or_else(|| Some(renewal::print::<K>(pass.engine, link)));
            let recorded = other.filter(|_| again).and_then(|mark| mark.recorded);
            pass.memory.deeds.insert(group, Course::new(attempt.clone(), clean));
            Begun {
                attempt,
                external_id: pass.external_id().unwrap_or_default(),
                wanted,
                recorded,
                credentials: credentials.filter(|_| K::RENEWS.contains(&group)),
            }
        }
    };
    set_mark(pass, group, Some(&mark)).await?;
    Ok(mark)
}

/// Writes a mark, or takes it away, unless the object was written by anybody since it was read.
async fn set_mark<K: Kind>(pass: &mut Pass<'_, K>, group: &str, mark: Option<&Begun>) -> Result<(), Stop> {
    let before = pass.stored().and_then(|status| status.begun.get(group)).map_or(Json::Null, |mark| json!(mark));
    let after = mark.map_or(Json::Null, |mark| json!(mark));
    if let Some(patch) = merge_patch(&before, &after) {
        let status = json!({"begun": {group: patch}});
        pass.object = write_status_as_read(&pass.engine.client, &pass.object, status).await?;
    }
    Ok(())
}

/// Records what the last step returned, unless that is done.
async fn note_step<K: Kind>(
    pass: &mut Pass<'_, K>,
    group: &'static str,
    mark: &Begun,
    course: Course,
) -> Result<(), Stop> {
    let Some(words) = course.step else { return Ok(()) };
    let ours = |object: &K::Object| {
        object.status().and_then(|status| status.begun.get(group)).is_some_and(|stored| stored.attempt == mark.attempt)
    };
    let status = json!({"begun": {group: {"recorded": words}}});
    pass.object = record_deed(&pass.engine.client, &pass.object, &status, ours).await?;
    if let Some(course) = pass.memory.deeds.get_mut(group) {
        course.step = None;
    }
    Ok(())
}

/// The end of a pass after a step: the next one follows at once, or after a while when there was nothing new.
async fn stepped<K: Kind>(
    pass: &mut Pass<'_, K>,
    group: &'static str,
    changes: &[Change],
    mark: &Begun,
    words: String,
) -> Result<Stop, Stop> {
    let mut course = Course::new(mark.attempt.clone(), true);
    let known = pass.memory.deeds.remove(group);
    course.outdated = known.as_ref().and_then(|known| known.outdated.clone());
    if mark.recorded.as_ref() == Some(&words) {
        course.looks = known.map_or(0, |known| known.looks) + 1;
    } else {
        course.step = Some(words.clone());
    }
    let looks = course.looks;
    pass.memory.deeds.insert(group, course.clone());
    note_step(pass, group, mark, course).await?;
    Ok(under_way(changes, &words, pause(looks)))
}

fn pause(looks: u32) -> Duration {
    match looks.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => Duration::from_secs(1 << doublings.min(5)).min(LONGEST),
    }
}

fn under_way(changes: &[Change], words: &str, pause: Duration) -> Stop {
    let message = format!("{} was begun, and goes on by itself: {words}", paths(changes));
    Stop::Later { reason: Reason::Underway, message, pause }
}

fn unclear(mark: &Begun, what: &str) -> Stop {
    let (fields, id, attempt) = (mark.fields(), &mark.external_id, &mark.attempt);
    let message = format!(
        "{fields} of {id:?} may have been done, and is not done twice: {what}; then set the annotation {DEED} to '{attempt} done' if it \
         was done, or to '{attempt} again' to have it done"
    );
    Stop::Held(Hold { reason: Reason::DeedOutcomeUnknown, message })
}

fn done<K: Kind>(pass: &mut Pass<'_, K>, group: &'static str, changes: &[Change]) {
    pass.sent(changes);
    // What the vendor shows of it must have been read since.
    pass.memory.look_after = Some(Instant::now());
    if let Some(course) = pass.memory.deeds.get_mut(group) {
        course.over = true;
    }
    let id = pass.external_id().unwrap_or_default();
    pass.deeds.push((Reason::Ran, format!("did {} of {id:?}, once", paths(changes))));
}

async fn not_done<K: Kind>(pass: &mut Pass<'_, K>, group: &'static str, mark: &Begun, fault: Fault) -> Stop {
    let course = pass.memory.deeds.get_mut(group);
    match (fault.delivery, course) {
        (Delivery::Unknown, Some(course)) => course.clean = false,
        (Delivery::Answered | Delivery::NotSent, Some(course)) if course.clean && mark.recorded.is_none() => {
            match set_mark(pass, group, None).await {
                Ok(()) => drop(pass.memory.deeds.remove(group)),
                // It stays known as ours and unused.
                Err(error) => tracing::debug!(%error, "the mark of a deed stands although nothing was done"),
            }
        }
        _ => {}
    }
    if fault.class == Class::Missing {
        pass.memory.look_after = Some(Instant::now());
    }
    gone::<K>(fault, &mark.external_id)
}

fn paths(changes: &[Change]) -> String {
    changes.iter().map(|change| change.path.as_str()).collect::<Vec<_>>().join(", ")
}
