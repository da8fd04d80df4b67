//! What a vendor answered, and the rules that make a fault of it.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde::de::DeserializeOwned;

use crate::base::clock;
use crate::base::fault::{Class, Delivery, Fault};
use crate::http::redact::Redactor;
use crate::http::request::Intent;

/// The longest vendor message that a fault quotes, in characters.
const LONGEST_MESSAGE: usize = 300;

/// The longest pause that a vendor can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What a status code means. The same rules hold for HTTP's own status and for one in an answer's body.
///
/// `has_retry_after` tells an overloaded server (503 with a date to come back) from a broken one.
pub fn classify(code: u16, has_retry_after: bool) -> Class {
    match code {
        401 | 403 => Class::Denied,
        404 => Class::Missing,
        409 => Class::Taken,
        429 => Class::Throttled,
        503 if has_retry_after => Class::Throttled,
        408 | 500..=599 => Class::Transient,
        400..=499 => Class::Refused,
        _ => Class::Broken,
    }
}

/// Whether the vendor answered 401: it did nothing, and wants other credentials.
pub fn is_unauthorized(fault: &Fault) -> bool {
    fault.class == Class::Denied && fault.delivery == Delivery::Answered && fault.code == Some(401)
}

/// A complete HTTP answer, of whatever status.
///
/// Not `Debug`: bodies may hold secrets.
pub struct Answer {
    pub(crate) operation: &'static str,
    pub(crate) intent: Intent,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) redactor: Redactor,
}

impl Answer {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Whether the HTTP status is 2xx. Vendors may still say no in the body.
    pub fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// The body, unpacked.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// A header, when it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How long the vendor asks us to wait, by `Retry-After` in seconds or as a date; at most an hour.
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.headers, clock::now())
    }

    /// Whether the body is a JSON object, going by its first character; the `Content-Type` of such vendors says nothing.
    pub fn is_object(&self) -> bool {
        self.trimmed().first() == Some(&b'{')
    }

    /// The body as `T`.
    ///
    /// # Errors
    /// [`Class::Broken`] with the place of the first surprise, never with its text; after a write the outcome is unknown.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(self.trimmed()).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            self.fault(
                Class::Broken,
                format!("the answer is not of the documented shape (line {line}, column {column})"),
            )
        })
    }

    /// The readable part of a vendor's text, without secrets, markup or control characters, and at most `limit` characters long.
    pub fn quote(&self, text: &str, limit: usize) -> String {
        self.redactor.quote(text, limit)
    }

    /// A fault of this answer. `detail` may quote the vendor: secrets are blotted out of it, and it is shortened.
    pub fn fault(&self, class: Class, detail: impl AsRef<str>) -> Fault {
        self.fault_with_code(class, self.status(), detail)
    }

    /// The fault of an answer that says no with `code`, HTTP's own or one in the body, and the vendor's reason where it gave one.
    pub fn rejection(&self, code: u16, message: Option<&str>) -> Fault {
        let pause = self.retry_after();
        let class = classify(code, pause.is_some());
        let reason = message.map(|text| self.quote(text, LONGEST_MESSAGE)).filter(|text| !text.is_empty());
        let detail = match reason {
            Some(reason) => format!("the vendor answered {code}: {reason}"),
            None => format!("the vendor answered {code} and gave no reason"),
        };
        self.fault_with_code(class, code, detail)
    }

    fn fault_with_code(&self, class: Class, code: u16, detail: impl AsRef<str>) -> Fault {
        // 5xx says that something went wrong, not that nothing was done; and an unreadable answer says neither.
        let uncertain = class == Class::Broken || code == 408 || code >= 500 || self.status.is_server_error();
        let delivery = match self.intent {
            Intent::Write if uncertain => Delivery::Unknown,
            Intent::Write | Intent::Read => Delivery::Answered,
        };
        Fault::new(class, self.operation, self.quote(detail.as_ref(), LONGEST_MESSAGE + 60))
            .with_code(code)
            .with_retry_after(self.retry_after())
            .with_delivery(delivery)
    }

    /// An answer that no server gave, for the tests of what reads answers.
    #[cfg(test)]
    pub(crate) fn made_up(intent: Intent, status: u16, body: impl Into<Vec<u8>>) -> Self {
        let redactor = Redactor::new(&[crate::base::secret::Secret::new("hunter22")]);
        let status = StatusCode::from_u16(status).unwrap();
        Self { operation: "test", intent, status, headers: HeaderMap::new(), body: body.into(), redactor }
    }

    /// The body without the byte order mark and blanks that PHP files put before their output.
    fn trimmed(&self) -> &[u8] {
        self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.body).trim_ascii()
    }
}

/// `Retry-After`, measured against the answer's own `Date` so that clocks need not agree; `now` stands in for a missing one.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Digits that overflow are a very long pause, and pauses are capped.
        return Some(value.parse().map_or(LONGEST_PAUSE, Duration::from_secs).min(LONGEST_PAUSE));
    }
    let until = http_date(value)?;
    let since = headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?)).unwrap_or(now);
    let seconds = u64::try_from(until.as_second().saturating_sub(since.as_second())).unwrap_or(0);
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

fn http_date(value: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_classes() {
        for (code, class) in [
            (200, Class::Broken),
            (304, Class::Broken),
            (400, Class::Refused),
            (401, Class::Denied),
            (403, Class::Denied),
            (404, Class::Missing),
            (408, Class::Transient),
            (409, Class::Taken),
            (422, Class::Refused),
            (429, Class::Throttled),
            (500, Class::Transient),
            (503, Class::Transient),
            (0, Class::Broken),
            (999, Class::Broken),
        ] {
            assert_eq!(classify(code, false), class, "{code}");
        }
        assert_eq!(classify(503, true), Class::Throttled);
    }

    #[test]
    fn a_write_is_uncertain_unless_the_vendor_said_no() {
        for (status, delivery) in [
            (400, Delivery::Answered),
            (409, Delivery::Answered),
            (429, Delivery::Answered),
            (408, Delivery::Unknown),
            (500, Delivery::Unknown),
            (200, Delivery::Unknown),
        ] {
            assert_eq!(
                Answer::made_up(Intent::Write, status, "").rejection(status, None).delivery,
                delivery,
                "{status}"
            );
            assert_eq!(
                Answer::made_up(Intent::Read, status, "").rejection(status, None).delivery,
                Delivery::Answered,
                "{status}"
            );
        }
        // The body's code is a no, but HTTP's is a server that fell over: believe the worse.
        assert_eq!(Answer::made_up(Intent::Write, 500, "").rejection(404, None).delivery, Delivery::Unknown);
    }

    #[test]
    fn a_pause_is_read_from_seconds_and_from_dates_and_capped() {
        let now: Timestamp = "2024-01-10T10:00:00Z".parse().unwrap();
        let read = |after: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, after.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            retry_after(&headers, now).map(|pause| pause.as_secs())
        };
        assert_eq!(read("7", None), Some(7));
        assert_eq!(read("99999999999999999999999", None), Some(3600));
        assert_eq!(read("Wed, 10 Jan 2024 10:00:30 GMT", None), Some(30));
        assert_eq!(read("Wed, 10 Jan 2024 12:00:30 GMT", Some("Wed, 10 Jan 2024 12:00:00 GMT")), Some(30));
        assert_eq!(read("Wed, 10 Jan 2024 09:00:00 GMT", None), Some(0));
        assert_eq!(read("soon", None), None);
        assert_eq!(read("-5", None), None);
        assert_eq!(read("", None), None);
    }

    #[test]
    fn the_vendors_reason_is_quoted_without_secrets() {
        let fault = Answer::made_up(Intent::Write, 400, "").rejection(400, Some("<p>bad hunter22\u{7}</p>"));
        assert_eq!(fault.detail, "the vendor answered 400: bad ***");
        let odd = Answer::made_up(Intent::Write, 200, "{\"a\":\"hunter22\"}").json::<Vec<u8>>().unwrap_err();
        assert!(!format!("{odd} {odd:?}").contains("hunter22"));
        assert_eq!((odd.class, odd.delivery), (Class::Broken, Delivery::Unknown));
    }

    #[test]
    fn an_object_is_known_by_its_first_character() {
        assert!(Answer::made_up(Intent::Read, 200, "\u{feff} \n{}").is_object());
        assert!(Answer::made_up(Intent::Read, 200, "\u{feff} \n{}").json::<serde_json::Value>().is_ok());
        assert!(!Answer::made_up(Intent::Read, 200, "[]").is_object());
        assert!(!Answer::made_up(Intent::Read, 200, "<html>").is_object());
        assert!(!Answer::made_up(Intent::Read, 200, "").is_object());
    }
}
