//! What is shown, and what is not shown any more.

use super::*;
use crate::base::fault::Fault;
use crate::engine::condition::{Judgement, READY, stamp};

const SPECS: &[GaugeSpec] = &[
    GaugeSpec { name: "things", labels: &["sort"], help: "Things of this sort", summed: true },
    GaugeSpec { name: "trouble", labels: &["sort"], help: "Trouble with one thing", summed: false },
];

fn gauge(name: &'static str, value: f64) -> Gauge {
    Gauge { name, labels: vec![("sort", "x".to_owned())], value }
}

fn item(kind: &'static str, name: &str) -> Item {
    Item { kind, namespace: "ns".into(), name: name.into() }
}

fn ready() -> Vec<Condition> {
    stamp(&[], &[Judgement::new(READY, true, "Converged", "")], 1, jiff::Timestamp::UNIX_EPOCH)
}

#[test]
fn objects_contribute_and_stop_when_they_go() {
    let metrics = Metrics::new(SPECS);
    for name in ["a", "b"] {
        let gauges = vec![gauge("things", 2.0), gauge("trouble", 1.0)];
        metrics.contribute(&item("T", name), &ready(), &[], Some(gauges));
    }
    let text = metrics.encode().expect("text");
    assert!(text.contains("provost_objects{kind=\"T\",ready=\"True\",reason=\"Converged\"} 2"), "{text}");
    assert!(text.contains("provost_things{sort=\"x\"} 4"), "{text}");
    assert!(text.contains("provost_trouble{namespace=\"ns\",name=\"b\",sort=\"x\"} 1"), "{text}");
    metrics.forget(&item("T", "b"));
    let text = metrics.encode().expect("text");
    assert!(text.contains("provost_things{sort=\"x\"} 2") && !text.contains("name=\"b\""), "{text}");
}

#[test]
fn what_is_not_summed_is_not_added_up_within_one_object_either() {
    let metrics = Metrics::new(SPECS);
    let gauges = vec![gauge("things", 2.0), gauge("things", 3.0), gauge("trouble", 7.0), gauge("trouble", 4.0)];
    metrics.contribute(&item("T", "a"), &ready(), &[], Some(gauges));
    let text = metrics.encode().expect("text");
    assert!(text.contains("provost_things{sort=\"x\"} 5"), "{text}");
    assert!(text.contains("provost_trouble{namespace=\"ns\",name=\"a\",sort=\"x\"} 7"), "{text}");
}

fn call<'a>(fault: Option<&'a Fault>, elapsed: u64, waited: u64) -> Call<'a> {
    let (elapsed, waited) = (Duration::from_secs(elapsed), Duration::from_secs(waited));
    Call { vendor: "V", operation: "list", write: false, fault, status: None, request_id: None, elapsed, waited }
}

#[test]
fn calls_of_an_admin_api_are_shown_while_there_is_one() {
    let metrics = Metrics::new(SPECS);
    let key: Key = ("ns".into(), "api".into());
    metrics.called(&key, &call(None, 3, 2));
    metrics.called(&key, &call(Some(&Fault::new(Class::Transient, "list", "planted")), 3, 1));
    let shown = |metrics: &Metrics| metrics.encode().expect("text").contains("name=\"api\"");
    assert!(!shown(&metrics), "nobody knows that AdminApi");
    metrics.contribute(&item("AdminApi", "api"), &ready(), &[], None);
    let text = metrics.encode().expect("text");
    let own = "namespace=\"ns\",name=\"api\"";
    assert!(text.contains(&format!("provost_admin_api_requests_total{{{own},outcome=\"success\"}} 1")), "{text}");
    assert!(text.contains(&format!("provost_admin_api_requests_total{{{own},outcome=\"transient\"}} 1")), "{text}");
    assert!(text.contains(&format!("provost_admin_api_budget_wait_seconds_total{{{own}}} 3")), "{text}");
    assert!(!text.contains("planted"), "{text}");
    metrics.forget(&item("AdminApi", "api"));
    metrics.called(&key, &call(None, 1, 0));
    assert!(!shown(&metrics));
}

#[test]
fn how_fast_a_vendor_is_has_nothing_of_our_own_waiting_in_it() {
    let metrics = Metrics::new(SPECS);
    metrics.finished(&call(None, 30, 29));
    metrics.finished(&call(Some(&Fault::new(Class::Throttled, "list", "").with_delivery(Delivery::NotSent)), 30, 30));
    let text = metrics.encode().expect("text");
    let labels = "vendor=\"V\",operation=\"list\",access=\"read\"";
    assert!(text.contains(&format!("provost_vendor_request_duration_seconds_sum{{{labels}}} 1.0")), "{text}");
    assert!(text.contains(&format!("provost_vendor_request_duration_seconds_count{{{labels}}} 1\n")), "{text}");
    assert!(text.contains("provost_vendor_request_wait_seconds_sum{vendor=\"V\"} 59.0"), "{text}");
}
