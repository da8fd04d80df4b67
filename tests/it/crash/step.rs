//! Step: what an operator says to the vendor and to Kubernetes on its way, one by one, and what can happen to each.

use std::collections::BTreeMap;

use provost::sim::journal::{Entry, Intent, Outcome};
use provost::sim::trouble::{Act as VendorAct, Order};

use crate::harness::DEADLINE;
use crate::tap::{Act, Call, Fate};
use crate::testbed::scene::Scene;

/// One call of an undisturbed run: its kind, and the how-manieth of that kind it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub call: Class,
    pub nth: u32,
}

/// A kind of call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// To the vendor.
    Vendor { operation: &'static str, write: bool },
    /// To Kubernetes: the method, and the path below the namespace with the object's name taken out.
    Kubernetes { method: String, path: String },
}

impl Class {
    pub fn is_write(&self) -> bool {
        match self {
            Self::Vendor { write, .. } => *write,
            Self::Kubernetes { method, .. } => method != "GET",
        }
    }

    pub fn is_vendor(&self) -> bool {
        matches!(self, Self::Vendor { .. })
    }
}

/// What happens at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disturbance {
    /// The power fails before the call is carried out.
    KilledBefore,
    /// The power fails when the call was carried out, and its answer is not seen yet.
    KilledAfter,
    /// The call is not carried out, and the connection breaks.
    Cut,
    /// The call is carried out, and its answer is lost.
    AnswerLost,
    /// Kubernetes answers that somebody else wrote first.
    Conflict,
    /// Kubernetes answers 500, and does nothing.
    Refused,
}

impl Disturbance {
    /// What can happen at a call of this kind. A read changes nothing: whether the power fails before or after it is the same.
    pub fn of(class: &Class) -> &'static [Self] {
        match (class, class.is_write()) {
            (Class::Vendor { .. }, false) => &[Self::KilledBefore, Self::AnswerLost],
            (Class::Vendor { .. }, true) => &[Self::KilledBefore, Self::KilledAfter, Self::Cut, Self::AnswerLost],
            (Class::Kubernetes { .. }, false) => &[Self::KilledBefore, Self::Refused],
            (Class::Kubernetes { .. }, true) => {
                &[Self::KilledBefore, Self::KilledAfter, Self::AnswerLost, Self::Conflict, Self::Refused]
            }
        }
    }

    pub fn kills(self) -> bool {
        matches!(self, Self::KilledBefore | Self::KilledAfter)
    }
}

/// A place in what the vendor and Kubernetes have heard.
pub struct Mark {
    seq: u64,
    call: usize,
}

impl Mark {
    pub fn set(scene: &Scene) -> Self {
        Self { seq: scene.stage.vendor.journal().last(), call: scene.stage.tap.mark() }
    }

    /// The steps since then, those of the vendor first.
    pub fn steps(&self, scene: &Scene, name: &str) -> Vec<Step> {
        let said = scene.stage.vendor.journal().since(self.seq).into_iter().map(|entry| vendor(&entry));
        let calls = scene.stage.tap.calls_since(self.call);
        let asked = calls.iter().filter_map(|call| kubernetes(call, &scene.stage.namespace, name));
        let mut counts: BTreeMap<Class, u32> = BTreeMap::new();
        let mut number = |call: Class| {
            let nth = counts.entry(call.clone()).or_default();
            *nth += 1;
            Step { call, nth: *nth }
        };
        said.chain(asked).map(&mut number).collect()
    }

    /// The writes at the vendor since then.
    pub fn vendor_writes(&self, scene: &Scene) -> Vec<Entry> {
        let entries = scene.stage.vendor.journal().since(self.seq);
        entries.into_iter().filter(|entry| entry.intent == Intent::Write).collect()
    }

    /// What was written in Kubernetes about the object since then, Events aside.
    pub fn kubernetes_writes(&self, scene: &Scene, name: &str) -> Vec<Call> {
        let calls = scene.stage.tap.calls_since(self.call);
        calls
            .into_iter()
            .filter(|call| call.is_write() && kubernetes(call, &scene.stage.namespace, name).is_some())
            .collect()
    }
}

fn vendor(entry: &Entry) -> Class {
    Class::Vendor { operation: entry.operation, write: entry.intent == Intent::Write }
}

/// Nothing depends on Events, and the AdminApi's own status is written when it suits: neither is a step of one object.
fn kubernetes(call: &Call, namespace: &str, name: &str) -> Option<Class> {
    let (_, path) = call.path.split_once(&format!("/namespaces/{namespace}/"))?;
    if path.starts_with("events") || path.starts_with("adminapis") || path.starts_with("leases") {
        return None;
    }
    Some(Class::Kubernetes { method: call.method.to_string(), path: path.replace(name, "NAME") })
}

/// Has the disturbance happen at the step, counted from now.
pub fn order(scene: &Scene, name: &str, step: &Step, disturbance: Disturbance) {
    match &step.call {
        Class::Vendor { operation, .. } => {
            let act = match disturbance {
                // It is never carried out: the one who asked is gone when the simulator ends, and before that it waits.
                Disturbance::KilledBefore => VendorAct::Delay { millis: 3_600_000 },
                Disturbance::KilledAfter => VendorAct::Hold,
                Disturbance::AnswerLost => VendorAct::LoseAnswer,
                Disturbance::Cut | Disturbance::Conflict | Disturbance::Refused => VendorAct::CutBefore,
            };
            scene.stage.vendor.trouble().place(Order::next_of(operation, act).after(step.nth - 1));
        }
        class @ Class::Kubernetes { .. } => {
            let act = match disturbance {
                Disturbance::KilledBefore => Act::Hang,
                Disturbance::KilledAfter => Act::HangAnswer,
                Disturbance::AnswerLost => Act::LoseAnswer,
                Disturbance::Conflict => Act::Refuse(409),
                Disturbance::Cut | Disturbance::Refused => Act::Refuse(500),
            };
            let (class, namespace, name) = (class.clone(), scene.stage.namespace.clone(), name.to_owned());
            let fits = move |call: &Call| kubernetes(call, &namespace, &name).as_ref() == Some(&class);
            scene.stage.tap.nth(step.nth, act, fits);
        }
    }
}

/// Waits until the step has come about, and stands still for the power to fail. False when it never did.
pub async fn stands(scene: &Scene, mark: &Mark, step: &Step) -> bool {
    let standing = async {
        match &step.call {
            Class::Vendor { operation, .. } => {
                let stands = |entry: &Entry| {
                    let still = matches!(entry.outcome, Outcome::Delayed | Outcome::Held);
                    entry.seq > mark.seq && entry.operation == *operation && still
                };
                scene.stage.vendor.journal().wait_for(|entries| entries.iter().any(stands)).await;
            }
            Class::Kubernetes { .. } => {
                let still = |call: &Call| matches!(call.fate, Fate::Hung | Fate::AnswerHung);
                scene.stage.tap.wait_for_since(mark.call, still).await;
            }
        }
    };
    tokio::time::timeout(DEADLINE / 2, standing).await.is_ok()
}

/// Whether every disturbance that was ordered has happened.
pub fn is_over(scene: &Scene) -> bool {
    scene.stage.vendor.trouble().waiting().is_empty() && !scene.stage.tap.has_orders()
}

/// The same; forgets those that have not.
pub fn all_struck(scene: &Scene) -> bool {
    let over = is_over(scene);
    scene.stage.vendor.trouble().clear();
    scene.stage.tap.clear();
    over
}
