//! The reference: a page for each kind, with every field, what it takes, and what becomes of it later; made of the definition.

use std::fmt::Write;
use std::path::Path;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value as Json;

use super::HEAD;
use super::fields::{self, Row};
use super::kinds::identity;
use crate::cli::Failure;
use crate::engine::registry::{KindRow, Tables};
use crate::engine::state::{Access, Field};

/// The folder of the pages.
const FOLDER: &str = "docs/reference";

/// The path of a kind's page.
pub(super) fn path(kind: &str) -> String {
    format!("{FOLDER}/{}.md", kind.to_lowercase())
}

/// The page of one kind. `row` is none for the AdminApi.
///
/// # Errors
/// The examples cannot be read.
pub(super) fn page(
    definition: &CustomResourceDefinition,
    row: Option<&KindRow>,
    tables: &Tables,
    root: &Path,
) -> Result<String, Failure> {
    let definition = serde_json::to_value(definition)?;
    let (names, version) = (&definition["spec"]["names"], &definition["spec"]["versions"][0]);
    let kind = names["kind"].as_str().unwrap_or_default();
    let schema = &version["schema"]["openAPIV3Schema"];
    let description = schema["description"].as_str().unwrap_or_default();
    let mut text = format!("# {kind}\n\n<!-- {HEAD} -->\n\n{description}\n\n");
    facts(&mut text, names, row, tables)?;
    writeln!(text, "\n## Example\n\n```yaml\n{}\n```", example(kind, root)?)?;
    let fields = row.map_or(&[][..], |row| row.fields);
    writeln!(text, "\n## Spec\n\n{}\n", if row.is_some() { LATER } else { "Names in bold are required." })?;
    table(&mut text, &fields::rows(&schema["properties"]["spec"]), Some(fields))?;
    rules(&mut text, &schema["properties"]["spec"])?;
    writeln!(text, "\n## Status\n\nWhat the operator sees. It is written only when it changes.\n")?;
    table(&mut text, &fields::rows(&schema["properties"]["status"]), None)?;
    if let Some(row) = row {
        own_words(&mut text, row)?;
    }
    columns(&mut text, version)?;
    Ok(text)
}

/// What the last column of a spec's table means.
const LATER: &str = "Names in bold are required. The last column says what becomes of a field after the object was made: *kept* (an edit is \
sent, and a change at the vendor is seen and put back), *sent* (an edit is sent; the vendor does not show the value, so a change there is not \
seen), *fixed* (neither Kubernetes nor the vendor lets it change; a difference at the vendor is reported), *at creation* (used then, and never \
again). A word counts for all that is in the field; without one, it is no value at the vendor. Absent fields are not managed: the vendor's \
value stays as it is.";

fn facts(text: &mut String, names: &Json, row: Option<&KindRow>, tables: &Tables) -> std::fmt::Result {
    let word = |name: &str| names[name].as_str().unwrap_or_default();
    writeln!(text, "| | |\n| --- | --- |")?;
    writeln!(text, "| API | `provost.dev/v1alpha1`, namespaced |")?;
    writeln!(text, "| for kubectl | `{}`, `{}`; all kinds together are `provost` |", word("plural"), word("singular"))?;
    let Some(row) = row else {
        let vendors: Vec<_> = tables.vendors.iter().map(|vendor| vendor.name).collect();
        return writeln!(text, "| vendors | {} |", vendors.join(", "));
    };
    let deletions: Vec<_> = row.deletions.iter().map(|deletion| deletion.word()).collect();
    writeln!(text, "| vendor | {} |", row.vendor)?;
    writeln!(text, "| identity | {} |", identity(row.identity))?;
    writeln!(text, "| on deletion (default first) | {} |", deletions.join(", "))
}

/// The documents of a kind in the examples, as they stand there.
fn example(kind: &str, root: &Path) -> Result<String, Failure> {
    let folder = root.join("deploy/examples");
    let failed = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    let entries: Result<Vec<_>, _> = std::fs::read_dir(&folder).map_err(failed)?.collect();
    let mut files: Vec<_> = entries.map_err(failed)?.into_iter().map(|entry| entry.path()).collect();
    files.sort();
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "yaml")) {
        let text = std::fs::read_to_string(file).map_err(failed)?;
        let line = format!("kind: {kind}");
        let ours = |document: &&str| document.lines().any(|known| known == line);
        found.extend(text.split("\n---\n").filter(ours).map(|document| document.trim().to_owned()));
    }
    if found.is_empty() {
        return Err(format!("{} has no example of {kind}", folder.display()).into());
    }
    Ok(found.join("\n---\n"))
}

/// A table of fields; with what becomes of each later, where that is known.
fn table(text: &mut String, rows: &[Row], fields: Option<&[Field]>) -> std::fmt::Result {
    let later = fields.is_some_and(|fields| !fields.is_empty());
    writeln!(text, "| field | type | meaning |{}", if later { " later |" } else { "" })?;
    writeln!(text, "| --- | --- | --- |{}", if later { " --- |" } else { "" })?;
    for row in rows {
        let mark = if row.required { "**" } else { "" };
        write!(text, "| {mark}`{}`{mark} | {} | {} |", row.path, row.kind, row.meaning)?;
        if later {
            let access = field(fields.unwrap_or_default(), &row.path);
            write!(text, " {} |", access.map_or("", fate))?;
        }
        writeln!(text)?;
    }
    Ok(())
}

fn rules(text: &mut String, spec: &Json) -> std::fmt::Result {
    let messages = fields::messages(spec);
    if !messages.is_empty() {
        writeln!(text, "\nRules that Kubernetes holds:\n")?;
    }
    messages.iter().try_for_each(|message| writeln!(text, "- {message}"))
}

/// The row of the table of fields that a path of the schema belongs to. A list or map is one field, with all that is in it.
fn field<'a>(fields: &'a [Field], path: &str) -> Option<&'a Field> {
    let plain = path.replace("[]", "").replace(".*", "");
    fields.iter().find(|field| field.path.trim_end_matches(".*") == plain)
}

fn fate(field: &Field) -> &'static str {
    match field.access {
        Access::Readable => "kept",
        Access::WriteOnly => "sent",
        Access::Immutable => "fixed",
        Access::CreateOnly => "at creation",
    }
}

fn own_words(text: &mut String, row: &KindRow) -> std::fmt::Result {
    writeln!(
        text,
        "\n## Conditions\n\n[Ready, Synced, Reconciling, Stalled and Drifted](../concepts.md#conditions), with the [reasons of all kinds](../kinds.md#reasons)."
    )?;
    if !row.reasons.is_empty() {
        writeln!(text, "\n| reason of its own | meaning |\n| --- | --- |")?;
        for (reason, meaning) in row.reasons {
            writeln!(text, "| {reason} | {meaning} |")?;
        }
    }
    if !row.gauges.is_empty() {
        writeln!(text, "\n## Metrics\n\n| metric | meaning |\n| --- | --- |")?;
        for gauge in row.gauges {
            writeln!(text, "| `provost_{}` | {} |", gauge.name, gauge.help)?;
        }
    }
    Ok(())
}

fn columns(text: &mut String, version: &Json) -> std::fmt::Result {
    writeln!(
        text,
        "\n## Columns\n\nWhat `kubectl get` shows, and `-o wide` beside.\n\n| column | from |\n| --- | --- |"
    )?;
    for column in version["additionalPrinterColumns"].as_array().into_iter().flatten() {
        let word = |name: &str| column[name].as_str().unwrap_or_default();
        let wide = if column["priority"] == 1 { " (wide)" } else { "" };
        writeln!(text, "| {}{wide} | `{}` |", word("name"), word("jsonPath").replace('|', "\\|"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::kubernetes::definitions;
    use crate::kinds::TABLES;

    fn pages() -> Vec<(String, String)> {
        let of = |definition: &CustomResourceDefinition| {
            let kind = definition.spec.names.kind.clone();
            let page = page(definition, TABLES.kind(&kind), &TABLES, Path::new(env!("CARGO_MANIFEST_DIR")));
            (kind, page.unwrap())
        };
        definitions(&TABLES).iter().map(of).collect()
    }

    #[test]
    fn every_field_of_the_table_has_its_fate_on_the_page() {
        for (kind, page) in pages() {
            for field in TABLES.kind(&kind).map_or(&[][..], |row| row.fields) {
                let line =
                    |path: &str| page.lines().find(|line| line.contains(&format!("`{path}`")) && line.starts_with('|'));
                let plain = field.path.trim_end_matches(".*");
                match line(plain) {
                    Some(line) => assert!(line.ends_with(&format!("| {} |", fate(field))), "{kind}: {line}"),
                    // What a switch beside it makes of all the rest is a field of the vendor's, and none of the spec's.
                    None => assert!(plain.ends_with(".others"), "{kind}: {plain} is not on the page"),
                }
            }
        }
    }

    #[test]
    fn a_page_has_required_fields_in_bold_what_they_take_and_an_example() {
        let pages = pages();
        let page = &pages.iter().find(|(kind, _)| kind == "TenantAccount").unwrap().1;
        assert!(page.contains("| **`subdomain`** | string |") && page.contains("kind: TenantAccount\n"), "{page}");
        assert!(page.contains("One of `Standard`, `Reseller`."), "{page}");
        assert!(page.contains("| `status.externalId`") || page.contains("| `externalId`"), "{page}");
    }
}
