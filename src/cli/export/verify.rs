//! Verify: plans what was exported with the very code of `provost plan`, and tells what is not as it is at the vendor.

use crate::cli::manifests::{ManifestError, Manifests};
use crate::cli::plan::report::{Act, Complaint, Entry, Report, Why};
use crate::cli::plan::{Ground, plan_manifests};
use crate::engine::registry::Tables;

/// What came of it.
pub struct Verified {
    /// How many objects were planned.
    pub objects: usize,
    /// The plan of those that are not as they should be, and what is wrong besides.
    pub differs: Report,
}

/// Plans `manifests`: those of `file`, which were exported, with whatever they refer to. `unreadable` is what of the file is no manifest.
pub async fn verify(
    manifests: Manifests,
    unreadable: &[ManifestError],
    file: &str,
    ground: Ground,
    tables: &Tables,
) -> Verified {
    let complaints = unreadable.iter().map(Complaint::unreadable).collect();
    let report = plan_manifests(manifests, complaints, ground, tables).await;
    let exported: Vec<Entry> = report.objects.into_iter().filter(|entry| entry.place.file == file).collect();
    let objects = exported.len();
    let differing = exported.into_iter().filter(|entry| !is_empty(entry)).collect();
    Verified { objects, differs: Report::new(differing, report.errors, report.notes, report.skipped) }
}

impl Verified {
    /// Whether nothing would be changed, and all of it could be seen.
    pub fn is_proven(&self) -> bool {
        self.differs.objects.is_empty() && self.differs.errors.is_empty()
    }

    /// Whether something stands in the way of a plan.
    pub fn is_wrong(&self) -> bool {
        let stuck = |entry: &Entry| entry.error.is_some() || entry.hold.as_ref().is_some_and(Why::is_error);
        !self.differs.errors.is_empty() || self.differs.objects.iter().any(stuck)
    }
}

/// Whether an object is as it is at the vendor: to take it over writes nothing there.
fn is_empty(entry: &Entry) -> bool {
    let idle = matches!(entry.action, Some(Act::None | Act::Adopt));
    idle && entry.changes.is_empty() && entry.kept.is_empty() && entry.hold.is_none() && entry.then.is_none()
}
