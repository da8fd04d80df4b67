//! Unmanaged: what there is at the vendor and which object keeps it, if any.

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde::Serialize;

use super::listed::{Census, Trouble};
use super::owners::{Owner, Owners};
use super::write::{flush_left, plain};

/// The form of the document. It counts up when a field changes its meaning or goes.
const VERSION: u32 = 1;

/// What there is, for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    version: u32,
    objects: Vec<External>,
    /// Kinds that the vendor cannot list.
    unlisted: Vec<Trouble>,
    /// What could not be listed this time.
    errors: Vec<Trouble>,
}

/// One external object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct External {
    kind: &'static str,
    external_id: String,
    /// What people call it.
    title: String,
    /// The object that keeps it; null for nobody.
    managed_by: Option<Owner>,
    /// Why no manifest of it can be exported.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<String>,
}

impl Inventory {
    /// Of what was listed.
    pub fn new(census: Census, owners: &Owners) -> Self {
        let mut objects = Vec::new();
        for (row, listed) in census.listed {
            let external = |listed: crate::engine::kind::Listed| External {
                kind: row.kind,
                managed_by: owners.of(row.kind, &listed.external_id).cloned(),
                external_id: listed.external_id,
                title: listed.title,
                left_out: listed.left_out,
            };
            let mut rows: Vec<External> = listed.into_iter().map(external).collect();
            rows.sort_by(|one, other| (&one.title, &one.external_id).cmp(&(&other.title, &other.external_id)));
            objects.extend(rows);
        }
        Self { version: VERSION, objects, unlisted: census.unlisted, errors: census.errors }
    }

    /// Whether somebody manages everything that could be.
    pub fn is_managed(&self) -> bool {
        self.objects.iter().all(|external| external.managed_by.is_some() || external.left_out.is_some())
    }

    /// Whether something could not be listed.
    pub fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// What was not listed: the kind, and why.
    pub fn troubles(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.unlisted.iter().chain(&self.errors).map(|trouble| (trouble.kind, trouble.message.as_str()))
    }

    /// A table for people: what nobody manages, or with `wide` everything.
    pub fn table(&self, wide: bool) -> String {
        let shown: Vec<&External> =
            self.objects.iter().filter(|external| wide || external.managed_by.is_none()).collect();
        let managed = self.objects.iter().filter(|external| external.managed_by.is_some()).count();
        let mut table = Table::new();
        table.load_style(NOTHING).set_header(["KIND", "WHAT", "EXTERNAL-ID", "MANAGED BY"]);
        flush_left(&mut table);
        for external in &shown {
            let owner = match (&external.managed_by, &external.left_out) {
                (Some(Owner { namespace, name }), _) => format!("{namespace}/{name}"),
                (None, Some(_)) => "nobody, and cannot be exported".to_owned(),
                (None, None) => "nobody".to_owned(),
            };
            table.add_row([external.kind, &plain(&external.title), &plain(&external.external_id), &owner]);
        }
        let count = self.objects.len();
        let mut text = if shown.is_empty() { String::new() } else { table.trim_fmt() + "\n" };
        text.push_str(&format!("{count} at the vendor: {managed} managed, {} not\n", count - managed));
        text
    }
}
