//! The guard by itself: places, acknowledgements, and what a new process knows.

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn item(name: &str) -> Item {
    Item { kind: "T", namespace: "ns".into(), name: name.into() }
}

fn wall(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("in range")
}

/// A guard that lets two go within ten minutes.
fn guard(annotation: Option<&str>) -> Guard {
    let mut guard = Guard::default();
    see(&mut guard, annotation, None, Instant::now());
    guard
}

fn see(guard: &mut Guard, annotation: Option<&str>, stored: Option<&GuardStatus>, now: Instant) {
    let rule = Rule { most: 2, window: 10 * MINUTE };
    guard.observe(("ns/api", Some("u1".to_owned())), rule, annotation, stored, now);
}

fn goes(guard: &mut Guard, name: &str, now: Instant) -> bool {
    guard.ask(&item(name), now, wall(0)) == Answer::Go
}

#[test]
fn places_come_free_as_deletions_grow_old() {
    let (mut guard, start) = (guard(None), Instant::now());
    assert!(goes(&mut guard, "a", start));
    assert!(goes(&mut guard, "b", start + MINUTE));
    assert!(!goes(&mut guard, "c", start + 2 * MINUTE));
    assert!(!goes(&mut guard, "d", start + 2 * MINUTE));
    assert_eq!((guard.held(), guard.wake(start + 2 * MINUTE)), (2, Some(8 * MINUTE)));
    assert!(guard.due(start + 9 * MINUTE, wall(0)).is_empty());
    // One place, and it is for the one that waits longest.
    assert_eq!(guard.due(start + 10 * MINUTE, wall(0)), [item("c")]);
    assert_eq!((guard.held(), guard.due(start + 10 * MINUTE, wall(0))), (2, vec![]));
    assert!(goes(&mut guard, "c", start + 10 * MINUTE));
    assert!(!goes(&mut guard, "d", start + 10 * MINUTE));
    assert_eq!(guard.held(), 1);
    guard.forget(&item("d"));
    assert_eq!(guard.held(), 0);
}

#[test]
fn one_that_does_not_come_when_called_holds_up_nobody() {
    let (mut guard, start) = (guard(None), Instant::now());
    assert!(goes(&mut guard, "a", start) && goes(&mut guard, "b", start + 9 * MINUTE));
    assert!(!goes(&mut guard, "paused", start + 9 * MINUTE) && !goes(&mut guard, "c", start + 9 * MINUTE));
    let later = start + 10 * MINUTE;
    assert_eq!(guard.due(later, wall(0)), [item("paused")]);
    assert_eq!(guard.wake(later), Some(CALLED));
    assert_eq!(guard.due(later + CALLED, wall(0)), [item("c")]);
    assert_eq!(guard.held(), 1);
}

#[test]
fn an_acknowledgement_is_good_for_its_count_until_its_end() {
    let now = Instant::now();
    let until = wall(60);
    let value = format!("2 until {until}");
    let mut guard = guard(Some(&value));
    for name in ["a", "b", "c", "d"] {
        assert!(goes(&mut guard, name, now), "{name}");
    }
    assert!(!goes(&mut guard, "e", now));
    // Taken away and given again, it is the same one.
    see(&mut guard, None, None, now);
    see(&mut guard, Some(&value), None, now);
    assert!(!goes(&mut guard, "e", now));
    assert!(matches!(guard.shown(wall(0)), Shown::Held(1, message) if message.contains("is used up")));
    // Another value is another one.
    let other = format!("1 until {}", wall(61));
    see(&mut guard, Some(&other), None, now);
    assert_eq!(guard.due(now, wall(0)), [item("e")]);
    // Its end is a person's, and so is the clock that it is held to.
    assert_eq!(guard.ask(&item("e"), now, wall(61)), Answer::Wait(guard_words(&mut guard)));
    assert!(matches!(guard.shown(wall(61)), Shown::Held(1, message) if message.contains("has run out")));
    assert_eq!(guard.ask(&item("e"), now, wall(60)), Answer::Go);
}

fn guard_words(guard: &mut Guard) -> String {
    guard.words(1, wall(61))
}

#[test]
fn a_new_process_takes_what_is_stored_for_just_happened() {
    let (start, value) = (Instant::now(), format!("3 until {}", wall(60)));
    let mut first = guard(Some(&value));
    for name in ["a", "b", "c"] {
        assert!(goes(&mut first, name, start));
    }
    let stored = first.status().expect("something to remember");
    assert_eq!(stored.carried_out, 2);
    assert_eq!(stored.acknowledgements, [AcknowledgementStatus { value: value.clone(), used: 1 }]);

    let mut second = Guard::default();
    let later = start + 9 * MINUTE;
    see(&mut second, Some(&value), Some(&stored), later);
    // The same news again is no news.
    see(&mut second, Some(&value), Some(&stored), later + 5 * MINUTE);
    for name in ["d", "e"] {
        assert!(goes(&mut second, name, later), "{name}");
    }
    assert!(!goes(&mut second, "f", later + 9 * MINUTE));
    assert!(goes(&mut second, "f", later + 10 * MINUTE));
    // What it let go itself is newer than what the watch still shows.
    see(&mut second, Some(&value), Some(&GuardStatus::default()), later + 10 * MINUTE);
    assert_eq!(second.status().map(|status| status.carried_out), Some(1));
    assert!(!guard(None).is_outdated(start, wall(0)));
    second.forget(&item("f"));
    assert!(second.is_outdated(later + 20 * MINUTE, wall(100)));
    assert_eq!(second.status(), None);
}

#[test]
fn a_number_that_no_guard_can_have_stored_takes_every_place_and_no_more() {
    let (mut guard, now) = (Guard::default(), Instant::now());
    let stored = GuardStatus { carried_out: u32::MAX, acknowledgements: Vec::new() };
    see(&mut guard, None, Some(&stored), now);
    assert_eq!(guard.status().map(|status| status.carried_out), Some(2));
    assert!(!goes(&mut guard, "a", now));
    assert!(goes(&mut guard, "a", now + 10 * MINUTE));
}

#[test]
fn another_admin_api_of_that_name_starts_anew() {
    let (mut guard, now) = (guard(None), Instant::now());
    assert!(goes(&mut guard, "a", now) && goes(&mut guard, "b", now) && !goes(&mut guard, "c", now));
    guard.observe(("ns/api", Some("u2".to_owned())), Rule::default(), None, None, now);
    assert_eq!((guard.held(), guard.status()), (0, None));
}

#[test]
fn an_acknowledgement_says_what_is_wrong_with_it() {
    let parse = |text: &str| Acknowledgement::parse(text);
    assert_eq!(parse("5 until 2023-11-14T22:13:20Z"), Ok(Acknowledgement { count: 5, until: wall(0) }));
    assert_eq!(parse("5 until 2023-11-14T23:13:20+01:00").map(|parsed| parsed.until), Ok(wall(0)));
    for (text, word) in [
        ("true", "until"),
        ("5", "until"),
        ("0 until 2023-11-14T22:13:20Z", "\"0\""),
        ("-1 until 2023-11-14T22:13:20Z", "\"-1\""),
        ("many until 2023-11-14T22:13:20Z", "\"many\""),
        ("5 until tomorrow", "\"tomorrow\""),
        ("5 until 2023-11-14T22:13:20", "zone"),
    ] {
        let problem = parse(text).expect_err(text);
        assert!(problem.contains(word) && problem.contains("RFC 3339"), "{text}: {problem}");
    }
    let mut guard = guard(Some("all of them"));
    assert!(matches!(guard.shown(wall(0)), Shown::Unreadable(message) if message.contains("all of them")));
    see(&mut guard, None, None, Instant::now());
    assert_eq!(guard.shown(wall(0)), Shown::Nothing);
}

#[test]
fn what_waiting_objects_are_told_keeps_still() {
    let (mut guard, now) = (guard(None), Instant::now());
    let mut told = |name: &str, second: i64| match guard.ask(&item(name), now, wall(second)) {
        Answer::Wait(words) => words,
        Answer::Go => String::new(),
    };
    told("a", 0);
    told("b", 0);
    let first = told("c", 0);
    assert!(first.contains("ns/api") && first.contains("provost.dev/acknowledge-deletions: \"1 until 20"), "{first}");
    assert_eq!(told("c", 3600), first);
    for name in ["d", "e", "f", "g", "h"] {
        told(name, 0);
    }
    let now_six = told("c", 3600);
    assert!(now_six.contains("\"6 until 20"), "{now_six}");
    told("i", 0);
    assert_eq!(told("c", 7200), now_six);
    // The proposed end is never one that is about to pass.
    assert_ne!(told("c", 24 * 3600), now_six);
}

#[test]
fn a_rule_of_none_lets_go_only_what_is_acknowledged() {
    let (mut guard, now, none) = (Guard::default(), Instant::now(), Rule { most: 0, window: MINUTE });
    guard.observe(("ns/api", None), none, None, None, now);
    assert!(!goes(&mut guard, "a", now));
    assert_eq!(guard.wake(now), None);
    let value = format!("1 until {}", wall(60));
    guard.observe(("ns/api", None), none, Some(&value), None, now);
    assert_eq!(guard.due(now, wall(0)), [item("a")]);
    assert!(goes(&mut guard, "a", now));
}
