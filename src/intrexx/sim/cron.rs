//! Cron expressions as Quartz reads them: seconds first, days of the week from 1 = Sunday, and an optional year.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::intrexx::sim::options::behaviour::DayFields;

/// How far ahead a next time is looked for. A rule for 29 February fires within eight years.
const DAYS_AHEAD: usize = 8 * 366 + 1;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A rule that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cron {
    seconds: Vec<i16>,
    minutes: Vec<i16>,
    hours: Vec<i16>,
    months: Vec<i16>,
    years: Option<Vec<i16>>,
    days: Days,
    weekdays: Days,
}

/// What a day field says.
#[derive(Debug, PartialEq, Eq)]
enum Days {
    /// `?`: the other field decides.
    Any,
    /// One of these numbers.
    Of(Vec<i16>),
    /// So many days before the last of the month.
    BeforeLast(i8),
    /// The working day nearest to this one; 32 stands for the last of the month.
    Working(i8),
    /// The last such weekday of the month.
    LastOf(i16),
    /// The nth such weekday of the month.
    Nth(i16, i8),
}

impl Cron {
    /// Reads an expression, or says what is wrong with it.
    pub fn parse(text: &str, day_fields: DayFields) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let (seconds, minutes, hours, day, month, weekday, years) = match *fields {
            [seconds, minutes, hours, day, month, weekday] => (seconds, minutes, hours, day, month, weekday, None),
            [seconds, minutes, hours, day, month, weekday, year] => {
                (seconds, minutes, hours, day, month, weekday, Some(year))
            }
            _ => return Err(format!("a cron rule has 6 or 7 fields, and this one has {}", fields.len())),
        };
        let unsaid = [day, weekday].iter().filter(|field| **field == "?").count();
        if day_fields == DayFields::Strict && unsaid != 1 {
            return Err("exactly one of day-of-month and day-of-week must be ?".to_owned());
        }
        let list = |name, text, least, most, words: &[&str]| {
            numbers(text, least, most, words).ok_or_else(|| format!("the field {name} cannot be read"))
        };
        Ok(Self {
            seconds: list("seconds", seconds, 0, 59, &[])?,
            minutes: list("minutes", minutes, 0, 59, &[])?,
            hours: list("hours", hours, 0, 23, &[])?,
            months: list("month", month, 1, 12, &MONTHS)?,
            years: years.map(|text| list("year", text, 1970, 2099, &[])).transpose()?,
            days: day_of_month(day).ok_or("the field day-of-month cannot be read")?,
            weekdays: day_of_week(weekday).ok_or("the field day-of-week cannot be read")?,
        })
    }

    /// The first time after `after` at which it fires; none when there is none for years.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let start = after.checked_add(SignedDuration::from_secs(1)).ok()?.to_zoned(zone.clone()).datetime();
        let (mut date, mut from) = (start.date(), start.time());
        for _ in 0..DAYS_AHEAD {
            if self.fires_on(date)
                && let Some(time) = self.first_time(from)
            {
                return Some(date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp());
            }
            (date, from) = (date.tomorrow().ok()?, Time::midnight());
        }
        None
    }

    fn fires_on(&self, date: Date) -> bool {
        self.months.contains(&i16::from(date.month()))
            && self.years.as_ref().is_none_or(|years| years.contains(&date.year()))
            && self.days.fits(date, i16::from(date.day()))
            && self.weekdays.fits(date, weekday(date))
    }

    /// The first time of a day that is not before `from`.
    fn first_time(&self, from: Time) -> Option<Time> {
        let from = (i16::from(from.hour()), i16::from(from.minute()), i16::from(from.second()));
        let hours = self.hours.iter().flat_map(|hour| self.minutes.iter().map(move |minute| (*hour, *minute)));
        let times = hours.flat_map(|(hour, minute)| self.seconds.iter().map(move |second| (hour, minute, *second)));
        // All three lists are sorted, so these times are.
        let (hour, minute, second) = { times }.find(|time| *time >= from)?;
        Time::new(hour.try_into().ok()?, minute.try_into().ok()?, second.try_into().ok()?, 0).ok()
    }
}

impl Days {
    fn fits(&self, date: Date, number: i16) -> bool {
        let last = date.days_in_month();
        match *self {
            Self::Any => true,
            Self::Of(ref numbers) => numbers.contains(&number),
            Self::BeforeLast(days) => date.day() == last - days,
            Self::Working(day) => working_day(date, day.min(last)) == Some(date.day()),
            Self::LastOf(weekday) => weekday == number && date.day() > last - 7,
            Self::Nth(weekday, nth) => weekday == number && (date.day() - 1) / 7 + 1 == nth,
        }
    }
}

/// The day of this month's working day nearest to `day`, never in another month.
fn working_day(date: Date, day: i8) -> Option<i8> {
    let wanted = Date::new(date.year(), date.month(), day).ok()?;
    let (before, after) = (wanted.checked_sub(1.day()).ok()?, wanted.checked_add(1.day()).ok()?);
    let shifted = match weekday(wanted) {
        7 if before.month() == wanted.month() => before,
        7 => wanted.checked_add(2.days()).ok()?,
        1 if after.month() == wanted.month() => after,
        1 => wanted.checked_sub(2.days()).ok()?,
        _ => wanted,
    };
    Some(shifted.day())
}

/// 1 is Sunday.
fn weekday(date: Date) -> i16 {
    i16::from(date.weekday().to_sunday_one_offset())
}

fn day_of_month(text: &str) -> Option<Days> {
    let number = |text: &str| number(text, 1, 31, &[]);
    match text {
        "?" => Some(Days::Any),
        "L" => Some(Days::BeforeLast(0)),
        "LW" => Some(Days::Working(32)),
        _ => match (text.strip_prefix("L-"), text.strip_suffix('W')) {
            (Some(days), _) => Some(Days::BeforeLast(i8::try_from(number(days)?).ok().filter(|days| *days <= 30)?)),
            (_, Some(day)) => Some(Days::Working(i8::try_from(number(day)?).ok()?)),
            _ => numbers(text, 1, 31, &[]).map(Days::Of),
        },
    }
}

fn day_of_week(text: &str) -> Option<Days> {
    let number = |text: &str| number(text, 1, 7, &WEEKDAYS);
    if text == "?" {
        return Some(Days::Any);
    }
    if text == "L" {
        return Some(Days::Of(vec![7]));
    }
    if let Some((day, nth)) = text.split_once('#') {
        let nth = nth.parse().ok().filter(|nth| (1..=5).contains(nth))?;
        return Some(Days::Nth(number(day)?, nth));
    }
    match text.strip_suffix('L') {
        Some(day) => Some(Days::LastOf(number(day)?)),
        None => numbers(text, 1, 7, &WEEKDAYS).map(Days::Of),
    }
}

/// The numbers that a list of numbers, ranges and steps stands for.
fn numbers(text: &str, least: i16, most: i16, words: &[&str]) -> Option<Vec<i16>> {
    let mut found = Vec::new();
    for item in text.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<usize>().ok().filter(|step| *step > 0)?)),
            None => (item, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((first, last)) => (number(first, least, most, words)?, number(last, least, most, words)?),
            None => {
                let first = number(range, least, most, words)?;
                (first, if step.is_some() { most } else { first })
            }
        };
        let step = step.unwrap_or(1);
        if first <= last {
            found.extend((first..=last).step_by(step));
        } else {
            // FRI-MON goes over the end.
            found.extend((first..=most).chain(least..=last).step_by(step));
        }
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

fn number(text: &str, least: i16, most: i16, words: &[&str]) -> Option<i16> {
    let word = words.iter().position(|word| word.eq_ignore_ascii_case(text));
    let number = match word {
        Some(place) => i16::try_from(place).ok()? + 1,
        None => text.parse().ok()?,
    };
    (least..=most).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, after: &str) -> Option<String> {
        let after: Timestamp = after.parse().unwrap();
        let rule = Cron::parse(cron, DayFields::Lenient).unwrap();
        rule.next(after, &TimeZone::UTC).map(|time| time.to_string())
    }

    #[test]
    fn fires_when_quartz_would() {
        // 2026-11-22 is a Sunday.
        let now = "2026-11-22T03:00:00Z";
        for (cron, time) in [
            ("0 30 2 ? * MON-FRI", "2026-11-23T02:30:00Z"),
            ("0 0 3 * * ?", "2026-11-23T03:00:00Z"),
            ("1 0 3 * * ?", "2026-11-22T03:00:01Z"),
            ("0 0/15 * * * ?", "2026-11-22T03:15:00Z"),
            ("0 0 12 ? * 1", "2026-11-22T12:00:00Z"),
            ("0 0 12 ? * 2", "2026-11-23T12:00:00Z"),
            ("0 0 12 ? * SAT-SUN", "2026-11-22T12:00:00Z"),
            ("0 0 0 L * ?", "2026-11-30T00:00:00Z"),
            ("0 0 0 L-2 * ?", "2026-11-28T00:00:00Z"),
            ("0 0 0 ? * 6L", "2026-11-27T00:00:00Z"),
            ("0 0 0 ? * MON#1", "2026-12-07T00:00:00Z"),
            ("0 0 0 28W * ?", "2026-11-27T00:00:00Z"),
            ("0 0 0 29W 11 ?", "2026-11-30T00:00:00Z"),
            ("0 0 0 LW 2 ?", "2027-02-26T00:00:00Z"),
            ("0 0 0 29 FEB ?", "2028-02-29T00:00:00Z"),
            ("0 0 0 1 1 ? 2030-2031", "2030-01-01T00:00:00Z"),
            ("0 0 0 * * *", "2026-11-23T00:00:00Z"),
        ] {
            assert_eq!(next(cron, now).as_deref(), Some(time), "{cron}");
        }
    }

    #[test]
    fn some_rules_never_fire() {
        for cron in ["0 0 0 31 FEB ?", "0 0 0 1 1 ? 2020"] {
            assert_eq!(next(cron, "2026-11-22T03:00:00Z"), None, "{cron}");
        }
    }

    #[test]
    fn times_are_those_of_the_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let rule = Cron::parse("0 30 2 * * ?", DayFields::Strict).unwrap();
        let time = rule.next("2026-11-22T03:00:00Z".parse().unwrap(), &zone).unwrap();
        assert_eq!(time.to_string(), "2026-11-23T00:30:00Z");
    }

    #[test]
    fn says_what_it_cannot_read() {
        let refused = |cron| Cron::parse(cron, DayFields::Strict).unwrap_err();
        assert_eq!(refused("30 2 * * ?"), "a cron rule has 6 or 7 fields, and this one has 5");
        assert_eq!(refused("0 30 2 * * *"), "exactly one of day-of-month and day-of-week must be ?");
        assert_eq!(refused("0 30 2 ? * ?"), "exactly one of day-of-month and day-of-week must be ?");
        assert_eq!(refused("0 60 2 * * ?"), "the field minutes cannot be read");
        assert_eq!(refused("0 0 2 ? * 0"), "the field day-of-week cannot be read");
        assert_eq!(refused("0 0 2 32 * ?"), "the field day-of-month cannot be read");
        assert_eq!(refused("0 0 2 * FOO ?"), "the field month cannot be read");
        assert_eq!(refused("0 0/0 2 * * ?"), "the field minutes cannot be read");
    }
}
