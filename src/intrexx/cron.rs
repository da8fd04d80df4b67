//! Cron: Quartz's cron expressions, checked before the vendor sees them, so that a mistake is told with its field and what to write instead.
//!
//! Everything that Quartz gives a meaning to is taken: six or seven fields, names, lists, steps, ranges over the end (`FRI-MON`), `L`, `L-3`,
//! `W`, `LW`, `#`, and the `C` of old versions. What its reader swallows without a meaning (`5x`, or `MONDAY-FRIDAY`, of which it sees the
//! Monday alone) is refused.

use jiff::civil::Date;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// How far Quartz looks ahead.
const YEARS_AHEAD: i16 = 100;

/// What is wrong with an expression, and what to write instead; both are parts of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub way_out: String,
}

fn objection(problem: impl Into<String>, way_out: impl Into<String>) -> Objection {
    Objection { problem: problem.into(), way_out: way_out.into() }
}

/// One field of an expression.
struct Field {
    name: &'static str,
    least: i16,
    most: i16,
    words: &'static [&'static str],
    /// What may stand there, for people.
    range: &'static str,
}

const SECONDS: Field = Field { name: "seconds", least: 0, most: 59, words: &[], range: "0 to 59" };
const MINUTES: Field = Field { name: "minutes", ..SECONDS };
const HOURS: Field = Field { name: "hours", least: 0, most: 23, words: &[], range: "0 to 23" };
const DAY: Field = Field { name: "day of the month", least: 1, most: 31, words: &[], range: "1 to 31, L or W" };
const MONTH: Field = Field { name: "month", least: 1, most: 12, words: &MONTHS, range: "1 to 12, or JAN to DEC" };
const WEEKDAY: Field = Field {
    name: "day of the week",
    least: 1,
    most: 7,
    words: &WEEKDAYS,
    range: "1 (Sunday) to 7 (Saturday), or SUN to SAT",
};
const YEAR: Field = Field { name: "year", least: 1970, most: 9999, words: &[], range: "a year from 1970 on" };

/// One of the days that a day field names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// This day of a month, where a month has it.
    Number(i16),
    /// A day that every month has, such as the last one.
    Always,
    /// The fifth such weekday, which not every month has.
    Fifth(i16),
}

/// Checks an expression. `today` is what a day has to be no earlier than to be still to come.
///
/// # Errors
/// Quartz would not take it, or it would never fire.
pub fn check(text: &str, today: Date) -> Result<(), Objection> {
    let upper = text.to_ascii_uppercase();
    let fields: Vec<&str> = upper.split_whitespace().collect();
    let (seconds, minutes, hours, day, month, weekday, year) = match *fields {
        [seconds, minutes, hours, day, month, weekday] => (seconds, minutes, hours, day, month, weekday, None),
        [seconds, minutes, hours, day, month, weekday, year] => {
            (seconds, minutes, hours, day, month, weekday, Some(year))
        }
        ref other => return Err(number_of_fields(other.len())),
    };
    SECONDS.numbers(seconds)?;
    MINUTES.numbers(minutes)?;
    HOURS.numbers(hours)?;
    let months = MONTH.numbers(month)?;
    let years = year.map(|year| YEAR.numbers(year)).transpose()?;
    let days = match (day, weekday) {
        ("?", "?") => {
            return Err(objection(
                "both the day of the month and the day of the week are ?",
                "write * for the day of the month to have it run every day",
            ));
        }
        ("?", weekday) => weekdays(weekday)?,
        (day, "?") => days_of_month(day)?,
        (day, weekday) => return Err(both_days(&fields, day, weekday)),
    };
    if ever_fires(&days, &months, years.as_deref(), today) {
        return Ok(());
    }
    Err(match years {
        Some(years) if years.iter().all(|year| *year < today.year()) => {
            objection("it never fires: its years are past", "name a year to come, or leave the seventh field out")
        }
        _ => objection(
            "it never fires: no month that it names has such a day any more",
            "name a day that the month has; L is the last day of each",
        ),
    })
}

fn number_of_fields(count: usize) -> Objection {
    objection(
        format!(
            "it has {count} fields, and needs 6 or 7: seconds, minutes, hours, day of the month, month, day of the week, and a year or none"
        ),
        if count == 5 {
            "put the seconds first, and ? in one of the two day fields, as in 0 30 2 ? * MON-FRI"
        } else {
            "write it as in 0 30 2 ? * MON-FRI"
        },
    )
}

/// Neither of the two day fields is `?`.
fn both_days(fields: &[&str], day: &str, weekday: &str) -> Objection {
    let with = |place: usize| {
        let mut fields = fields.to_vec();
        fields[place] = "?";
        fields.join(" ")
    };
    let problem = "exactly one of the day of the month and the day of the week must be ?, and neither is";
    match (day, weekday) {
        (_, "*") => objection(problem, format!("write {}", with(5))),
        ("*", _) => objection(problem, format!("write {}", with(3))),
        _ => objection(problem, format!("make two triggers of it, {} and {}", with(5), with(3))),
    }
}

impl Field {
    fn objection(&self, item: &str, problem: &str) -> Objection {
        let Self { name, range, .. } = self;
        objection(format!("the field {name} has {item:?}, {problem}"), format!("write {range}, or * for all"))
    }

    /// The numbers that a list of numbers, names, ranges and steps stands for.
    fn numbers(&self, text: &str) -> Result<Vec<i16>, Objection> {
        if text == "?" {
            return Err(objection(
                format!("the field {} is ?", self.name),
                "write * for all; ? belongs into a day field",
            ));
        }
        let mut all = Vec::new();
        for item in text.split(',') {
            all.extend(self.range(item)?);
        }
        Ok(all)
    }

    fn range(&self, item: &str) -> Result<Vec<i16>, Objection> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(self.step(item, step)?)),
            None => (item, None),
        };
        let (first, last) = match range.split_once('-') {
            // Without a number before it, a step counts from the least.
            _ if range == "*" || (range.is_empty() && step.is_some()) => (self.least, self.most),
            Some((first, last)) => self.ends(item, first, last)?,
            None => {
                let first = self.number(item, range)?;
                (first, if step.is_some_and(|step| step > 0) { self.most } else { first })
            }
        };
        // A range has its own end, so that a wide step does no harm there.
        let bounded = range.contains('-');
        if let Some(step) = step.filter(|step| !bounded && *step > self.most) {
            let problem = self.objection(item, &format!("and a step of {step} goes past the end")).problem;
            return Err(objection(problem, format!("write a step of at most {}", self.most)));
        }
        let step = usize::try_from(step.unwrap_or(1).max(1)).unwrap_or(1);
        Ok(match first <= last {
            true => (first..=last).step_by(step).collect(),
            false => (first..=self.most).chain(self.least..=last).step_by(step).collect(),
        })
    }

    fn step(&self, item: &str, step: &str) -> Result<i16, Objection> {
        let digits = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
        let problem = "whose step is no number";
        digits.then(|| step.parse().unwrap_or(i16::MAX)).ok_or_else(|| self.objection(item, problem))
    }

    fn ends(&self, item: &str, first: &str, last: &str) -> Result<(i16, i16), Objection> {
        let is_word = |text: &str| text.starts_with(|first: char| first.is_ascii_alphabetic());
        if is_word(first) != is_word(last) {
            return Err(self.objection(item, "which goes from a name to a number"));
        }
        let (from, to) = (self.number(item, first)?, self.number(item, last)?);
        if self.least == YEAR.least && from > to {
            return Err(self.objection(item, "which goes backwards"));
        }
        Ok((from, to))
    }

    fn number(&self, item: &str, text: &str) -> Result<i16, Objection> {
        let word = self.words.iter().position(|word| *word == text).and_then(|place| i16::try_from(place + 1).ok());
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = word.or_else(|| digits.then(|| text.parse().unwrap_or(i16::MAX)));
        match number {
            Some(number) if (self.least..=self.most).contains(&number) => Ok(number),
            Some(_) => Err(self.objection(item, "which is out of its range")),
            None => Err(self.objection(item, "which is neither a number nor a name of it")),
        }
    }
}

fn days_of_month(text: &str) -> Result<Vec<Day>, Objection> {
    let mut days = Vec::new();
    for item in text.split(',') {
        match item.strip_prefix('L') {
            Some("" | "W") => days.push(Day::Always),
            Some(rest) => {
                let offset = rest.strip_prefix('-').map(|rest| rest.strip_suffix('W').unwrap_or(rest));
                let days_before = offset.and_then(|offset| offset.parse::<u8>().ok()).filter(|days| *days <= 30);
                days_before.ok_or_else(|| DAY.objection(item, "and after L comes W, or - and at most 30 days"))?;
                days.push(Day::Always);
            }
            None => match item.strip_suffix('W') {
                Some(day) => {
                    DAY.number(item, day)?;
                    // Past the end of a month it means the last working day.
                    days.push(Day::Always);
                }
                None => days.extend(DAY.range(plain(item))?.into_iter().map(Day::Number)),
            },
        }
    }
    Ok(days)
}

fn weekdays(text: &str) -> Result<Vec<Day>, Objection> {
    if text.contains(',') && text.contains('L') {
        let problem = "and L goes with no other day there";
        return Err(objection(WEEKDAY.objection(text, problem).problem, "make a trigger of each"));
    }
    if text.matches('#').count() > 1 {
        let problem = "and only one # is taken";
        return Err(objection(WEEKDAY.objection(text, problem).problem, "make a trigger of each"));
    }
    let mut days = Vec::new();
    for item in text.split(',') {
        if item == "L" {
            days.push(Day::Always);
        } else if let Some((day, nth)) = item.split_once('#') {
            let weekday = WEEKDAY.number(item, day)?;
            let nth = nth.parse::<u8>().ok().filter(|nth| (1..=5).contains(nth));
            let nth = nth.ok_or_else(|| {
                let problem = "and after # comes which one of the month, 1 to 5";
                objection(WEEKDAY.objection(item, problem).problem, "write it as in FRI#3, the third Friday")
            })?;
            days.push(if nth == 5 { Day::Fifth(weekday) } else { Day::Always });
        } else if let Some(day) = item.strip_suffix('L') {
            WEEKDAY.number(item, day)?;
            days.push(Day::Always);
        } else {
            WEEKDAY.range(plain(item))?;
            days.push(Day::Always);
        }
    }
    Ok(days)
}

/// A day without the `C` (by the calendar) that old versions had.
fn plain(item: &str) -> &str {
    item.strip_suffix('C').filter(|day| day.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or(item)
}

fn ever_fires(days: &[Day], months: &[i16], years: Option<&[i16]>, today: Date) -> bool {
    let ahead = today.year()..=today.year().saturating_add(YEARS_AHEAD);
    let considered = |year: &i16| years.is_none_or(|years| years.contains(year));
    ahead.filter(considered).any(|year| {
        let first_days = months.iter().filter_map(|month| Date::new(year, i8::try_from(*month).ok()?, 1).ok());
        { first_days }.any(|first| days.iter().any(|day| day.is_in(first, today)))
    })
}

impl Day {
    /// Whether the month that begins with `first` has it, no earlier than `today`.
    fn is_in(self, first: Date, today: Date) -> bool {
        match self {
            Self::Number(day) => {
                let date = i8::try_from(day).ok().and_then(|day| Date::new(first.year(), first.month(), day).ok());
                date.is_some_and(|date| date >= today)
            }
            Self::Always => first.last_of_month() >= today,
            Self::Fifth(weekday) => {
                // Days 29, 30 and 31 fall on the weekdays of the first three.
                let more = i16::from(first.days_in_month()) - 28;
                let opening = i16::from(first.weekday().to_sunday_one_offset());
                (0..more).any(|days| (opening - 1 + days) % 7 + 1 == weekday) && first.last_of_month() >= today
            }
        }
    }
}

#[cfg(test)]
mod tests;
