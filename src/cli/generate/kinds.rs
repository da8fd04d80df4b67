//! The page of the kinds: what each is told by, what the vendor lets us do with its fields, and every reason.

use std::fmt::Write;

use super::HEAD;
use crate::engine::kind::Identity;
use crate::engine::reason::Reason;
use crate::engine::registry::{KindRow, Tables};
use crate::engine::state::Access;

pub(super) fn page(tables: &Tables) -> Result<String, std::fmt::Error> {
    let mut text = format!(
        "# Kinds, fields and reasons\n\n<!-- {HEAD} -->\n\n| kind | vendor | identity | on deletion (default first) |\n| --- | --- | --- | --- |\n"
    );
    for row in tables.kinds {
        let identity = match row.identity {
            Identity::Chosen => "Chosen: we choose a key that the vendor keeps unique",
            Identity::Listed => "Listed: the vendor assigns an id, and a list finds the object",
            Identity::Blind => "Blind: the vendor assigns an id, and nothing finds the object",
            Identity::Run => "Run: something is done once, and nothing finds it afterwards",
        };
        let deletions: Vec<&str> = row.deletions.iter().map(|deletion| deletion.word()).collect();
        writeln!(text, "| {} | {} | {identity} | {} |", row.kind, row.vendor, deletions.join(", "))?;
    }
    for row in tables.kinds {
        fields(&mut text, row)?;
    }
    writeln!(
        text,
        "\n## Reasons\n\nThe same word stands in conditions, Events, logs and metrics.\n\n| reason | meaning |\n| --- | --- |"
    )?;
    for reason in Reason::ALL {
        writeln!(text, "| {reason} | {} |", reason.meaning())?;
    }
    Ok(text)
}

fn fields(text: &mut String, row: &KindRow) -> std::fmt::Result {
    writeln!(
        text,
        "\n## {}\n\n`kubectl explain` has the meaning of each field; this table has what the vendor lets us do with it.\n",
        row.kind
    )?;
    writeln!(text, "| field | changed here later | changed at the vendor |\n| --- | --- | --- |")?;
    for field in row.fields {
        let (here, there) = match field.access {
            Access::Readable => ("sent", "seen, and put back"),
            Access::WriteOnly => ("sent", "not visible"),
            Access::Immutable => ("refused by Kubernetes", "seen, and reported"),
            Access::CreateOnly => ("no effect, or refused by Kubernetes: taken at creation only", "not visible"),
        };
        writeln!(text, "| {} | {here} | {there} |", field.path)?;
    }
    if !row.reasons.is_empty() {
        writeln!(text, "\n| reason of its own conditions | meaning |\n| --- | --- |")?;
        for (reason, meaning) in row.reasons {
            writeln!(text, "| {reason} | {meaning} |")?;
        }
    }
    if !row.gauges.is_empty() {
        writeln!(text, "\n| metric | meaning |\n| --- | --- |")?;
        for gauge in row.gauges {
            writeln!(text, "| provost_{} | {} |", gauge.name, gauge.help)?;
        }
    }
    Ok(())
}
