//! Wall time for what people read, and jitter for what machines wait. Deadlines use `tokio::time::Instant`, never wall time.

use std::time::Duration;

use jiff::Timestamp;

/// Now, to the nanosecond: for simulators, whose objects must not all be of one age.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub fn precisely_now() -> Timestamp {
    Timestamp::now()
}

/// Now, in whole seconds, as Kubernetes writes times.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `pause`, up to `fraction` of it longer, so that many waiters do not come back at once, and none comes before its time.
pub fn jitter(pause: Duration, fraction: f64) -> Duration {
    let mut bytes = [0u8; 4];
    // Without randomness the pause stays as it is: jitter is a courtesy, not a guarantee.
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        return pause;
    }
    let unit = f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX);
    pause.mul_f64(1.0 + fraction * unit)
}
