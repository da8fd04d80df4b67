//! The page of the kinds: what each is told by, what may happen on deletion, and every reason.

use std::fmt::Write;

use super::{HEAD, reference};
use crate::engine::kind::Identity;
use crate::engine::reason::Reason;
use crate::engine::registry::Tables;

pub(super) fn page(tables: &Tables) -> Result<String, std::fmt::Error> {
    let mut text = format!(
        "# Kinds and reasons\n\n<!-- {HEAD} -->\n\nEach kind has a page with all its fields. What the words of this table mean is in \
         [concepts](concepts.md).\n\n| kind | vendor | identity | on deletion (default first) |\n| --- | --- | --- | --- |\n"
    );
    let link = |kind: &str| format!("[{kind}]({})", reference::path(kind).trim_start_matches("docs/"));
    let admin_api = "– (it is nothing at the vendor) | it stays while objects use it";
    writeln!(text, "| {} | all | {admin_api} |", link("AdminApi"))?;
    for row in tables.kinds {
        let deletions: Vec<&str> = row.deletions.iter().map(|deletion| deletion.word()).collect();
        let (kind, identity) = (link(row.kind), identity(row.identity));
        writeln!(text, "| {kind} | {} | {identity} | {} |", row.vendor, deletions.join(", "))?;
    }
    writeln!(
        text,
        "\n## Reasons\n\nThe same word stands in conditions, Events, logs and metrics. What to do about each is in the \
         status's own message. Reasons of one kind alone are on its page.\n\n| reason | meaning |\n| --- | --- |"
    )?;
    for reason in Reason::ALL {
        writeln!(text, "| {reason} | {} |", reason.meaning())?;
    }
    Ok(text)
}

/// What an identity class means for people.
pub(super) const fn identity(identity: Identity) -> &'static str {
    match identity {
        Identity::Chosen => "Chosen: we choose a key that the vendor keeps unique",
        Identity::Listed => "Listed: the vendor assigns an id, and a list finds the object",
        Identity::Blind => "Blind: the vendor assigns an id, and nothing finds the object",
        Identity::Run => "Run: something is done once, and nothing finds it afterwards",
    }
}
