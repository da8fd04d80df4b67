//! Listed: what the kinds of one vendor list, and what they cannot.

use serde::Serialize;
use tokio::time::Instant;

use super::progress::Progress;
use crate::base::fault::Class;
use crate::engine::kind::{Identity, Listed};
use crate::engine::policy::EXTERNAL_ID;
use crate::engine::registry::KindRow;
use crate::engine::session::AnyClient;

/// Everything that was listed.
#[derive(Default)]
pub struct Census {
    /// By kind, in the order of the table of kinds.
    pub listed: Vec<(&'static KindRow, Vec<Listed>)>,
    /// Kinds that the vendor does not list.
    pub unlisted: Vec<Trouble>,
    /// What could not be listed this time.
    pub errors: Vec<Trouble>,
}

/// Why something was not listed.
#[derive(Debug, Serialize)]
pub struct Trouble {
    /// The kind.
    pub kind: &'static str,
    /// Why, as a sentence with the way out.
    pub message: String,
}

impl Census {
    /// Lists these kinds, one after the other.
    pub async fn take(rows: &[&'static KindRow], client: &AnyClient, begun: Instant, progress: &Progress) -> Self {
        let mut census = Self::default();
        for (place, row) in rows.iter().enumerate() {
            let kind = row.kind;
            if let Some(why) = row.unlisted {
                census.unlisted.push(Trouble { kind, message: unlisted(row, why) });
                continue;
            }
            progress.begin(format!("listing {kind}, {} of {}", place + 1, rows.len()));
            match (row.list)(client.clone(), begun).await {
                Ok(listing) => {
                    census.listed.push((row, listing.objects));
                    let gap = |gap: String| Trouble { kind, message: format!("not looked into: {gap}") };
                    census.errors.extend(listing.gaps.into_iter().map(gap));
                }
                Err(fault) if fault.class == Class::Unsupported => {
                    census.unlisted.push(Trouble { kind, message: unlisted(row, &fault.detail) });
                }
                Err(fault) => census.errors.push(Trouble { kind, message: fault.to_string() }),
            }
        }
        progress.end();
        census
    }
}

fn unlisted(row: &KindRow, why: &str) -> String {
    let way_out = match row.identity {
        Identity::Run => String::new(),
        _ => format!("; adopt one by writing its object with the annotation {EXTERNAL_ID}: {}", row.id_form),
    };
    format!("cannot be exported, because {why}{way_out}")
}
