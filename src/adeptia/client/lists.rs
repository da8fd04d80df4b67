//! Lists: each is asked for with a limit, and is whole only when that was not reached.
//!
//! Without a limit the vendor shows one row (trap 6), and no answer tells how many there are. So the limit grows until fewer rows come back
//! than it allows. A server may still have a limit of its own, which no answer tells either: a list of as many rows as such a limit is
//! likely to be is doubted. From a list that is in doubt nobody concludes that something is not there.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use serde::de::DeserializeOwned;

use super::Client;
use super::answer::read_rows;
use super::partners::PartnerListing;
use super::users::Users;
use crate::base::fault::Fault;
use crate::http::{Method, Patience, Request, Shared};

/// The limits that are asked for, one after the other.
const LIMITS: [usize; 3] = [1_000, 10_000, 100_000];

/// The fewest rows of a page, in products that have pages.
const SMALLEST_PAGE: usize = 50;

/// How the limits of products begin that are no powers of two, with noughts behind.
const ROUND: [usize; 4] = [1, 2, 5, 25];

/// Every shared copy of a client.
#[derive(Default)]
pub(crate) struct Lists {
    /// That the product answers and takes the credentials.
    pub proof: Shared<()>,
    /// The users of the company.
    pub users: Shared<Listing<Users>>,
    /// The partners of the company.
    pub partners: Shared<PartnerListing>,
    /// The installation has given that list before.
    pub partners_are_listed: AtomicBool,
    /// The ids of partners that were deleted from here: where nobody shows partners, nothing else tells.
    pub deleted_partners: Mutex<BTreeSet<String>>,
}

/// A list as the vendor gave it.
#[derive(Debug, Clone)]
pub struct Listing<T> {
    /// What was listed.
    pub rows: T,
    /// Why there may be more than these, as a sentence; none when these are all.
    pub doubt: Option<String>,
}

impl<T> Listing<T> {
    /// The same list in another form.
    pub fn map<U>(self, form: impl FnOnce(T) -> U) -> Listing<U> {
        Listing { rows: form(self.rows), doubt: self.doubt }
    }
}

impl Client {
    /// All rows of the list at `path`, each of them an object that may stand in `wrapper`.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn list<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        path: &[&'static str],
        wrapper: &str,
    ) -> Result<Listing<Vec<T>>, Fault> {
        let mut rows = Vec::new();
        for limit in LIMITS {
            let make = || {
                let request = Request::read(operation, Method::GET).at(path.iter().copied());
                Ok(request.query("limit", limit.to_string()).patience(Patience::List))
            };
            rows = self.send(make, |answer| read_rows(answer, wrapper)).await?;
            if rows.len() != limit {
                break;
            }
        }
        let doubt = self.may_cut(rows.len()).then(|| {
            format!(
                "the list has exactly {} rows, which looks like a limit of the server's own, so that there may be more: set \
                 spec.adeptiaConnect.listLimit of the AdminApi to the limit that the server has, or to 0 where it has none",
                rows.len()
            )
        });
        Ok(Listing { rows, doubt })
    }

    /// Whether a list of so many rows may be a part of a longer one.
    fn may_cut(&self, rows: usize) -> bool {
        match self.list_limit() {
            None => is_cut(rows),
            Some(0) => LIMITS.last() == Some(&rows),
            Some(limit) => rows >= limit,
        }
    }
}

/// Whether that many rows look like a page of a longer list.
fn is_cut(rows: usize) -> bool {
    let mut first = rows;
    while first > 0 && first.is_multiple_of(10) {
        first /= 10;
    }
    rows >= SMALLEST_PAGE && (ROUND.contains(&first) || rows.is_power_of_two())
}

#[cfg(test)]
mod tests;
