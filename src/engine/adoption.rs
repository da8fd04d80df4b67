//! Adoption: what was taken over is only looked at first, and what will be changed is shown for a while before it is.

use kube::Resource;
use tokio::time::Instant;

use super::kind::Kind;
use super::pass::Pass;
use super::plan::Plan;
use super::policy::RECONCILE_AT;
use super::reason::Reason;
use super::report::Outcome;
use super::settle::Link;

/// A plan that was shown, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its hash.
    pub hash: String,
    /// The start of the resync at which it was shown.
    pub beat: Instant,
    /// The last wish for a look right now, at that time.
    pub wish: Option<String>,
}

/// Whether this plan is for something just taken over, and is yet to be seen by people: from the adoption until the next resync, the next
/// wish for a look, or a change that makes it another plan.
pub fn only_looks<K: Kind>(pass: &mut Pass<'_, K>, link: &Link<K>, plan: &Plan, just_taken: bool) -> bool {
    let uid = pass.object.meta().uid.as_deref().unwrap_or_default();
    let shown = Shown {
        hash: plan.hash(uid, pass.generation, &pass.wanted, pass.last_approved()),
        beat: link.session.fresh_after(),
        wish: pass.annotation(RECONCILE_AT).map(str::to_owned),
    };
    if !just_taken && pass.memory.shown.as_ref() != Some(&shown) {
        pass.memory.shown = None;
        return false;
    }
    pass.memory.shown = Some(shown);
    true
}

/// The end of a pass that only looks.
pub fn shown<K: Kind>(pass: &Pass<'_, K>, plan: &Plan) -> Outcome {
    let paths: Vec<&str> = plan.changes.iter().map(|change| change.path.as_str()).collect();
    let id = pass.external_id().unwrap_or_default();
    let message = format!(
        "took over {id:?}; status.plan shows what is changed at the next resync, or at once with a new value of the annotation \
         {RECONCILE_AT}: {}",
        paths.join(", ")
    );
    Outcome::Stepped { deed: Reason::Adopted, message }
}
