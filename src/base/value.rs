//! Tolerant readings of what vendors send: one meaning, whatever JSON type it arrives as.
//!
//! The functions fit `#[serde(deserialize_with = "…")]`; add `#[serde(default)]` where a missing property means the same as a blank
//! one. Text that has no meaning is an error and never a default, with one exception: [`time`] reads it as "unknown", because a time
//! is shown to people and decides nothing.

use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};

/// The decimal digits that a 64-bit float keeps of any number. A longer fraction may have lost some on the way in.
const EXACT_DIGITS: usize = 15;

/// A text, from a string or a number.
///
/// Whole numbers up to 64 bits keep all their digits. Other numbers pass through a 64-bit float, so one with more than 15
/// significant digits is refused: an id with changed digits would name another object, or none.
///
/// # Errors
/// For null, booleans, lists, objects, and numbers whose digits may be lost.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    match from.deserialize_any(ScalarVisitor)? {
        Scalar::Text(text) => Ok(text),
        Scalar::Number(number) => Ok(number),
        Scalar::Null | Scalar::Bool(_) => Err(D::Error::custom("expected a string or a number")),
    }
}

/// A text that may be absent: null and blank are none. Otherwise as [`text`].
///
/// # Errors
/// As [`text`], but for null.
pub fn optional_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match from.deserialize_any(ScalarVisitor)? {
        Scalar::Null => Ok(None),
        Scalar::Text(text) | Scalar::Number(text) => Ok(Some(text).filter(|text| !text.trim().is_empty())),
        Scalar::Bool(_) => Err(D::Error::custom("expected a string or a number")),
    }
}

/// A yes or no: `true`, `1`, `"1"`, `"true"` against `false`, `0`, `"0"`, `"false"`, `""` and null.
///
/// # Errors
/// For anything else.
pub fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    let text = match from.deserialize_any(ScalarVisitor)? {
        Scalar::Null => return Ok(false),
        Scalar::Bool(value) => return Ok(value),
        Scalar::Text(text) | Scalar::Number(text) => text,
    };
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" => Ok(true),
        "0" | "false" | "" => Ok(false),
        _ => Err(D::Error::custom("expected a flag")),
    }
}

/// A yes or no that may be absent: null and blank are none. Otherwise as [`flag`].
///
/// # Errors
/// As [`flag`].
pub fn optional_flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    match optional_scalar(from)? {
        None => Ok(None),
        Some(text) => flag(text.into_deserializer()).map(Some),
    }
}

/// A number of things that may be absent: null and blank are none. Otherwise as [`count`].
///
/// # Errors
/// As [`count`].
pub fn optional_count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    match optional_scalar(from)? {
        None => Ok(None),
        Some(text) => count(text.into_deserializer()).map(Some),
    }
}

fn optional_scalar<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match from.deserialize_any(ScalarVisitor)? {
        Scalar::Null => None,
        Scalar::Bool(value) => Some(value.to_string()),
        Scalar::Text(text) | Scalar::Number(text) => Some(text).filter(|text| !text.trim().is_empty()),
    })
}

/// A number of things, from a whole number or its text; null and blank are 0, and what is too big becomes the biggest.
///
/// # Errors
/// For negative numbers, fractions, and text that is no number.
pub fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let text = match from.deserialize_any(ScalarVisitor)? {
        Scalar::Null => return Ok(0),
        Scalar::Text(text) | Scalar::Number(text) => text,
        Scalar::Bool(_) => return Err(D::Error::custom("expected a count")),
    };
    let digits = text.trim();
    if digits.is_empty() {
        return Ok(0);
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(D::Error::custom("expected a count"));
    }
    Ok(digits.parse().unwrap_or(u32::MAX))
}

/// A point in time, from `YYYY-MM-DD HH:MM:SS` in UTC or from RFC 3339.
///
/// Null, blank, `0000-00-00 00:00:00` (how MySQL writes "never") and text that is no time are none.
///
/// # Errors
/// For booleans, lists and objects.
pub fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    match from.deserialize_any(ScalarVisitor)? {
        Scalar::Text(text) => Ok(parse_time(text.trim())),
        Scalar::Null | Scalar::Number(_) => Ok(None),
        Scalar::Bool(_) => Err(D::Error::custom("expected a time")),
    }
}

fn parse_time(text: &str) -> Option<Timestamp> {
    // A text with a zone is read with that zone; only a text without one is UTC by the vendors' documentation.
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let written = text.parse::<DateTime>().ok()?;
    written.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// A list the way PHP writes one: `[…]`, `{}` when empty, or an object with running numbers as keys.
///
/// # Errors
/// For anything else, null among them: an odd answer must not read as "there are none".
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    from.deserialize_any(ListVisitor(PhantomData))
}

enum Scalar {
    Null,
    Bool(bool),
    Text(String),
    Number(String),
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a single value")
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Scalar, E> {
        let text = value.to_string();
        let significant = text.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
        if significant > EXACT_DIGITS {
            return Err(E::custom("a number with more digits than can be read without loss"));
        }
        Ok(Scalar::Number(text))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(value))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(A::Error::custom("expected a list, found an object"));
            }
            list.push(entries.next_value()?);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "list")]
        items: Vec<u8>,
    }

    fn json<'a, T>(
        read: fn(&mut serde_json::Deserializer<serde_json::de::StrRead<'a>>) -> serde_json::Result<T>,
        source: &'a str,
    ) -> Option<T> {
        read(&mut serde_json::Deserializer::from_str(source)).ok()
    }

    #[test]
    fn text_comes_from_strings_and_numbers() {
        let cases = [
            (r#""5a70d8fcd44aa9.76285892""#, Some("5a70d8fcd44aa9.76285892")),
            (r#""50708840445459.76285892""#, Some("50708840445459.76285892")),
            ("9", Some("9")),
            ("-9", Some("-9")),
            ("9.5", Some("9.5")),
            ("18446744073709551615", Some("18446744073709551615")),
            ("50708840445459.76285892", None),
            ("123456789012345678901234", None),
            ("null", None),
            ("true", None),
            ("[]", None),
            ("{}", None),
        ];
        for (source, expected) in cases {
            assert_eq!(json(|d| text(d), source).as_deref(), expected, "{source}");
        }
    }

    #[test]
    fn optional_text_reads_blank_as_none() {
        for (source, expected) in [
            (r#""x""#, Some(Some("x"))),
            ("7", Some(Some("7"))),
            (r#"" ""#, Some(None)),
            ("null", Some(None)),
            ("[]", None),
        ] {
            let read = json(|d| optional_text(d), source);
            assert_eq!(read.as_ref().map(Option::as_deref), expected, "{source}");
        }
    }

    #[test]
    fn flags_and_counts_have_one_meaning_in_every_type() {
        for source in ["true", "1", r#""1""#, r#""true""#, "1.0"] {
            assert_eq!(json(|d| flag(d), source), Some(true), "{source}");
        }
        for source in ["false", "0", r#""0""#, r#""false""#, r#""""#, "null"] {
            assert_eq!(json(|d| flag(d), source), Some(false), "{source}");
        }
        for source in [r#""maybe""#, "2", "[]", "{}"] {
            assert_eq!(json(|d| flag(d), source), None, "{source}");
        }
        for (source, expected) in [
            (r#""0""#, Some(0)),
            ("0", Some(0)),
            ("null", Some(0)),
            (r#""""#, Some(0)),
            (r#""10""#, Some(10)),
            ("10", Some(10)),
            ("99999999999", Some(u32::MAX)),
            ("-1", None),
            ("1.5", None),
            (r#""ten""#, None),
            ("true", None),
        ] {
            assert_eq!(json(|d| count(d), source), expected, "{source}");
        }
    }

    #[test]
    fn what_may_be_absent_is_none_when_null_or_blank() {
        for source in ["null", r#""""#, r#"" ""#] {
            assert_eq!(json(|d| optional_flag(d), source), Some(None), "{source}");
            assert_eq!(json(|d| optional_count(d), source), Some(None), "{source}");
        }
        for (source, expected) in [("false", Some(false)), ("\"1\"", Some(true)), ("0", Some(false))] {
            assert_eq!(json(|d| optional_flag(d), source), Some(expected), "{source}");
        }
        assert_eq!(json(|d| optional_count(d), "\"587\""), Some(Some(587)));
        assert_eq!((json(|d| optional_flag(d), "2"), json(|d| optional_count(d), "true")), (None, None));
    }

    #[test]
    fn times_without_a_zone_are_utc() {
        let moment: Timestamp = "2021-11-05T19:02:23Z".parse().unwrap();
        for source in [r#""2021-11-05 19:02:23""#, r#""2021-11-05T19:02:23Z""#, r#""2021-11-05T20:02:23+01:00""#] {
            assert_eq!(json(|d| time(d), source), Some(Some(moment)), "{source}");
        }
        for source in [r#""0000-00-00 00:00:00""#, r#""""#, "null", "0", r#""soon""#, r#""2021-13-05 19:02:23""#] {
            assert_eq!(json(|d| time(d), source), Some(None), "{source}");
        }
        assert_eq!(json(|d| time(d), "false"), None);
    }

    #[test]
    fn a_list_comes_the_way_php_writes_it() {
        for (source, expected) in [
            (r#"{"items":[1,2]}"#, Some(vec![1, 2])),
            (r#"{"items":[]}"#, Some(vec![])),
            (r#"{"items":{}}"#, Some(vec![])),
            (r#"{"items":{"0":1,"2":2}}"#, Some(vec![1, 2])),
            ("{}", Some(vec![])),
            (r#"{"items":null}"#, None),
            (r#"{"items":false}"#, None),
            (r#"{"items":{"error":1}}"#, None),
        ] {
            assert_eq!(serde_json::from_str::<Row>(source).ok().map(|row| row.items), expected, "{source}");
        }
    }
}
