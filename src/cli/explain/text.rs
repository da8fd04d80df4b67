//! Text: a report for people, from the sentence that matters most to the details. Colours are taken out again where nobody would see them.

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use serde_json::Value as Json;

use super::chain::{Link, LinkState};
use super::report::Report;
use crate::base::clock::now;
use crate::cli::target::printable;
use crate::engine::answers::Answer;
use crate::engine::history::PastWrite;
use crate::engine::inspect::{ApiReport, Inspection};

const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default();
const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// How many of the last writes are shown unless everything is wanted.
const FEW: usize = 3;

/// The whole report.
pub fn render(report: &Report, wide: bool) -> String {
    let mut text = Text(String::new());
    text.head(report);
    text.chain(&report.depends_on);
    if let Some(plan) = &report.plan {
        text.plan(plan);
    }
    text.operator(report);
    text.changes(&report.changes, wide);
    if wide {
        text.conditions(&report.conditions);
    }
    text.advice(report);
    text.0
}

struct Text(String);

impl Text {
    /// One line: `styled` in its style, and `plain` after it.
    fn line(&mut self, style: Style, styled: &str, plain: &str) {
        self.0.push_str(&format!("{style}{}{style:#}{}\n", printable(styled), printable(plain)));
    }

    fn heading(&mut self, words: &str) {
        self.0.push('\n');
        self.line(STRONG, words, "");
    }

    fn head(&mut self, report: &Report) {
        let style = match report.ready.as_str() {
            "True" => GREEN,
            "False" => RED,
            _ => YELLOW,
        };
        let since =
            report.since.as_ref().and_then(|since| since.parse().ok()).map(|since| format!(" (for {})", ago(since)));
        self.line(style, &report.summary(), &since.unwrap_or_default());
        if !report.message.is_empty() {
            self.line(FAINT, "  ", &report.message);
        }
        if !report.current && report.reason.is_some() {
            self.line(YELLOW, "  ", "This is about an earlier edit: no operator has looked at the last one yet.");
        }
        if let Some(id) = &report.external_id {
            self.line(FAINT, "  at the vendor: ", id);
        }
    }

    fn chain(&mut self, links: &[Link]) {
        if links.is_empty() {
            return;
        }
        self.heading("Depends on");
        for link in links {
            let (style, word) = match link.state {
                LinkState::Ok => (GREEN, "ok"),
                LinkState::NotReady => (RED, "not ready"),
                LinkState::Deleting => (RED, "being deleted"),
                LinkState::Missing => (RED, "missing"),
                LinkState::Unknown => (YELLOW, "unknown"),
            };
            let indent = "  ".repeat(link.depth);
            let name = format!("{indent}{} {}/{}: ", link.kind, link.namespace, link.name);
            let reason = link.reason.as_ref().map(|reason| format!(", {reason}")).unwrap_or_default();
            self.0.push_str(&printable(&name));
            self.line(style, word, &reason);
            if let Some(message) = &link.message {
                self.line(FAINT, &format!("{indent}  "), message);
            }
        }
    }

    fn plan(&mut self, plan: &Json) {
        let word = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        self.heading(&format!("Plan {}, not carried out: {}", word(&plan["hash"]), word(&plan["action"])));
        for change in plan["changes"].as_array().into_iter().flatten() {
            let from = change["from"].as_str().filter(|from| !from.is_empty());
            let from = from.map(|from| format!("{from} → ")).unwrap_or_default();
            self.line(YELLOW, &format!("  {}: ", word(&change["field"])), &format!("{from}{}", word(&change["to"])));
        }
    }

    fn operator(&mut self, report: &Report) {
        self.heading("Operator");
        match (&report.operator, &report.operator_silent) {
            (Some(operator), _) => self.inspection(operator),
            (None, Some(why)) => self.line(YELLOW, "  not asked: ", why),
            (None, None) => {}
        }
    }

    fn inspection(&mut self, operator: &Inspection) {
        if !operator.leader {
            self.line(YELLOW, "  this one only watches: ", "another replica works");
        }
        self.line(FAINT, "  next look: ", &turn(operator));
        let Some(api) = &operator.admin_api else {
            self.line(YELLOW, "  AdminApi: ", "not one that this object may use");
            return;
        };
        if let Some(reason) = &api.reason {
            let since = api.since.map(|since| format!(", for {}", ago(since))).unwrap_or_default();
            self.line(RED, "  AdminApi not connected: ", &format!("{reason}{since}"));
        }
        if let Some(breaker) = &api.breaker {
            let by =
                breaker.opened_by.as_ref().map(|class| format!(", opened by answers: {class}")).unwrap_or_default();
            let probe = breaker.next_probe.map(|at| format!(", next try {}", within(at))).unwrap_or_default();
            let style = if breaker.state == "closed" { FAINT } else { RED };
            self.line(style, "  breaker: ", &format!("{}{by}{probe}", breaker.state));
        }
        self.line(FAINT, "  budget: ", &budget(api));
        let guard = &api.guard;
        let held = if guard.holds_this { ", this one among them" } else { "" };
        let told = format!(
            "{} of {} deletions used within {} s, {} held{held}",
            guard.let_go, guard.max_deletions, guard.window_seconds, guard.held
        );
        self.line(if guard.holds_this { RED } else { FAINT }, "  guard: ", &told);
        if let Some(last) = &api.last_answer {
            self.line(FAINT, "  vendor's last answer: ", &answer(last));
        }
        if let Some(failure) = api.last_failure.as_ref().filter(|failure| api.last_answer.as_ref() != Some(failure)) {
            self.line(FAINT, "  vendor's last failure: ", &answer(failure));
        }
    }

    fn changes(&mut self, changes: &[PastWrite], wide: bool) {
        if changes.is_empty() {
            return;
        }
        self.heading("Last writes at the vendor");
        let most = if wide { changes.len() } else { FEW };
        for change in changes.iter().rev().take(most) {
            let code = change.code.map(|code| format!(" {code}")).unwrap_or_default();
            let request = change.request_id.as_ref().map(|id| format!(", request {id}")).unwrap_or_default();
            let editor =
                change.edited_by.as_ref().map(|edit| format!(", asked for by {}", edit.manager)).unwrap_or_default();
            let style = if change.effect == "done" { GREEN } else { RED };
            let what = format!("  {} {} ", change.time.0, change.action);
            let said = format!(" ({} {}{code}{request}){editor}", change.operation, change.outcome);
            self.0.push_str(&printable(&what));
            self.line(style, &change.effect, &said);
            if let Some(message) = &change.message {
                self.line(FAINT, "    ", message);
            }
            for field in change.changes.iter().take(if wide { usize::MAX } else { FEW }) {
                let from = field.from.as_ref().map(|from| format!("{from} → ")).unwrap_or_default();
                self.line(FAINT, &format!("    {}: ", field.field), &format!("{from}{}", field.to));
            }
            let shown = if wide { change.changes.len() } else { change.changes.len().min(FEW) };
            let more = change.changes.len() - shown + change.more_changes as usize;
            if more > 0 {
                self.line(FAINT, "    ", &format!("and {more} more"));
            }
        }
        if changes.len() > most {
            self.line(FAINT, "  ", &format!("and {} before; -o wide shows them", changes.len() - most));
        }
    }

    fn conditions(&mut self, conditions: &[Json]) {
        self.heading("Conditions");
        let word = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        for condition in conditions {
            let name = format!("  {}={} ", word(&condition["type"]), word(&condition["status"]));
            self.line(STRONG, &name, &format!("{}: {}", word(&condition["reason"]), word(&condition["message"])));
        }
    }

    fn advice(&mut self, report: &Report) {
        if report.advice.is_empty() && report.commands.is_empty() {
            return;
        }
        self.heading("What to do");
        for advice in &report.advice {
            self.line(STRONG, &format!("  {}: ", advice.reason), &advice.meaning);
            advice.steps.iter().for_each(|step| self.line(FAINT, "    ", step));
        }
        for command in &report.commands {
            self.line(STRONG, "  ", command);
        }
    }
}

fn turn(operator: &Inspection) -> String {
    let lane = operator.turn.lane.as_ref().map(|lane| format!(" (lane {lane})")).unwrap_or_default();
    match (operator.turn.state.as_str(), operator.turn.next) {
        ("running", _) => "it is being looked at".to_owned(),
        ("waiting", _) => format!("as soon as it is its turn{lane}; {} wait", operator.queue_length),
        ("later", Some(next)) => format!("{}{lane}", within(next)),
        (_, Some(next)) => format!("{}, with the next check of its AdminApi", within(next)),
        _ => "when something changes".to_owned(),
    }
}

fn budget(api: &ApiReport) -> String {
    let Some(limits) = &api.limits else { return "unknown".to_owned() };
    let pace = match limits.requests_per_second {
        Some(pace) => format!("{pace} calls a second, {} at once after a pause", limits.burst),
        None => "no limit a second".to_owned(),
    };
    let waited = api.last_answer.as_ref().filter(|last| last.waited_ms > 0);
    let waited = waited.map(|last| format!("; the last call waited {} ms for it", last.waited_ms)).unwrap_or_default();
    format!("{pace}, {} under way at a time{waited}", limits.concurrency)
}

fn answer(answer: &Answer) -> String {
    let code = answer.code.map(|code| format!(" {code}")).unwrap_or_default();
    let request = answer.request_id.as_ref().map(|id| format!(", request {id}")).unwrap_or_default();
    format!("{} {}{code}{request}, {} ago", answer.operation, answer.outcome, ago(answer.time))
}

/// How long ago, in one unit.
fn ago(time: Timestamp) -> String {
    span(now().as_second().saturating_sub(time.as_second()))
}

fn within(time: Timestamp) -> String {
    match time.as_second().saturating_sub(now().as_second()) {
        seconds if seconds <= 0 => "now".to_owned(),
        seconds => format!("in {}", span(seconds)),
    }
}

fn span(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_the_unit_that_says_enough() {
        let told: Vec<_> = [-5, 0, 119, 120, 7_199, 7_200, 172_800].into_iter().map(span).collect();
        assert_eq!(told, ["0 s", "0 s", "119 s", "2 min", "119 min", "2 h", "2 d"]);
    }
}
