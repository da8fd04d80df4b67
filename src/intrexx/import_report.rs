//! What is said about an import: what became of each thing in the package, in a status that keeps its measure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wire::applications::{Imported, Report, Warning};
use crate::engine::kind::{Aspect, Unready};

/// Things and warnings that a status holds.
const SHOWN: usize = 50;

/// Failed things that a message names.
const NAMED: usize = 5;

/// Characters of a name or warning that a status holds.
const LONGEST: usize = 200;

const COMPLETE: &str = "Complete";
const IMPORTED: &str = "Imported";
const ACCEPTED: &str = "ImportAccepted";
const FAILED: &str = "ImportFailed";

/// The reasons of the condition Complete, and of Ready.
pub const REASONS: &[(&str, &str)] = &[
    (IMPORTED, "The vendor reported what became of each thing in the package, and nothing failed."),
    (
        ACCEPTED,
        "The vendor took the package and gave no report: the portal goes on in the background, and nothing tells when it is done.",
    ),
    (
        FAILED,
        "The vendor reported that something in the package was not imported; it is not tried again before the package changes.",
    ),
];

/// What the vendor said about an import.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportReport {
    /// Whether there was a report. Without one the portal goes on in the background, and nothing tells when it is done.
    pub given: bool,
    /// How many things the package has.
    pub total: u32,
    /// How many of them were not imported.
    pub failed: u32,
    /// How many warnings there are.
    pub warned: u32,
    /// The things, those that failed first; at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ImportedItem>,
    /// The warnings; at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What became of one thing in a package.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImportedItem {
    /// Its GUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<String>,
    /// APPLICATION, PROCESS, LAYOUT, FILE, or another word of the vendor's.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub item_type: Option<String>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// CREATED, UPDATED, SKIPPED, FAILED, or another word of the vendor's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

impl ImportReport {
    /// What is said when the vendor says nothing.
    pub fn absent() -> Self {
        Self::default()
    }

    /// What the vendor's report says.
    pub fn of(report: &Report) -> Self {
        let (failed, rest): (Vec<_>, Vec<_>) = report.imported.iter().partition(|item| item.has_failed());
        Self {
            given: true,
            total: count(report.imported.len()),
            failed: count(failed.len()),
            warned: count(report.warnings.len()),
            items: failed.into_iter().chain(rest).take(SHOWN).map(item).collect(),
            warnings: report.warnings.iter().take(SHOWN).map(|warning| shorten(Warning::text(warning))).collect(),
        }
    }

    /// That something failed, if it did.
    pub fn unready(&self) -> Option<Unready> {
        if self.failed == 0 {
            return None;
        }
        let named = self.items.iter().take(usize::try_from(self.failed).unwrap_or(NAMED).min(NAMED));
        let named: Vec<String> = named.map(ImportedItem::spoken).collect();
        let more = if count(named.len()) < self.failed { " and others" } else { "" };
        let message = format!(
            "{} of {} were not imported: {}{more}; look into the portal's log, mend the package or the portal, and change the source to have it \
             imported again{}",
            self.failed,
            self.total,
            named.join(", "),
            self.first_warning()
        );
        Some(Unready { reason: FAILED, message, passing: false })
    }

    fn first_warning(&self) -> String {
        self.warnings.first().map(|warning| format!(" (the vendor warns: {warning})")).unwrap_or_default()
    }
}

impl ImportedItem {
    fn spoken(&self) -> String {
        let kind = self.item_type.as_deref().unwrap_or("thing").to_lowercase();
        match self.name.as_ref().or(self.guid.as_ref()) {
            Some(name) => format!("{kind} {name:?}"),
            None => kind,
        }
    }
}

/// The condition Complete of an import that is done.
pub fn condition(report: Option<&ImportReport>) -> Aspect {
    let aspect = |holds, reason, message| Aspect { condition: COMPLETE, holds, reason, message };
    match report {
        Some(report) => match report.unready() {
            Some(unready) => aspect(false, FAILED, unready.message),
            None if report.given => aspect(true, IMPORTED, done(report)),
            None => {
                let message = "the portal took the package and goes on in the background; the vendor does not tell how that ends, so look into \
                               the portal";
                aspect(true, ACCEPTED, message.to_owned())
            }
        },
        None => aspect(true, IMPORTED, "imported; what was said about it is not known any more".to_owned()),
    }
}

fn done(report: &ImportReport) -> String {
    let skipped = report.items.iter().filter(|item| item.result.as_deref() == Some("SKIPPED")).count();
    let skipped = if skipped == 0 { String::new() } else { format!(", {skipped} of them skipped") };
    let warned = match report.warned {
        0 => String::new(),
        warned => format!(
            "; {warned} warnings: see status.report, and whether permissions refer to groups that the portal has{}",
            report.first_warning()
        ),
    };
    format!("{} imported{skipped}{warned}", report.total)
}

fn item(item: &Imported) -> ImportedItem {
    let text = |text: &Option<String>| text.as_deref().map(shorten);
    ImportedItem {
        guid: text(&item.guid),
        item_type: text(&item.item_type),
        name: text(&item.name),
        result: text(&item.result),
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some(_) => text.chars().take(LONGEST - 1).chain(['…']).collect(),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(results: &[&str], warnings: &[&str]) -> ImportReport {
        let imported = |(number, result): (usize, &&str)| Imported {
            guid: Some(format!("{number:040X}")),
            item_type: Some("APPLICATION".to_owned()),
            name: Some(format!("App {number}")),
            result: Some((*result).to_owned()),
        };
        let warnings = warnings.iter().map(|text| Warning::Text((*text).to_owned())).collect();
        ImportReport::of(&Report { imported: results.iter().enumerate().map(imported).collect(), warnings })
    }

    #[test]
    fn what_failed_is_named_and_asks_for_a_person() {
        let report = report(&["CREATED", "failed", "SKIPPED"], &["no group Editors"]);
        let unready = report.unready().unwrap();
        assert_eq!((unready.reason, unready.passing, report.failed, report.total), ("ImportFailed", false, 1, 3));
        assert!(unready.message.contains("application \"App 1\"") && unready.message.contains("no group Editors"));
        let condition = condition(Some(&report));
        assert_eq!((condition.holds, condition.reason), (false, "ImportFailed"));
    }

    /// Trap 22: permissions may refer to groups that the portal does not have, and only a warning says so.
    #[test]
    fn a_warning_is_told_although_nothing_failed() {
        let report = report(&["CREATED", "SKIPPED"], &["no group Editors"]);
        let condition = condition(Some(&report));
        assert_eq!((report.unready(), condition.holds, condition.reason), (None, true, "Imported"));
        assert!(condition.message.contains("2 imported, 1 of them skipped"), "{}", condition.message);
        assert!(condition.message.contains("no group Editors"), "{}", condition.message);
    }

    /// Trap 23.
    #[test]
    fn without_a_report_the_portal_goes_on_in_the_background() {
        let condition = condition(Some(&ImportReport::absent()));
        assert_eq!((condition.holds, condition.reason), (true, "ImportAccepted"));
        assert!(condition.message.contains("in the background"));
    }

    #[test]
    fn a_large_report_keeps_its_measure_and_what_failed() {
        let mut results = vec!["CREATED"; 500];
        results.extend(["FAILED"; 20]);
        let long = "x".repeat(1000);
        let report = report(&results, &[long.as_str(); 100]);
        assert_eq!((report.items.len(), report.warnings.len()), (50, 50));
        assert_eq!((report.total, report.failed, report.warned), (520, 20, 100));
        assert_eq!(report.items[0].result.as_deref(), Some("FAILED"));
        assert!(serde_json::to_string(&report).unwrap().len() < 30_000);
        assert!(report.unready().unwrap().message.contains("and others"));
    }
}
