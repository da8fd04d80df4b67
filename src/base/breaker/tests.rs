//! Tests of the breaker, with the clock stopped.

use std::sync::Arc;

use super::*;

fn fault(class: Class) -> Fault {
    let code = match class {
        Class::Denied => 401,
        Class::Throttled => 429,
        _ => 503,
    };
    Fault::new(class, "list_things", "the vendor says no").with_code(code)
}

/// A call that ends so; the refusal if it may not leave.
fn call(breaker: &Breaker, read: bool, outcome: Result<(), Fault>) -> Result<(), Fault> {
    let leave = breaker.admit("test", read)?;
    leave.settle(outcome.as_ref().copied());
    Ok(())
}

fn fail(breaker: &Breaker, class: Class) -> bool {
    call(breaker, true, Err(fault(class))).is_ok()
}

fn pass(breaker: &Breaker) -> bool {
    call(breaker, true, Ok(())).is_ok()
}

/// How many calls leave within `period` if one is tried every second and all fail.
async fn leaving(breaker: &Breaker, class: Class, period: Duration) -> usize {
    let end = Instant::now() + period;
    let mut left = 0;
    while Instant::now() < end {
        left += usize::from(fail(breaker, class));
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    left
}

#[tokio::test(start_paused = true)]
async fn it_opens_at_the_fifth_failure_in_a_row_and_refuses_as_not_sent() {
    let breaker = Breaker::default();
    for _ in 0..3 {
        for _ in 0..4 {
            assert!(fail(&breaker, Class::Transient));
        }
        assert!(pass(&breaker));
    }
    for _ in 0..5 {
        assert!(fail(&breaker, Class::Transient));
    }
    let refusal = call(&breaker, true, Ok(())).unwrap_err();
    assert_eq!((refusal.class, refusal.delivery), (Class::Transient, Delivery::NotSent));
    assert!(refusal.detail.contains("the vendor says no") && refusal.retry_after.is_some(), "{refusal}");
}

#[tokio::test(start_paused = true)]
async fn one_read_finds_out_and_its_success_lets_all_go_on() {
    let breaker = Breaker::default();
    fail(&breaker, Class::Throttled);
    tokio::time::advance(Duration::from_secs(3)).await;
    assert!(call(&breaker, false, Ok(())).is_err(), "a write is no probe");
    let probe = breaker.admit("probe", true).unwrap();
    assert_eq!(breaker.state(), State::Probing);
    assert!(breaker.admit("other", true).is_err());
    probe.settle(Ok(()));
    assert!(call(&breaker, false, Ok(())).is_ok());
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_comes_to_nothing_gives_its_place_back() {
    let breaker = Breaker::default();
    fail(&breaker, Class::Throttled);
    breaker.hurry();
    drop(breaker.admit("probe", true).unwrap());
    let refused = Fault::new(Class::Refused, "probe", "no leave").with_delivery(Delivery::NotSent);
    breaker.admit("probe", true).unwrap().settle(Err(&refused));
    assert_eq!(breaker.state(), State::Open);
    assert!(pass(&breaker));
}

#[tokio::test(start_paused = true)]
async fn a_minute_of_failures_costs_few_calls() {
    for class in [Class::Transient, Class::Throttled] {
        let breaker = Breaker::default();
        let left = leaving(&breaker, class, Duration::from_secs(60)).await;
        // What opens it, and probes after 2, 6, 14 and 30 seconds and some.
        assert!(left <= 5 + 4, "{class:?}: {left}");
        let quarter = leaving(&breaker, class, Duration::from_secs(900)).await;
        assert!((3..=6).contains(&quarter), "{class:?}: {quarter}");
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_credentials_are_sent_five_times_in_a_quarter_of_an_hour() {
    let breaker = Breaker::default();
    let left = leaving(&breaker, Class::Denied, Duration::from_secs(900)).await;
    assert!((2..=5).contains(&left), "{left}");
}

#[tokio::test(start_paused = true)]
async fn one_objects_refusals_stop_the_others_once_at_most() {
    let breaker = Breaker::default();
    let forbidden = || Err(fault(Class::Denied).with_code(403));
    for _ in 0..10 {
        call(&breaker, false, forbidden()).unwrap();
        assert!(pass(&breaker));
    }
    // A vendor may say 401 for it: that is found out once.
    assert!(fail(&breaker, Class::Denied));
    assert!(pass(&breaker), "it was the probe");
    for _ in 0..10 {
        assert!(fail(&breaker, Class::Denied));
        assert!(pass(&breaker));
    }
    // Credentials that are good for nothing any more are noticed all the same.
    assert_eq!((0..10).filter(|_| fail(&breaker, Class::Denied)).count(), 3);
    let breaker = Breaker::default();
    let refused = (0..10).filter(|_| call(&breaker, false, forbidden()).is_ok()).count();
    assert_eq!(refused, 3);
}

#[tokio::test(start_paused = true)]
async fn the_vendors_wish_is_the_first_pause_and_the_least_of_the_later_ones() {
    let breaker = Breaker::default();
    let asked = |seconds| Err(fault(Class::Throttled).with_retry_after(Some(Duration::from_secs(seconds))));
    call(&breaker, true, asked(1)).unwrap();
    let (_, until) = breaker.tripped().unwrap();
    assert!((1000..=1200).contains(&(until - Instant::now()).as_millis()), "{:?}", until - Instant::now());
    breaker.hurry();
    call(&breaker, true, asked(30)).unwrap();
    assert!(breaker.tripped().unwrap().1 - Instant::now() >= Duration::from_secs(30));
    for _ in 0..4 {
        breaker.hurry();
        call(&breaker, true, asked(1)).unwrap();
    }
    assert!(breaker.tripped().unwrap().1 - Instant::now() >= Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_falls_over_whenever_it_gets_up_is_not_pressed() {
    let breaker = Breaker::default();
    for _ in 0..6 {
        (0..5).for_each(|_| _ = fail(&breaker, Class::Transient));
        breaker.hurry();
        assert!(pass(&breaker));
    }
    (0..5).for_each(|_| _ = fail(&breaker, Class::Transient));
    assert!(breaker.tripped().unwrap().1 - Instant::now() >= Duration::from_secs(60));
    breaker.hurry();
    (0..10).for_each(|_| _ = pass(&breaker));
    (0..5).for_each(|_| _ = fail(&breaker, Class::Transient));
    assert!(breaker.tripped().unwrap().1 - Instant::now() <= Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn what_left_before_it_opened_neither_closes_it_nor_counts_again() {
    let breaker = Breaker::default();
    let early: Vec<_> = (0..16).map(|_| breaker.admit("early", false).unwrap()).collect();
    fail(&breaker, Class::Throttled);
    let (_, until) = breaker.tripped().unwrap();
    for (number, leave) in early.into_iter().enumerate() {
        let failed = fault(Class::Transient);
        leave.settle(if number % 2 == 0 { Ok(()) } else { Err(&failed) });
    }
    assert_eq!(breaker.tripped().unwrap().1, until);
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn its_turns_are_told_in_their_order() {
    let turns = Arc::new(Mutex::new(Vec::new()));
    let told = turns.clone();
    let breaker = Breaker::new(Box::new(move |breaker, state| {
        // Whoever is told may ask.
        assert_eq!(breaker.state(), state);
        told.lock().unwrap().push(state);
    }));
    fail(&breaker, Class::Denied);
    fail(&breaker, Class::Denied);
    breaker.hurry();
    pass(&breaker);
    use State::{Closed, Open, Probing};
    assert_eq!(*turns.lock().unwrap(), [Open, Probing, Open, Probing, Closed]);
}
