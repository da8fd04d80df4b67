//! Properties of the engine's pure parts: what holds for every input, tried with many that nobody would write.

mod annotation;
mod condition;
mod plan;
mod status;
mod vendor;

use crate::base::fuzz::one_in;

/// How many cases are tried: as many as `PROPTEST_CASES` says, or 256. What was found is written down as a test by hand.
fn config() -> proptest::test_runner::Config {
    one_in(1)
}
