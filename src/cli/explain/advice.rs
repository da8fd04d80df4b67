//! Advice: what a reason means. The words are those of the table of reasons, which the documentation is generated from too.

use serde::Serialize;

use crate::cli::target::closest;
use crate::engine::reason::Reason;
use crate::engine::registry::Tables;

/// Where the runbook is on the web.
const RUNBOOK: &str = "https://github.com/provost/provost/blob/main/docs/runbook.md";

/// What a reason means, and where to read on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Advice {
    /// The word.
    pub reason: String,
    /// What it means.
    pub meaning: String,
    /// What to do about it, step by step.
    pub runbook: String,
}

/// Every reason with its meaning: the engine's, and those of the kinds' own conditions.
fn reasons(tables: &Tables) -> impl Iterator<Item = (&'static str, &'static str)> {
    let own = tables.kinds.iter().flat_map(|row| row.reasons.iter().copied());
    Reason::ALL.iter().map(|reason| (reason.word(), reason.meaning())).chain(own)
}

/// What the reason of this name means, in upper or lower case.
pub fn of(tables: &Tables, word: &str) -> Option<Advice> {
    let (reason, meaning) = reasons(tables).find(|(known, _)| known.eq_ignore_ascii_case(word))?;
    let runbook = format!("{RUNBOOK}#{}", reason.to_lowercase());
    Some(Advice { reason: reason.to_owned(), meaning: meaning.to_owned(), runbook })
}

/// The reason that was probably meant.
pub fn alike(tables: &Tables, word: &str) -> Option<&'static str> {
    closest(word, reasons(tables).map(|(known, _)| known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::TABLES;

    #[test]
    fn a_reason_has_its_meaning_and_a_typo_is_told() {
        let advice = of(&TABLES, "adminapimissing").unwrap();
        assert_eq!(
            (advice.reason.as_str(), advice.meaning.as_str()),
            ("AdminApiMissing", Reason::AdminApiMissing.meaning())
        );
        assert!(advice.runbook.ends_with("docs/runbook.md#adminapimissing"));
        assert!(of(&TABLES, "InErrorState").is_some(), "a kind's own");
        assert_eq!(
            (of(&TABLES, "AwaitingAproval"), alike(&TABLES, "AwaitingAproval")),
            (None, Some("AwaitingApproval"))
        );
    }
}
