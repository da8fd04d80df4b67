//! The alerts and the dashboard: sound, tested, and about metrics and labels that there are.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value as Json;

use super::meant;
use super::promql::names;
use super::promtool::promtool;
use crate::harness::root;

const RUNBOOK: &str = "https://github.com/provost/provost/blob/main/docs/runbook.md#";

/// Labels that Prometheus gives to whatever it scrapes.
const OF_TARGETS: [&str; 4] = ["job", "instance", "namespace", "pod"];

fn file(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// Every alert rule.
pub(super) fn alerts() -> Vec<Json> {
    let rules: Json = serde_yaml::from_str(&file("charts/provost/files/alerts.yaml")).unwrap();
    let groups = rules["groups"].as_array().unwrap().iter();
    let alerts: Vec<Json> = groups.flat_map(|group| group["rules"].as_array().unwrap()).cloned().collect();
    assert!(!alerts.is_empty());
    alerts
}

fn text<'a>(value: &'a Json, path: &str) -> &'a str {
    value.pointer(path).and_then(Json::as_str).unwrap_or_else(|| panic!("no {path} in {value}"))
}

/// Holds that a query asks for nothing that there is not.
fn hold(query: &str, place: &str) {
    let found = names(query);
    assert!(!found.metrics.is_empty(), "{place}: no metric in {query}");
    let mut labels: BTreeSet<&str> = OF_TARGETS.into();
    for (name, selectors) in &found.metrics {
        if name == "ALERTS" {
            labels.extend(["alertname", "severity"]);
            continue;
        }
        let (_, known) = meant(name).unwrap_or_else(|| panic!("{place}: there is no {name}"));
        for selector in selectors {
            assert!(known.contains(&selector.as_str()), "{place}: {name} has no label {selector}, but {known:?}");
        }
        labels.extend(known);
    }
    for grouping in &found.groupings {
        assert!(labels.contains(grouping.as_str()), "{place}: nothing in {query} has a label {grouping}");
    }
}

#[tokio::test]
async fn rules_and_configuration_pass_promtool() {
    let folder = root().join("deploy/monitoring");
    promtool(&folder, &["check", "rules", "--lint=all", "--lint-fatal", "alerts.yaml"], "").await.ok();
    promtool(&folder, &["check", "config", "--lint=all", "--lint-fatal", "prometheus.yaml"], "").await.ok();
    let example: Json = serde_yaml::from_str(&file("deploy/monitoring/prometheus.yaml")).unwrap();
    assert_eq!(example["scrape_configs"][0]["honor_labels"], true, "labels of objects would be renamed");
}

#[tokio::test]
async fn every_alert_fires_when_it_should_and_not_before() {
    let folder = root().join("tests/monitoring");
    promtool(&folder, &["test", "rules", "alerts.test.yaml"], "").await.ok();
    let tests: Json = serde_yaml::from_str(&file("tests/monitoring/alerts.test.yaml")).unwrap();
    let (mut fires, mut keeps_quiet) = (BTreeSet::new(), BTreeSet::new());
    for test in tests["tests"].as_array().unwrap().iter().flat_map(|test| test["alert_rule_test"].as_array().unwrap()) {
        let none = test["exp_alerts"].as_array().unwrap().is_empty();
        if none { &mut keeps_quiet } else { &mut fires }.insert(text(test, "/alertname").to_owned());
    }
    let all: BTreeSet<String> = alerts().iter().map(|alert| text(alert, "/alert").to_owned()).collect();
    assert_eq!((&fires, &keeps_quiet), (&all, &all));
}

#[test]
fn every_alert_says_what_it_is_about_and_where_to_go() {
    for alert in alerts() {
        let (name, query) = (text(&alert, "/alert"), text(&alert, "/expr"));
        hold(query, name);
        assert!(["critical", "warning", "info"].contains(&text(&alert, "/labels/severity")), "{name}");
        assert_eq!(text(&alert, "/annotations/runbook_url"), format!("{RUNBOOK}{}", name.to_lowercase()));
        let (summary, description) = (text(&alert, "/annotations/summary"), text(&alert, "/annotations/description"));
        let groupings = names(query).groupings;
        for said in [summary, description] {
            for label in said.split("$labels.").skip(1) {
                let label: String = label.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                assert!(groupings.contains(&label), "{name} speaks of {label}, which its result does not have");
            }
        }
        // It names the object.
        for label in ["namespace", "name"].into_iter().filter(|label| groupings.contains(*label)) {
            assert!(description.contains(&format!("$labels.{label} ")), "{name} does not say its {label}");
        }
    }
}

/// Everything in the dashboard that has a query, with the query.
fn queries(dashboard: &Json) -> Vec<(String, String)> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| {
        let title = text(panel, "/title").to_owned();
        let targets = panel["targets"].as_array().into_iter().flatten();
        targets.map(move |target| (title.clone(), text(target, "/expr").to_owned()))
    });
    let annotations = dashboard["annotations"]["list"].as_array().unwrap().iter();
    targets.chain(annotations.map(|each| (text(each, "/name").to_owned(), text(each, "/expr").to_owned()))).collect()
}

#[tokio::test]
async fn the_dashboard_asks_for_what_there_is() {
    let dashboard: Json = serde_json::from_str(&file("charts/provost/files/dashboard.json")).unwrap();
    let variables: Vec<&Json> = dashboard["templating"]["list"].as_array().unwrap().iter().collect();
    let queries = queries(&dashboard);
    let mut rules = "groups:\n  - name: dashboard\n    rules:\n".to_owned();
    for (number, (title, query)) in queries.iter().enumerate() {
        let mut query = query.replace("$__rate_interval", "5m");
        for variable in &variables {
            query = query.replace(&format!("${}", text(variable, "/name")), ".*");
        }
        assert!(!query.contains('$'), "{title}: a variable that there is not in {query}");
        hold(&query, title);
        writeln!(rules, "      - {{record: \"dashboard:{number}\", expr: {}}}", serde_json::to_string(&query).unwrap())
            .unwrap();
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    std::fs::write(folder.path().join("rules.yaml"), rules).unwrap();
    promtool(folder.path(), &["check", "rules", "rules.yaml"], "").await.ok();
    for variable in variables.iter().filter(|variable| variable["type"] == "query") {
        let query = text(variable, "/definition").strip_prefix("label_values(").unwrap().strip_suffix(')').unwrap();
        let (metric, label) = query.rsplit_once(", ").unwrap();
        hold(metric, text(variable, "/name"));
        let (_, labels) = meant(metric.split('{').next().unwrap()).unwrap();
        assert!(labels.contains(&label), "{query}");
    }
}

#[test]
fn the_dashboard_is_laid_out_as_an_on_call_person_asks() {
    let dashboard: Json = serde_json::from_str(&file("charts/provost/files/dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let rows: Vec<&str> =
        panels.iter().filter(|panel| panel["type"] == "row").map(|panel| text(panel, "/title")).collect();
    let questions = ["Are customers' connections healthy?", "Is a vendor down?", "What is stuck?", "Who is waiting?"];
    assert_eq!(rows[..4], questions);
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels {
        let title = text(panel, "/title");
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: its id is another panel's");
        let place = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        assert!(place("x") + place("w") <= 24, "{title} is wider than a screen");
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(taken.insert((x, y)), "{title} lies over another panel");
            }
        }
        if panel["type"] != "row" {
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
            assert!(!text(panel, "/description").is_empty(), "{title}");
        }
    }
}
