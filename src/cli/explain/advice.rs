//! Advice: what a reason means, and what to do about it. The words are those of the table of reasons and of the runbook, whose entries are
//! read here as they stand: nobody has to keep two texts in step.

use serde::Serialize;

use crate::cli::program;
use crate::cli::target::closest;
use crate::engine::reason::Reason;
use crate::engine::registry::Tables;

/// The runbook, which has an entry for each reason.
const RUNBOOK: &str = include_str!("../../../docs/runbook.md");

/// Where it is on the web.
const ADDRESS: &str = "https://github.com/provost/provost/blob/main/docs/runbook.md";

/// What a reason means, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Advice {
    /// The word.
    pub reason: String,
    /// What it means.
    pub meaning: String,
    /// What to do about it.
    pub steps: Vec<String>,
    /// Where that stands.
    pub runbook: String,
}

impl Advice {
    /// The same for one object, as commands name it.
    #[must_use]
    pub fn about(mut self, object: &str, namespace: &str) -> Self {
        for step in &mut self.steps {
            *step = step.replace("KIND/NAME -n NS", &format!("{object} -n {namespace}"));
        }
        self
    }
}

/// Every reason with its meaning: the engine's, and those of the kinds' own conditions.
fn reasons(tables: &Tables) -> impl Iterator<Item = (&'static str, &'static str)> {
    let own = tables.kinds.iter().flat_map(|row| row.reasons.iter().copied());
    Reason::ALL.iter().map(|reason| (reason.word(), reason.meaning())).chain(own)
}

/// What the reason of this name means, in upper or lower case.
pub fn of(tables: &Tables, word: &str) -> Option<Advice> {
    let (reason, meaning) = reasons(tables).find(|(known, _)| known.eq_ignore_ascii_case(word))?;
    let runbook = format!("{ADDRESS}#{}", reason.to_lowercase());
    let steps = entry(RUNBOOK, reason).into_iter().map(|step| step.replace("`provost ", &format!("`{} ", program())));
    Some(Advice { reason: reason.to_owned(), meaning: meaning.to_owned(), steps: steps.collect(), runbook })
}

/// The reason that was probably meant.
pub fn alike(tables: &Tables, word: &str) -> Option<&'static str> {
    closest(word, reasons(tables).map(|(known, _)| known))
}

/// The lines of an entry, without marks that are for the web.
fn entry(runbook: &str, reason: &str) -> Vec<String> {
    let heading = format!("### {reason}");
    let behind = runbook.lines().skip_while(|line| line.trim_end() != heading).skip(1);
    let lines = behind.take_while(|line| !line.starts_with("## ") && !line.starts_with("### "));
    let shown = lines.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("```"));
    shown.map(|line| unlinked(line.trim_start_matches("- "))).collect()
}

/// A text with the words of its links and not their targets.
fn unlinked(text: &str) -> String {
    let mut parts = text.split("](");
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // What stood in brackets is told already; the target goes.
        if let Some(open) = told.rfind('[') {
            told.remove(open);
        }
        told.push_str(part.split_once(')').map_or(part, |(_, rest)| rest));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::TABLES;

    #[test]
    fn a_reason_has_its_meaning_and_a_typo_is_told() {
        let advice = of(&TABLES, "adminapimissing").unwrap();
        let meaning = Reason::AdminApiMissing.meaning();
        assert_eq!((advice.reason.as_str(), advice.meaning.as_str()), ("AdminApiMissing", meaning));
        assert!(advice.runbook.ends_with("docs/runbook.md#adminapimissing"));
        assert!(of(&TABLES, "InErrorState").is_some(), "a kind's own");
        let wrong = "AwaitingAproval";
        assert_eq!((of(&TABLES, wrong), alike(&TABLES, wrong)), (None, Some("AwaitingApproval")));
    }

    #[test]
    fn every_reason_says_what_to_do() {
        for (reason, _) in reasons(&TABLES) {
            assert!(!of(&TABLES, reason).unwrap().steps.is_empty(), "{reason}");
        }
        let advice = of(&TABLES, "AwaitingApproval").unwrap().about("tenantaccount/one", "team");
        assert!(advice.steps.concat().contains("provost approve tenantaccount/one -n team"), "{advice:?}");
    }

    #[test]
    fn an_entry_ends_where_the_next_one_begins() {
        let text =
            "# R\n\n### One\n\nIs [one](#one), and [`Two`](#two).\n\n- Do: it.\n\n### Two\n\nx\n\n## More\n\ny\n";
        assert_eq!(entry(text, "One"), ["Is one, and `Two`.", "Do: it."]);
        assert_eq!((entry(text, "Two"), entry(text, "Three")), (vec!["x".to_owned()], Vec::new()));
    }
}
