//! Conformance: what every kind owes its users, tried on each kind of the testbed. A new kind is proven by its row there.

mod deletion;
mod export;
mod life;
mod malformed;
mod outage;
mod plan;
mod secrecy;

use futures::future::{BoxFuture, join_all};

use crate::testbed::scene::Scene;
use crate::testbed::{BEDS, Bed};

/// Tries something on each kind for which it makes sense, beside each other.
pub async fn on_each(suits: impl Fn(&Bed) -> bool, check: impl for<'s> Fn(&'s mut Scene) -> BoxFuture<'s, ()>) {
    let check = &check;
    let beds: Vec<&'static Bed> = BEDS.iter().filter(|bed| suits(bed)).collect();
    assert!(!beds.is_empty(), "this is tried on no kind");
    let on_one = |bed| async move { check(&mut Scene::set(bed).await).await };
    join_all(beds.into_iter().map(on_one)).await;
}

/// Every kind.
pub fn any(_: &Bed) -> bool {
    true
}

/// Every kind of which the vendor can change something.
fn editable(bed: &Bed) -> bool {
    bed.can_be_edited()
}
