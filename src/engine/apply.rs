//! Apply: carries out a plan, step by step, each safe to repeat. The only place from which a vendor write is made.

use kube::{Resource, ResourceExt};
use tokio::time::Instant;

use super::announcement::Announcement;
use super::conflict::seize;
use super::content::{self, Printed, Revealed};
use super::deed::{is_of_admin_api, is_once};
use super::diff::Change;
use super::kind::{Attempt, Identity, Kind, Managed, Progress, Wanted};
use super::kubernetes::{announce, record_adopted, record_created, record_step, retract, write_status};
use super::pass::Pass;
use super::perform::perform;
use super::plan::{Claim, Hold};
use super::policy::{ABANDON, EXTERNAL_ID, PENDING_CREATE};
use super::reason::Reason;
use super::record::{self, Purpose};
use super::report::Stop;
use super::settle::{Link, admin_api_key};
use super::sibling::scoped_key;
use super::state::{Access, Field, row};
use super::status::{Status, merge_patch};
use super::tombstone;
use crate::base::access::Gate;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;

/// Makes the external object: announce, call, record; with several steps, each is recorded before the next.
///
/// # Errors
/// When the answer is lost the announcement stands, and the next pass looks for what may have been made; when nothing was made, by the
/// vendor's answer or because nothing was sent, a fresh announcement is taken back.
pub async fn create<K: Kind>(pass: &mut Pass<'_, K>, link: &Link<K>) -> Result<(), Stop> {
    let Revealed { secrets, files } = reveal(pass, |_| true).await?;
    let mut announcement = begin(pass).await?;
    let (spec, siblings) = (pass.spec().clone(), pass.siblings.clone());
    let wanted = Wanted { spec: &spec, changes: &[], secrets: &secrets, files: &files, siblings: &siblings };
    // That it was absent before says nothing about the time after.
    pass.memory.absent = None;
    let mut step = announcement.recorded.is_none().then_some(1);
    let carried = pass.carried();
    let action = pass.plan.as_ref().map_or("Create", |plan| plan.action.word());
    loop {
        let purpose = Purpose::of(pass, action).creating(&carried, pass.memory.attempt.clone(), step);
        let attempt = Attempt { recorded: announcement.recorded.as_deref(), uncertain: !pass.memory.step_is_clean };
        match record::recorded_create(purpose, K::create(&link.client, &wanted, attempt)).await {
            Ok(Progress::Step(words)) => {
                step = step.map(|step| step + 1);
                // Between two steps nothing may be taken back any more, and what is done is known to whoever goes on.
                pass.memory.attempt_is_clean = false;
                pass.memory.step_is_clean = true;
                pass.memory.step = Some(words);
                announcement = note_step(pass, announcement).await?;
                if pass.annotation(EXTERNAL_ID).is_some() {
                    // Somebody named another one meanwhile: what to do about it is for a new plan to say.
                    return Ok(());
                }
            }
            Ok(Progress::Done(created)) => {
                pass.memory.external_id = Some(created.external_id.clone());
                pass.memory.adopted = Some(created.external_id.clone());
                pass.memory.facts = Some(created.facts);
                pass.sent_all();
                let (deed, word) =
                    if K::IDENTITY == Identity::Run { (Reason::Ran, "ran") } else { (Reason::Created, "created") };
                pass.deeds.push((deed, format!("{word} {:?}", created.external_id)));
                pass.object = record_created(&pass.engine.client, &pass.object, &created.external_id).await?;
                pass.recorded = Some(created.external_id);
                return Ok(());
            }
            Ok(Progress::Unclear(what)) => return Err(unclear::<K>(pass, &what)),
            Err(fault) => return Err(not_created(pass, fault).await),
        }
    }
}

/// Announces a create, or goes on with the one that is announced.
async fn begin<K: Kind>(pass: &mut Pass<'_, K>) -> Result<Announcement, Stop> {
    seize(pass, None)?;
    let standing = pass.announcement();
    let announcement = match standing {
        Some(ours) if pass.memory.attempt.as_ref() == Some(&ours.attempt) => note_step(pass, ours).await?,
        other => {
            // An announcement that an earlier process left may belong to a call that was made: it is never taken back unseen.
            let fresh = other.is_none();
            let again = other.as_ref().is_some_and(Announcement::is_again);
            let attempt = attempt_id(pass.engine.gate.as_ref(), "create")?;
            let announcement = Announcement { attempt, recorded: other.and_then(|earlier| earlier.recorded) };
            // Known before it is written: the answer to the write may be lost although it was done.
            pass.memory.attempt = Some(announcement.attempt.clone());
            (pass.memory.attempt_is_clean, pass.memory.step_is_clean) = (fresh, fresh || again);
            pass.memory.step = None;
            pass.object = announce(&pass.engine.client, &pass.object, &announcement.text()).await?;
            announcement
        }
    };
    pass.memory.external_id = None;
    (pass.seen, pass.memory.facts) = (None, None);
    forget_former(pass).await?;
    Ok(announcement)
}

/// Records what the last step returned, unless that is done.
async fn note_step<K: Kind>(pass: &mut Pass<'_, K>, standing: Announcement) -> Result<Announcement, Stop> {
    let Some(words) = pass.memory.step.clone() else { return Ok(standing) };
    let further = Announcement { recorded: Some(words), ..standing.clone() };
    pass.object = record_step(&pass.engine.client, &pass.object, &standing.text(), &further.text()).await?;
    pass.memory.step = None;
    Ok(further)
}

/// What is known of an external object that is gone says nothing about the one that takes its place.
async fn forget_former<K: Kind>(pass: &mut Pass<'_, K>) -> Result<(), Stop> {
    let Some(before) = pass.stored().filter(|status| status.external_id.is_some()) else { return Ok(()) };
    let facts = K::Facts::default();
    let mut after = Status { external_id: None, facts, ..before.clone() };
    after.applied.retain(|path, _| is_of_admin_api::<K>(path));
    after.begun.retain(|group, _| K::RENEWS.contains(&group.as_str()));
    let json = |status| serde_json::to_value(status).unwrap_or_default();
    if let Some(patch) = merge_patch(&json(before), &json(&after)) {
        pass.object = write_status(&pass.engine.client, &pass.object, patch).await?;
    }
    Ok(())
}

fn unclear<K: Kind>(pass: &Pass<'_, K>, what: &str) -> Stop {
    let (key, id) = (K::natural_key(pass.spec()), K::ID_FORM);
    if K::IDENTITY == Identity::Run {
        let message = format!(
            "{key} may have been done, and is not done twice: {what}; then either set the annotation {EXTERNAL_ID} to a name for it, such \
             as done, to have it left at that, or remove the annotation {PENDING_CREATE} to have it done once more"
        );
        return Stop::Held(Hold { reason: Reason::CreateOutcomeUnknown, message });
    }
    let message = format!(
        "a step of creating {key} may have been done, and is not done twice: {what}; then either set the annotation {EXTERNAL_ID} to {id} \
         or remove the annotation {PENDING_CREATE} to have it begun anew"
    );
    Stop::Held(Hold { reason: Reason::CreateOutcomeUnknown, message })
}

async fn not_created<K: Kind>(pass: &mut Pass<'_, K>, fault: Fault) -> Stop {
    match fault.delivery {
        Delivery::Unknown => (pass.memory.attempt_is_clean, pass.memory.step_is_clean) = (false, false),
        // Whoever goes on after a restart would have to take an announcement that we never used for one of unknown outcome.
        Delivery::Answered | Delivery::NotSent if pass.memory.attempt_is_clean => {
            match retract(&pass.engine.client, &pass.object).await {
                Ok(object) => {
                    pass.object = object;
                    pass.memory.attempt = None;
                }
                // It stays known as ours and unused, so that what somebody else makes is not taken for its outcome.
                Err(error) => tracing::debug!(%error, "an announcement stands although nothing was made"),
            }
        }
        Delivery::Answered | Delivery::NotSent => {}
    }
    if fault.class == Class::Taken {
        // Whoever has the key came in since the list was read.
        pass.memory.look_after = Some(Instant::now());
        return Stop::Vendor(Fault {
            detail: format!(
                "{} is taken by an object that these credentials do not show; choose another one, or, if it is yours, \
                 set the annotation {EXTERNAL_ID} to {} to adopt it",
                K::natural_key(pass.spec()),
                K::ID_FORM
            ),
            ..fault
        });
    }
    Stop::Vendor(fault)
}

/// Takes an existing external object over: from now on it is ours.
///
/// # Errors
/// Then it is not.
pub async fn adopt<K: Kind>(pass: &mut Pass<'_, K>, external_id: &str, claim: Claim) -> Result<Reason, Stop> {
    seize(pass, Some(external_id))?;
    pass.object = record_adopted(&pass.engine.client, &pass.object, external_id).await?;
    pass.memory.external_id = Some(external_id.to_owned());
    pass.memory.adopted = Some(external_id.to_owned());
    pass.memory.facts = None;
    pass.recorded = Some(external_id.to_owned());
    let (deed, words) = match claim {
        Claim::Announced if K::IDENTITY == Identity::Run => (Reason::Ran, "takes it for done, as the annotation says:"),
        Claim::Announced => (Reason::Created, "found what was created when the answer was lost:"),
        Claim::Revived => (Reason::Adopted, "took up again what was switched off when its object was deleted:"),
        Claim::HandedOver => (Reason::Adopted, "took over, since the object that owned it is gone:"),
        Claim::Annotated | Claim::Policy => (Reason::Adopted, "took over"),
    };
    pass.deeds.push((deed, format!("{words} {external_id:?}")));
    Ok(deed)
}

/// Sends the changes, one call for each group of fields.
///
/// # Errors
/// The first; what was sent before it is remembered.
pub async fn update<K: Kind>(pass: &mut Pass<'_, K>, link: &Link<K>, changes: &[Change]) -> Result<(), Stop> {
    let files: Vec<&str> = K::files(pass.spec()).into_iter().map(|(path, _)| path).collect();
    let is_change = |path: &str| changes.iter().any(|change| change.path == path);
    let is_beside = |path: &str| !files.contains(&path) && goes_beside(K::FIELDS, path, changes);
    let sends = |path: &str| is_change(path) || is_beside(path);
    let Revealed { secrets, files } = reveal(pass, sends).await?;
    let (spec, id) = (pass.spec().clone(), pass.external_id().unwrap_or_default());
    let siblings = pass.siblings.clone();
    let mut groups: Vec<&'static str> = Vec::new();
    for group in changes.iter().filter_map(|change| row(K::FIELDS, &change.path)).map(|field| field.group) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    let begun = pass.begun();
    // Deeds wait for the rest, which they do not hold up; what was begun goes on before another one begins.
    groups.sort_by_key(|group| (is_once::<K>(group), K::RENEWS.contains(group), !begun.contains_key(*group)));
    for group in groups {
        let in_group = |change: &&Change| row(K::FIELDS, &change.path).is_some_and(|field| field.group == group);
        let part: Vec<Change> = changes.iter().filter(in_group).cloned().collect();
        let wanted = Wanted { spec: &spec, changes: &part, secrets: &secrets, files: &files, siblings: &siblings };
        if is_once::<K>(group) {
            perform(pass, link, group, &wanted).await?;
            continue;
        }
        let purpose = Purpose::of(pass, "Update").changing(&part);
        let known = pass.facts().cloned().unwrap_or_default();
        let mut facts = known.clone();
        let outcome = record::recorded(purpose, K::update(&link.client, &id, &wanted, &mut facts)).await;
        if facts != known {
            pass.learn(facts);
        }
        if let Err(fault) = outcome {
            if fault.class == Class::Missing {
                pass.memory.look_after = Some(Instant::now());
            }
            return Err(gone::<K>(fault, &id));
        }
        pass.sent(&part);
        let paths: Vec<&str> = part.iter().map(|change| change.path.as_str()).collect();
        pass.deeds.push((Reason::Updated, format!("updated {} of {id:?}", paths.join(", "))));
    }
    Ok(())
}

/// Whether a secret that did not change is read for these changes, because it is no field, or one of a group that is written. What was only
/// needed for the create may be gone since.
fn goes_beside(fields: &[Field], path: &str, changes: &[Change]) -> bool {
    let Some(field) = row(fields, path) else { return true };
    let is_written = |change: &Change| row(fields, &change.path).is_some_and(|changed| changed.group == field.group);
    matches!(field.access, Access::Readable | Access::WriteOnly) && changes.iter().any(is_written)
}

/// What a vendor's word that it has no such object comes to.
pub fn gone<K: Kind>(fault: Fault, id: &str) -> Stop {
    if fault.class != Class::Missing || K::IDENTITY == Identity::Listed {
        return Stop::Vendor(fault);
    }
    Stop::Vendor(Fault {
        detail: format!(
            "the vendor no longer has {id:?}; it is not made anew, since that would not bring back what was in it: set the annotation \
             {EXTERNAL_ID} to the right id, or delete this object and create it again"
        ),
        ..fault
    })
}

/// Switches the external object off, and remembers that we did. False when the vendor answers that it has none such.
///
/// # Errors
/// Then it may still be on.
pub async fn disable<K: Kind>(pass: &mut Pass<'_, K>, link: &Link<K>, external_id: &str) -> Result<bool, Stop> {
    if !pass.memory.disabled {
        let (purpose, spec) = (Purpose::of(pass, "Disable"), pass.spec().clone());
        let facts = pass.facts().cloned().unwrap_or_default();
        match record::recorded(purpose, K::disable(&link.client, external_id, &spec, &facts)).await {
            Ok(()) => pass.memory.disabled = true,
            Err(fault) if fault.class == Class::Missing => return Ok(false),
            Err(fault) => return Err(not_disposed(pass, fault)),
        }
    }
    match bury(pass, link, Some(external_id)).await {
        // A namespace that is going away takes nothing new. The word that would be kept there is lost, and nothing else.
        Err(Stop::Kubernetes(error)) if error.is_forbidden() || error.is_missing() => {
            tracing::info!(%error, external_id, "no tombstone: applying the object again will need an adoption");
        }
        result => result?,
    }
    Ok(true)
}

/// Forgets that an external object was switched off, since it is gone, or is to be left as it is after all: else the next object of that
/// natural key would take it up unasked. Needs no connection.
///
/// # Errors
/// Then the tombstone stands.
pub async fn forget<K: Kind>(pass: &Pass<'_, K>, external_id: &str) -> Result<(), Stop> {
    let admin_api = admin_api_key(pass.namespace(), pass.spec());
    if !pass.engine.granted(pass.namespace(), &admin_api) {
        return Ok(());
    }
    let session = pass.engine.sessions.session(&admin_api);
    let stored = pass.engine.admin_apis.get(&admin_api);
    let Some(Ok(admin_api)) = stored.as_deref().map(|guard| &guard.0) else { return Ok(()) };
    let key = tombstone::key(pass.kind, &scoped_key::<K>(pass.namespace(), pass.spec()));
    tombstone::forget(&pass.engine.client, admin_api, session.as_deref(), &key, external_id).await?;
    Ok(())
}

/// Switches an external object on again that we switched off when an earlier object was deleted, and forgets that we did.
///
/// # Errors
/// Then the next pass does it again.
pub async fn revive<K: Kind>(pass: &mut Pass<'_, K>, link: &Link<K>, external_id: &str) -> Result<(), Stop> {
    let (purpose, spec) = (Purpose::of(pass, "Enable"), pass.spec().clone());
    let enabled = record::recorded(purpose, K::enable(&link.client, external_id, &spec)).await;
    enabled.map_err(|fault| gone::<K>(fault, external_id))?;
    bury(pass, link, None).await
}

/// What stands in the way of a deletion says how to let go all the same.
fn not_disposed<K: Kind>(pass: &Pass<'_, K>, fault: Fault) -> Stop {
    if matches!(fault.class, Class::Transient | Class::Throttled) {
        return Stop::Vendor(fault);
    }
    let uid = pass.object.meta().uid.as_deref().unwrap_or_default();
    let detail = format!("{}; to leave the vendor's side alone, set the annotation {ABANDON}: {uid}", fault.detail);
    Stop::Vendor(Fault { detail, ..fault })
}

/// What the spec names and a call sends: what is at `wanted` paths. It may be newer than what the plan was made from: what is sent is what
/// counts.
async fn reveal<K: Kind>(pass: &mut Pass<'_, K>, wanted: impl Fn(&str) -> bool) -> Result<Revealed, Stop> {
    let revealed = content::reveal::<K>(pass.engine, pass.namespace(), pass.spec(), wanted).await?;
    let key = &pass.engine.key;
    let print = |(path, secret): (&String, &Secret)| (path.clone(), key.fingerprint(secret.expose().as_bytes()));
    let secrets = revealed.secrets.iter().map(print).collect();
    let files = revealed.files.iter().map(|(path, file)| (*path, file.digest.clone())).collect();
    pass.names(Printed { secrets, files });
    Ok(revealed)
}

/// Deletes the external object. That it is gone is for the next look to say.
///
/// # Errors
/// Then it may still be there.
pub async fn delete<K: Kind>(pass: &mut Pass<'_, K>, link: &Link<K>, external_id: &str) -> Result<(), Stop> {
    let (purpose, spec) = (Purpose::of(pass, "Delete"), pass.spec().clone());
    let facts = pass.facts().cloned().unwrap_or_default();
    match record::recorded(purpose, K::delete(&link.client, external_id, &spec, &facts)).await {
        Err(fault) if fault.class != Class::Missing => Err(not_disposed(pass, fault)),
        _ => {
            pass.memory.removed = true;
            Ok(())
        }
    }
}

/// Whether what we remember of having switched off this external object is so.
///
/// # Errors
/// When Kubernetes gives no clear answer.
pub async fn is_buried<K: Kind>(pass: &Pass<'_, K>, link: &Link<K>, external_id: &str) -> Result<bool, Stop> {
    let (namespace, name) = admin_api_key(pass.namespace(), pass.spec());
    let key = tombstone::key(pass.kind, &scoped_key::<K>(pass.namespace(), pass.spec()));
    let client = &pass.engine.client;
    Ok(tombstone::stands(client, (&namespace, &name), &link.session, &key, external_id).await?)
}

async fn bury<K: Kind>(pass: &Pass<'_, K>, link: &Link<K>, external_id: Option<&str>) -> Result<(), Stop> {
    let admin_api = pass.engine.admin_apis.get(&admin_api_key(pass.namespace(), pass.spec()));
    let Some(Ok(admin_api)) = admin_api.as_deref().map(|guard| &guard.0) else { return Ok(()) };
    let key = tombstone::key(pass.kind, &scoped_key::<K>(pass.namespace(), pass.spec()));
    tombstone::write(&pass.engine.client, admin_api, &link.session, &key, external_id).await?;
    tracing::debug!(object = pass.object.name_any(), admin_api = pass.spec().admin_api().name, "tombstone written");
    Ok(())
}

/// A name for an attempt that no other has, and the epoch of the lease under which it is made. What could not be sent is not announced.
///
/// # Errors
/// This process may not write, or has no randomness.
pub fn attempt_id(gate: &dyn Gate, operation: &'static str) -> Result<String, Stop> {
    let not_sent =
        |class, why: String| Stop::Vendor(Fault::new(class, operation, why).with_delivery(Delivery::NotSent));
    gate.admit_write(operation).map_err(|why| not_sent(Class::Refused, why))?;
    let mut bytes = [0; 6];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| not_sent(Class::Transient, "no randomness".to_owned()))?;
    let attempt: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{attempt}.{}", gate.epoch()))
}
