//! Fuzz: whatever a server sends, no decoder panics or hangs, and no fault repeats what was sent.
//!
//! A vendor's decoder is covered by one line of [`fuzz_decoder!`]: its name, the function, and answers as the contract has them.

use std::fmt::Debug;

use proptest::prelude::*;
use reqwest::Url;
use reqwest::header::{DATE, HeaderValue, RETRY_AFTER};
use serde_json::Value as Json;

use super::answer::Answer;
use super::redact::Redactor;
use super::request::{Intent, Method, Request};
use super::setup::parse_url;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::fuzz::{MARKER, leaf, one_in};
use crate::base::secret::{Secret, scrub};

/// The secret that [`Answer::made_up`] knows to hide.
const SECRET: &str = "hunter22";

/// Statuses that mean different things.
pub(crate) const STATUSES: [u16; 12] = [200, 201, 204, 301, 400, 401, 404, 409, 418, 429, 500, 503];

/// Tests of one decoder of answers: `fuzz_decoder!(name, decoder, [samples])`. The decoder is a function of an [`Answer`], and what it
/// returns has to be comparable by its `Debug`; the samples are texts of JSON that it can read.
macro_rules! fuzz_decoder {
    ($name:ident, $decode:expr, [$($sample:expr),+ $(,)?]) => {
        mod $name {
            use super::*;
            use $crate::base::fuzz;
            use $crate::http::fuzz::{STATUSES, hold_to_the_rules, hold_to_the_samples, with_echo};

            const SAMPLES: &[&str] = &[$($sample),+];

            fn sample() -> impl proptest::strategy::Strategy<Value = serde_json::Value> {
                let parsed = SAMPLES.iter().map(|text| serde_json::from_str(text).unwrap());
                proptest::sample::select(parsed.collect::<Vec<serde_json::Value>>())
            }

            #[test]
            fn what_the_contract_has_is_read_and_what_is_new_in_it_passed_over() {
                hold_to_the_samples(SAMPLES, $decode);
            }

            proptest::proptest! {
                #![proptest_config(fuzz::one_in(1))]

                #[test]
                fn bytes(body in proptest::arbitrary::any::<Vec<u8>>(), status in proptest::sample::select(&STATUSES[..])) {
                    hold_to_the_rules(status, body, $decode)?;
                }

                #[test]
                fn json(body in fuzz::json(&["status_code", "message", "accounts", "connections"]), status in proptest::sample::select(&STATUSES[..])) {
                    hold_to_the_rules(status, with_echo(body).into_bytes(), $decode)?;
                }

                #[test]
                fn spoilt_answers(body in proptest::strategy::Strategy::prop_flat_map(sample(), fuzz::spoilt), status in proptest::sample::select(&STATUSES[..])) {
                    hold_to_the_rules(status, with_echo(body).into_bytes(), $decode)?;
                }

                #[test]
                fn garbled_answers(body in fuzz::garbled(proptest::strategy::Strategy::prop_map(sample(), with_echo))) {
                    hold_to_the_rules(200, body.into_bytes(), $decode)?;
                }
            }
        }
    };
}
pub(crate) use fuzz_decoder;

/// The text of `body`, with a message that repeats a secret where it is an object that has a message.
pub(crate) fn with_echo(mut body: Json) -> String {
    if let Some(message) = body.get_mut("message") {
        *message = format!("<p>no {SECRET}\u{7}</p>").into();
    }
    body.to_string()
}

/// Decodes one answer to a read and to a write.
pub(crate) fn hold_to_the_rules<T: Debug>(
    status: u16,
    body: Vec<u8>,
    decode: impl Fn(&Answer) -> Result<T, Fault>,
) -> Result<(), TestCaseError> {
    for intent in [Intent::Read, Intent::Write] {
        let Err(fault) = decode(&Answer::made_up(intent, status, body.clone())) else {
            prop_assert!((200..300).contains(&status), "an answer of {} was taken for a success", status);
            continue;
        };
        let shown = format!("{fault} {fault:?}");
        prop_assert!(!shown.contains(SECRET) && !shown.contains(MARKER), "{}", shown);
        prop_assert!(!fault.detail.is_empty() && fault.detail.chars().count() <= 360, "{}", shown);
        prop_assert!(!fault.detail.contains(char::is_control), "{}", shown);
        // Whatever the vendor says in such an answer, the write may have been done.
        let uncertain = intent == Intent::Write && (fault.class == Class::Broken || status >= 500);
        prop_assert!(!uncertain || fault.delivery == Delivery::Unknown, "{}", shown);
        prop_assert!(intent == Intent::Write || fault.delivery == Delivery::Answered, "{}", shown);
    }
    Ok(())
}

/// Every sample is read, and reads the same with properties that nobody knows yet.
pub(crate) fn hold_to_the_samples<T: Debug>(samples: &[&str], decode: impl Fn(&Answer) -> Result<T, Fault>) {
    let read = |body: String| format!("{:?}", decode(&Answer::made_up(Intent::Read, 200, body)).unwrap());
    for sample in samples {
        let mut body: Json = serde_json::from_str(sample).unwrap();
        let before = read(body.to_string());
        add_everywhere(&mut body);
        assert_eq!(read(body.to_string()), before, "{sample}");
    }
}

fn add_everywhere(body: &mut Json) {
    match body {
        Json::Array(items) => items.iter_mut().for_each(add_everywhere),
        // An empty object can be a list.
        Json::Object(fields) if !fields.is_empty() => {
            fields.values_mut().for_each(add_everywhere);
            fields.insert("since_version_99".into(), serde_json::json!({"deep": [1, null, {"er": MARKER}]}));
        }
        _ => {}
    }
}

/// A secret of four characters or more. Stars are left out: what stands for a secret would be one.
fn secret() -> impl Strategy<Value = String> {
    let odd = "[a-z\"'&<> +%\\\\/é\u{200b}]{4,12}";
    prop_oneof!["[a-z0-9]{4,20}", odd].prop_filter("long enough without its ends", |text| text.trim().len() >= 4)
}

proptest! {
    #![proptest_config(one_in(1))]

    #[test]
    fn a_secret_never_survives_a_quotation(
        secret in secret(), other in secret(), before in "[ -)+-~é<>&\n]{0,20}", after in "[ -)+-~<>\n]{0,20}", form in 0..5usize,
    ) {
        let json = serde_json::to_string(&secret).unwrap();
        let url = super::request::form_encode([("", secret.as_str())]);
        let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let echo = [&secret, &json, &url, &html, secret.trim()].map(str::to_owned)[form].clone();
        let secrets = [Secret::new(secret.as_str()), Secret::new(other)];
        let quoted = Redactor::new(&secrets).quote(&format!("{before}{echo}{after}"), 10_000);
        prop_assert!(!quoted.contains(secret.trim()), "{:?} in {:?}", secret, quoted);
        prop_assert!(!quoted.contains(char::is_control) && !quoted.contains("  "));
        prop_assert_eq!(Redactor::new(&secrets).quote(&quoted, 10_000), quoted);
    }

    #[test]
    fn scrubbing_twice_is_scrubbing_once(secrets in prop::collection::vec("[ab]{4,6}", 0..4), text in "[abc]{0,40}") {
        let secrets: Vec<Secret> = secrets.into_iter().map(Secret::new).collect();
        let once = scrub(&text, &secrets);
        prop_assert_eq!(scrub(&once, &secrets), once.clone());
        prop_assert!(secrets.iter().all(|secret| !once.contains(secret.expose())));
    }

    #[test]
    fn a_quotation_is_no_longer_than_asked(text in any::<String>(), limit in 1..50usize) {
        prop_assert!(Redactor::new([]).quote(&text, limit).chars().count() <= limit);
    }

    #[test]
    fn any_retry_after_is_a_pause_of_an_hour_at_most_or_none(
        after in prop_oneof![
            any::<Vec<u8>>(),
            "-?[0-9]{1,30}".prop_map(String::into_bytes),
            "(Wed|Mon), [0-9]{1,2} (Jan|Feb) [0-9]{4,6} [0-9]{2}:[0-9]{2}:[0-9]{2} (GMT|\\+9999)".prop_map(String::into_bytes),
        ],
        date in any::<Vec<u8>>(),
    ) {
        let mut answer = Answer::made_up(Intent::Read, 429, "");
        for (name, value) in [(RETRY_AFTER, after), (DATE, date)] {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                answer.headers.insert(name, value);
            }
        }
        prop_assert!(answer.retry_after().is_none_or(|pause| pause.as_secs() <= 3600));
        let fault = answer.rejection(429, None);
        prop_assert_eq!(fault.retry_after, answer.retry_after());
    }

    #[test]
    fn an_address_is_safe_or_refused_without_being_repeated(
        text in prop_oneof![
            any::<String>(),
            "(https?|ftp|HTTPS)://([a-z]{1,3}:hunter22@)?(localhost|127\\.0\\.0\\.1|\\[::1\\]|vendor\\.example|[0-9.]{1,12}|é)(:[0-9]{0,6})?(/[a-z.%]{0,6}){0,3}(\\?token=hunter22)?(#hunter22)?",
        ],
    ) {
        match parse_url(&text) {
            Ok(url) => {
                let loopback = ["localhost", "127.", "[::1]"].iter().any(|host| url.host_str().unwrap().starts_with(host));
                prop_assert!(url.scheme() == "https" || (url.scheme() == "http" && loopback), "{}", url);
                prop_assert!(!url.as_str().contains(SECRET), "{}", url);
            }
            Err(error) => {
                prop_assert!(!error.to_string().contains(SECRET), "{}", error);
                prop_assert!(error.to_string().len() < 400 || !text.is_ascii(), "{}", error);
            }
        }
    }

    #[test]
    fn a_call_stays_below_its_base_whatever_is_in_its_path(
        segments in prop::collection::vec(prop_oneof![any::<String>(), Just("..".to_owned()), "[a-z/%.?#]{0,6}"], 1..4),
        query in any::<String>(),
    ) {
        let base = Url::parse("https://vendor.example/api/v1/").unwrap();
        let request = Request::write("change", Method::POST).at(segments.clone()).query("q", query.clone());
        match request.url(&base) {
            Ok(url) => {
                prop_assert_eq!(url.origin(), base.origin());
                prop_assert!(url.path().starts_with("/api/v1/"), "{}", url);
                prop_assert_eq!(url.path_segments().unwrap().count(), 2 + segments.len(), "{}", url);
                prop_assert_eq!(url.query_pairs().next().unwrap().1, query);
            }
            Err(fault) => {
                prop_assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::NotSent));
                prop_assert!(segments.iter().any(|segment| matches!(segment.trim(), "" | "." | "..")));
            }
        }
    }

    /// What stands in for a vendor's words in every fault.
    #[test]
    fn a_rejection_says_something_and_no_secret(code in any::<u16>(), status in prop::sample::select(&STATUSES[..]), message in leaf()) {
        let answer = Answer::made_up(Intent::Write, status, "");
        let message = message.as_str().map(|text| format!("{SECRET}{text}"));
        let fault = answer.rejection(code, message.as_deref());
        prop_assert!(!fault.detail.contains(SECRET) && fault.detail.contains(&code.to_string()), "{}", fault);
    }
}
