//! Tests of cron expressions.

use jiff::ToSpan;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn today() -> Date {
    date(2026, 11, 22)
}

fn objected(text: &str) -> Objection {
    check(text, today()).expect_err(text)
}

#[test]
fn takes_what_quartz_takes() {
    for text in [
        "0 30 2 ? * MON-FRI",
        "0 0 3 * * ?",
        "*/5 0/15 8-18/2 * * ?",
        "/5 /15 /2 * * ?",
        "0,30 1-59/7,3 0 1,15 JAN-MAR,12 ? 2027-2030",
        "0 0 0 L * ?",
        "0 0 0 LW * ?",
        "0 0 0 L-3 * ?",
        "0 0 0 L-3W * ?",
        "0 0 0 15W * ?",
        "0 0 0 31W 2 ?",
        "0 0 0 1W,15 * ?",
        "0 0 0 L,15 * ?",
        "0 0 0 5C * ?",
        "0 0 0 ? * L",
        "0 0 0 ? * 6L",
        "0 0 0 ? * friL",
        "0 0 0 ? * 6#3",
        "0 0 0 ? * MON#5",
        "0 0 0 ? 2 MON#5",
        "0 0 0 ? * FRI-MON",
        "0 0 22-4 ? NOV-FEB 6-2",
        "50-10 0 0 28-3 * ? *",
        "0 0 0 29 2 ?",
        "0 0 0 31 * ?",
        "0 5/0 0 * * ?",
        "0 0-30/70 0 * * ?",
        "0 0 0 22 11 ? 2026",
        "0 0 0 ? 11 1 2026",
        "0 0 0 1 1 ? 2100/1",
        "  0\t0  0 * *   ? ",
    ] {
        assert_eq!(check(text, today()), Ok(()), "{text}");
    }
}

#[test]
fn says_which_field_is_wrong_and_what_to_write() {
    for (text, problem, way_out) in [
        ("30 2 * * MON", "it has 5 fields", "seconds first"),
        ("", "it has 0 fields", "0 30 2 ? * MON-FRI"),
        ("0 0 0 * * ? * *", "it has 8 fields", "0 30 2 ? * MON-FRI"),
        ("0 60 2 * * ?", "the field minutes has \"60\", which is out of its range", "0 to 59"),
        ("x 0 2 * * ?", "the field seconds has \"X\", which is neither a number", "0 to 59"),
        ("0 0 24 * * ?", "the field hours", "0 to 23"),
        ("0 0 2 32 * ?", "the field day of the month has \"32\"", "1 to 31"),
        ("0 0 2 * 13 ?", "the field month", "JAN to DEC"),
        ("0 0 2 * FOO ?", "the field month has \"FOO\"", "JAN to DEC"),
        ("0 0 2 ? * 0", "the field day of the week has \"0\"", "1 (Sunday) to 7 (Saturday)"),
        ("0 0 2 ? * 8", "the field day of the week", "1 (Sunday) to 7 (Saturday)"),
        ("0 0 2 ? * MONDAY", "neither a number nor a name", "SUN to SAT"),
        ("0 0 2 ? * MON-6", "from a name to a number", "SUN to SAT"),
        ("0 0 2 ? * 6#6", "after #", "FRI#3"),
        ("0 0 2 ? * 2#1,3#1", "only one #", "a trigger of each"),
        ("0 0 2 ? * 6L,2", "L goes with no other day", "a trigger of each"),
        ("0 0 2 L-31 * ?", "at most 30 days", "1 to 31"),
        ("0 0 2 LX * ?", "after L comes W", "L or W"),
        ("0 0/90 2 * * ?", "a step of 90 goes past the end", "at most 59"),
        ("0 0/ 2 * * ?", "whose step is no number", "0 to 59"),
        ("0 5x 2 * * ?", "the field minutes has \"5X\"", "0 to 59"),
        ("0 -5 2 * * ?", "the field minutes has \"-5\"", "0 to 59"),
        ("? 0 2 * * ?", "the field seconds is ?", "write *"),
        ("0 0 2 * * *", "exactly one of", "write 0 0 2 * * ?"),
        ("0 0 2 * * MON", "exactly one of", "write 0 0 2 ? * MON"),
        ("0 0 2 1 * MON", "exactly one of", "0 0 2 1 * ? and 0 0 2 ? * MON"),
        ("0 0 2 ? * ?", "both the day of the month and the day of the week are ?", "write * for the day of the month"),
        ("0 0 0 * * ? 2030-2027", "goes backwards", "1970"),
    ] {
        let found = objected(text);
        assert!(found.problem.contains(problem), "{text}: {}", found.problem);
        assert!(found.way_out.contains(way_out), "{text}: {}", found.way_out);
    }
}

/// trap 30: the vendor takes such a rule, and it never runs.
#[test]
fn a_rule_that_never_fires_is_refused() {
    for (text, problem) in [
        ("0 0 0 30 2 ?", "no month that it names has such a day"),
        ("0 0 0 31 2,4,6 ?", "no month that it names has such a day"),
        ("0 0 0 29 2 ? 2027", "no month that it names has such a day"),
        ("0 0 0 1 1 ? 2025", "its years are past"),
        ("0 0 0 * * ? 1999-2025", "its years are past"),
        ("0 0 0 1 1 ? 2026", "no month that it names has such a day any more"),
        ("0 0 0 ? 2 MON#5 2027", "no month that it names has such a day"),
    ] {
        let found = objected(text);
        assert!(found.problem.starts_with("it never fires") && found.problem.contains(problem), "{text}: {found:?}");
    }
}

/// What may stand in one of the fields that are no days.
fn numbers(least: i16, most: i16, words: &'static [&'static str]) -> BoxedStrategy<String> {
    let number = (least..=most).prop_map(|number| number.to_string());
    let range = (least..=most, least..=most).prop_map(|(first, last)| format!("{first}-{last}"));
    let one: BoxedStrategy<String> = if words.is_empty() {
        prop_oneof![number, range].boxed()
    } else {
        let word = prop::sample::select(words);
        let words_range = (word.clone(), word.clone()).prop_map(|(first, last)| format!("{first}-{last}"));
        let lower = word.clone().prop_map(str::to_lowercase);
        prop_oneof![number, range, word.prop_map(str::to_owned), lower, words_range].boxed()
    };
    let stepped = (one, prop::option::of(1..=most)).prop_map(|(one, step)| match step {
        Some(step) if one.starts_with(|first: char| first.is_ascii_digit()) => format!("{one}/{step}"),
        _ => one,
    });
    let every = (1..=most).prop_map(|step| format!("*/{step}"));
    prop_oneof![Just("*".to_owned()), every, prop::collection::vec(stepped, 1..4).prop_map(|items| items.join(","))]
        .boxed()
}

fn day_fields() -> BoxedStrategy<(String, String)> {
    let day = prop_oneof![
        numbers(1, 28, &[]),
        Just("L".to_owned()),
        Just("LW".to_owned()),
        (1..=31_i16).prop_map(|day| format!("{day}W")),
        (1..=30_i16).prop_map(|days| format!("L-{days}")),
    ];
    let name = prop_oneof![
        (1..=7_i16).prop_map(|day| day.to_string()),
        prop::sample::select(WEEKDAYS.as_slice()).prop_map(str::to_owned)
    ];
    let weekday = prop_oneof![
        numbers(1, 7, &WEEKDAYS),
        Just("L".to_owned()),
        name.clone().prop_map(|day| format!("{day}L")),
        (name, 1..=5_i16).prop_map(|(day, nth)| format!("{day}#{nth}")),
    ];
    prop_oneof![day.prop_map(|day| (day, "?".to_owned())), weekday.prop_map(|day| ("?".to_owned(), day))].boxed()
}

proptest! {
    #[test]
    fn nothing_that_quartz_documents_is_refused(
        seconds in numbers(0, 59, &[]),
        minutes in numbers(0, 59, &[]),
        hours in numbers(0, 23, &[]),
        (day, weekday) in day_fields(),
        month in numbers(1, 12, &MONTHS),
        year in prop_oneof![Just(""), Just(" *"), Just(" 2027-2099"), Just(" 2027/1")],
    ) {
        let text = format!("{seconds} {minutes} {hours} {day} {month} {weekday}{year}");
        let found = check(&text, today());
        prop_assert!(found.is_ok(), "{text}: {found:?}");
    }

    #[test]
    fn a_rule_made_from_a_day_to_come_fires(days in 0..36_000_i32, second in 0..60, minute in 0..60, hour in 0..24) {
        let day = today().checked_add(days.days()).unwrap();
        let (number, month, year) = (day.day(), day.month(), day.year());
        let weekday = day.weekday().to_sunday_one_offset();
        let nth = (number - 1) / 7 + 1;
        for text in [
            format!("{second} {minute} {hour} {number} {month} ? {year}"),
            format!("{second} {minute} {hour} ? {month} {weekday}#{nth} {year}"),
        ] {
            prop_assert_eq!(check(&text, today()), Ok(()), "{}", text);
        }
    }

    #[test]
    fn a_rule_made_from_a_day_that_is_gone_does_not(days in 1..10_000_i32) {
        let day = today().checked_sub(days.days()).unwrap();
        let text = format!("0 0 0 {} {} ? {}", day.day(), day.month(), day.year());
        prop_assert!(objected(&text).problem.starts_with("it never fires"));
    }

    #[test]
    fn nothing_that_anybody_types_breaks_it(text in "[0-9A-Z*?/,#L W-]{0,40}", any in ".{0,40}") {
        for text in [text, any] {
            if let Err(found) = check(&text, today()) {
                prop_assert!(!found.problem.is_empty() && !found.way_out.is_empty());
            }
        }
    }
}
