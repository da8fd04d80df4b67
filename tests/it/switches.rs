//! Switches: what the tables of the vendors' simulators share, by which every switch is turned to every position that is not its default.

use std::fmt::Debug;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use clap::builder::PossibleValue;
use clap::{Args, Command};
use futures::{FutureExt, StreamExt};
use kube::api::DynamicObject;
use provost::sim::simulated::Simulated;
use serde_json::Value as Json;

use crate::objects::condition;
use crate::stage::Stage;

/// How many stages work beside each other.
const STAGES: usize = 3;

/// How many switches are turned at once.
const MOST: usize = 12;

/// The switch of an argument.
fn name(argument: &str) -> &str {
    argument.split('=').next().unwrap_or(argument)
}

/// These positions in as few cases as may be: no switch twice in one.
pub fn bundles(plain: &[&'static str]) -> Vec<&'static [&'static str]> {
    let mut bundles: Vec<Vec<&'static str>> = Vec::new();
    for argument in plain {
        let fits = |bundle: &&mut Vec<&'static str>| {
            bundle.len() < MOST && bundle.iter().all(|other| name(other) != name(argument))
        };
        match bundles.iter_mut().find(fits) {
            Some(bundle) => bundle.push(argument),
            None => bundles.push(vec![argument]),
        }
    }
    bundles.into_iter().map(|turned| &*turned.leak()).collect()
}

/// A simulator's options with these switches turned.
pub fn options<O: Args>(turned: &[&str]) -> O {
    let matches = O::augment_args(Command::new("sim")).get_matches_from([&["sim"], turned].concat());
    O::from_arg_matches(&matches).unwrap()
}

/// That every position of every switch is among `turned`, and that each of these turns something.
pub fn assert_all<O: Args + Debug + Default + PartialEq>(turned: &[&str], file: &str) {
    for argument in O::augment_args(Command::new("sim")).get_arguments() {
        let long = argument.get_long().unwrap();
        let values = argument.get_possible_values();
        let default: Vec<_> = argument.get_default_values().iter().filter_map(|value| value.to_str()).collect();
        let positions = match values.as_slice() {
            _ if !argument.get_action().takes_values() => vec![format!("--{long}")],
            [] => vec![format!("--{long}=")],
            values => {
                let others = values.iter().map(PossibleValue::get_name);
                others.filter(|value| !default.contains(value)).map(|value| format!("--{long}={value}")).collect()
            }
        };
        for position in positions {
            let known = turned
                .iter()
                .any(|row| if position.ends_with('=') { row.starts_with(&position) } else { *row == position });
            assert!(known, "{position} is in no row of {file}");
        }
    }
    for row in turned {
        assert_ne!(options::<O>(&[row]), O::default(), "{row} turns nothing");
    }
}

/// Whether an object is ready as its spec is now.
pub fn is_ready(object: &DynamicObject) -> bool {
    let ready = condition(object, "Ready");
    ready["status"] == "True" && ready["observedGeneration"].as_i64() == object.metadata.generation
}

/// What the vendor has of a kind.
pub fn values(stage: &Stage<impl Simulated>, kind: &str) -> Vec<Json> {
    stage.vendor.externals().into_iter().filter(|known| known.kind == kind).map(|known| known.values).collect()
}

/// Plays every case, some beside each other, and tells of all that failed.
pub async fn play_all<C, P: Future<Output = ()>>(
    cases: impl Iterator<Item = C>,
    turned: impl Fn(&C) -> &'static [&'static str],
    play: impl Fn(C) -> P,
) {
    let tried = cases.map(|case| {
        let turned = turned(&case);
        let played = AssertUnwindSafe(play(case)).catch_unwind();
        async move {
            let panic = played.await.err()?;
            Some(format!("{turned:?}: {}", panic.downcast_ref::<String>().map_or("", String::as_str)))
        }
    });
    let ended: Vec<Option<String>> = futures::stream::iter(tried).buffer_unordered(STAGES).collect().await;
    let failures: Vec<String> = ended.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{} cases:\n{}", failures.len(), failures.join("\n"));
}
