//! Text: a plan for people. Colours are taken out again where nobody would see them.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};
use serde_json::Value as Json;

use super::report::{Act, At, Complaint, Entry, Line, Report, Taken, Why};
use crate::engine::reason::Reason;

const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();
const MAGENTA: Style = AnsiColor::Magenta.on_default();
const RED: Style = AnsiColor::Red.on_default();
const FAINT: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

/// The whole report; with `verbose` also the objects that are as they should be.
pub fn render(report: &Report, verbose: bool) -> String {
    let mut text = Text::default();
    let mut last = None;
    for error in &report.errors {
        text.complaint(error, &mut last);
    }
    for entry in report.objects.iter().filter(|entry| verbose || !entry.is_unchanged()) {
        text.entry(entry);
    }
    for note in &report.notes {
        text.line(YELLOW, "Note: ", note);
    }
    if !report.skipped.is_empty() {
        let kinds: Vec<String> = report.skipped.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let count = report.skipped.values().sum();
        text.line(FAINT, "", format!("Skipped {} that Provost does not manage: {}", objects(count), kinds.join(", ")));
    }
    text.summary(report);
    text.0
}

#[derive(Default)]
struct Text(String);

impl Text {
    /// One line: `styled` in its style, and `plain` after it.
    fn line(&mut self, style: Style, styled: impl Display, plain: impl Display) {
        let (styled, plain) = (printable(&styled.to_string()), printable(&plain.to_string()));
        self.0.push_str(&format!("{style}{styled}{style:#}{plain}\n"));
    }

    /// A manifest's mistakes under one heading.
    fn complaint(&mut self, error: &Complaint, last: &mut Option<String>) {
        let Some(object) = &error.object else {
            self.line(RED, "x ", &error.why.message);
            *last = None;
            return;
        };
        let heading = format!("{} {}/{}{}", object.kind, object.namespace, object.name, place(error.place.as_ref()));
        if last.as_ref() != Some(&heading) {
            self.line(RED, "x ", &heading);
            *last = Some(heading);
        }
        match &error.field {
            Some(field) => self.line(STRONG, format!("    {field}: "), &error.why.message),
            None => self.why(RED, &error.why),
        }
    }

    fn entry(&mut self, entry: &Entry) {
        let (style, symbol, words) = heading(entry);
        let object = format!("{} {}/{}", entry.kind, entry.namespace, entry.name);
        self.0.push_str(&format!("{style}{symbol} {STRONG}{}{STRONG:#}{style} ", printable(&object)));
        self.line(style, words, place(Some(&entry.place)));
        if let Some(why) = entry.error.as_ref().or(entry.hold.as_ref()) {
            self.why(style, why);
        }
        for line in &entry.changes {
            self.change("    ", entry.action, line);
        }
        if let Some(then) = &entry.then {
            self.line(MAGENTA, "    ! what follows is held", "");
            self.0.push_str("  ");
            self.why(MAGENTA, &then.why);
            for line in &then.changes {
                self.change("      ", Some(Act::Update), line);
            }
        }
        for line in &entry.kept {
            let (from, to) = (shown(line.from.as_ref(), line.secret), shown(line.to.as_ref(), line.secret));
            let is = |reason: Reason| line.reason == Some(reason.word());
            let why = if is(Reason::CreateOnlyChanged) {
                "the vendor takes it at creation only"
            } else if is(Reason::ImmutableDiffers) {
                "the vendor cannot change it"
            } else {
                "policy.drift is Report"
            };
            let what = match line.secret {
                true => "it changed since it was sent".to_owned(),
                false => format!("{from} stays; the manifest says {to}"),
            };
            self.line(FAINT, format!("    = {}: ", line.field), format!("{what}, but {why}"));
        }
    }

    fn why(&mut self, style: Style, why: &Why) {
        self.line(style, format!("    {}: ", why.reason), &why.message);
    }

    fn change(&mut self, indent: &str, action: Option<Act>, line: &Line) {
        let to = shown(line.to.as_ref(), line.secret);
        let value = match action {
            Some(Act::Create | Act::Run) => to,
            _ => format!("{} → {to}", shown(line.from.as_ref(), line.secret)),
        };
        self.line(STRONG, format!("{indent}{}: ", line.field), value);
    }

    fn summary(&mut self, report: &Report) {
        let sum = &report.summary;
        if report.objects.is_empty() && sum.errors > 0 {
            let errors = if sum.errors == 1 { "1 error" } else { &format!("{} errors", sum.errors) };
            self.line(STRONG, "Plan: ", format!("none, because of {errors}; no vendor was asked"));
            return;
        }
        let mut parts = vec![format!("{} to create", sum.create), format!("{} to change", sum.update)];
        let rare = [(sum.run, "to run"), (sum.adopt, "to take over"), (sum.remove, "to remove")];
        parts.extend(rare.iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")));
        parts.push(format!("{} unchanged", sum.unchanged));
        parts.push(format!("{} held", sum.held));
        parts.push(if sum.errors == 1 { "1 error".to_owned() } else { format!("{} errors", sum.errors) });
        self.line(STRONG, "Plan: ", parts.join(", "));
    }
}

fn heading(entry: &Entry) -> (Style, char, String) {
    let id = entry.external_id.as_deref().unwrap_or_default();
    let Some(action) = entry.action else { return (RED, 'x', "cannot be planned".to_owned()) };
    match &entry.hold {
        Some(hold) if hold.is_error() => return (RED, '!', "cannot be carried out".to_owned()),
        Some(hold) if !hold.waits() => return (MAGENTA, '!', "differs, and is left as it is".to_owned()),
        _ => {}
    }
    let (style, symbol, words) = match action {
        Act::None => (FAINT, '=', "is as it should be".to_owned()),
        Act::Create => (GREEN, '+', "will be created".to_owned()),
        Act::Run => (GREEN, '+', "will be done, once".to_owned()),
        Act::Update => (YELLOW, '~', "will be changed".to_owned()),
        Act::Adopt => (CYAN, '>', taking(entry, id)),
        Act::Disable => (RED, '-', "is being deleted, and will be switched off at the vendor".to_owned()),
        Act::Delete => (RED, '-', "is being deleted, and will be deleted at the vendor".to_owned()),
        Act::Release => (RED, '-', "is being deleted, and nothing will be done at the vendor".to_owned()),
    };
    match entry.hold {
        Some(_) => (MAGENTA, '!', format!("{words}, but not yet")),
        None => (style, symbol, words),
    }
}

fn taking(entry: &Entry, id: &str) -> String {
    match entry.claim {
        Some(Taken::Announced) => format!("will take up {id:?}, which it created when the answer was lost"),
        Some(Taken::Revived) => format!("will take up {id:?} again, which its predecessor switched off"),
        Some(Taken::Annotated | Taken::HandedOver | Taken::Policy) | None => match entry.changes.is_empty() {
            true => format!("will take over {id:?}"),
            false => format!("will take over {id:?}, and change it at the next resync"),
        },
    }
}

fn place(at: Option<&At>) -> String {
    at.map(|At { file, line, .. }| format!("  ({file}:{line})")).unwrap_or_default()
}

fn shown(value: Option<&Json>, secret: bool) -> String {
    match value {
        None => "(unknown)".to_owned(),
        Some(Json::String(mask)) if secret => mask.clone(),
        Some(value) => value.to_string(),
    }
}

fn objects(count: usize) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}

/// Vendors' and manifests' texts must not move the cursor of who reads them.
fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
