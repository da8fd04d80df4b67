//! What is listed for each portal: what became of making one more of it, and what it means that the list cannot be read.

use std::future::Future;

use tokio::time::Instant;

use super::Client;
use crate::base::fault::{Class, Delivery, Fault};

/// The id of what was made: told by the answer, or by the one entry that `listed`, the ids of its name as of now, then has.
///
/// # Errors
/// [`Class::Taken`] also for a refusal of any other kind while there is one of that name: some vendors say so with another status than 409.
/// [`Delivery::Unknown`] when it was made and nothing tells its id.
pub(super) async fn made(
    operation: &'static str,
    outcome: Result<Option<String>, Fault>,
    listed: impl Future<Output = Result<Vec<String>, Fault>>,
) -> Result<String, Fault> {
    match outcome {
        Ok(Some(id)) => Ok(id),
        Ok(None) => match listed.await.unwrap_or_default().as_slice() {
            [id] => Ok(id.clone()),
            ids => Err(nameless(operation, ids.len())),
        },
        Err(fault) => {
            let taken = fault.class == Class::Refused && listed.await.is_ok_and(|ids| !ids.is_empty());
            Err(if taken { Fault { class: Class::Taken, ..fault } } else { fault })
        }
    }
}

/// Something was made, and neither the answer nor the list tells its id.
fn nameless(operation: &'static str, listed: usize) -> Fault {
    let detail = format!("it was made, the answer does not tell its id, and the list has {listed} of that name");
    Fault::new(Class::Transient, operation, detail).with_delivery(Delivery::Unknown)
}

/// What it means that a list in a portal could not be read. [`Class::Missing`] stays only when the portal is positively gone: one that
/// answers and has no such list says nothing about what is in it.
pub(super) async fn without_list(client: &Client, portal: &str, fault: Fault) -> Fault {
    let now = Instant::now();
    let fault = client.confirm_missing(portal, fault).await;
    if fault.class != Class::Missing || client.portals(now, |portals| !portals.has_named(portal)).await == Ok(true) {
        return fault;
    }
    let detail =
        format!("the portal {portal} answers, but not to this call: {}; see whether its version has it", fault.detail);
    Fault { class: Class::Broken, detail, ..fault }
}
