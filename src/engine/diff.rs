//! Diff: what differs between the state that is wanted and the one that was seen. Pure.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::state::{Access, Field, State, Value, row};
use crate::base::secret::MASK;

/// A value as people may see it.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// It cannot be read, and was never sent by us.
    Unknown,
    /// The value.
    Plain(Json),
    /// A secret.
    Masked,
}

/// What can be done about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Send the wanted value.
    Set,
    /// Nothing: the vendor cannot change it.
    Refused,
    /// Nothing: the vendor took it when the object was created, and never again.
    NoEffect,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The path below `spec`.
    pub path: String,
    /// What is there.
    pub from: Shown,
    /// What is wanted.
    pub to: Shown,
    /// What can be done.
    pub effect: Effect,
}

impl Shown {
    /// The value as text: JSON, `***` for secrets, `(unknown)` when nobody can tell.
    pub fn text(&self) -> String {
        match self {
            Self::Unknown => "(unknown)".to_owned(),
            Self::Plain(value) => value.to_string(),
            Self::Masked => MASK.to_owned(),
        }
    }

    /// A value with secrets masked.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Plain(value) => Self::Plain(value.clone()),
            Value::Secret(_) => Self::Masked,
        }
    }

    fn of_remembered(text: Option<&String>, wanted: &Value) -> Self {
        match (text, wanted) {
            (None, _) => Self::Unknown,
            (Some(_), Value::Secret(_)) => Self::Masked,
            (Some(text), Value::Plain(_)) => serde_json::from_str(text).map_or(Self::Unknown, Self::Plain),
        }
    }
}

/// Every managed field that differs. A field that the vendor does not show is compared with what was last sent (`remembered`, from
/// `status.applied`); one that is neither shown nor remembered counts as different when it can be set, and as equal when it cannot.
pub fn diff(fields: &[Field], wanted: &State, seen: &State, remembered: &BTreeMap<String, String>) -> Vec<Change> {
    wanted
        .iter()
        .filter_map(|(path, want)| {
            let access = row(fields, path)?.access;
            let sent = remembered.get(path);
            let (same, from) = match seen.get(path) {
                Some(have) => (have == want, Shown::of(have)),
                None => (sent.is_some_and(|sent| *sent == want.remembered()), Shown::of_remembered(sent, want)),
            };
            let effect = match access {
                Access::Readable | Access::WriteOnly => Effect::Set,
                Access::Immutable => Effect::Refused,
                Access::CreateOnly => Effect::NoEffect,
            };
            let nobody_knows = effect != Effect::Set && from == Shown::Unknown;
            (!same && !nobody_knows).then(|| Change { path: path.to_owned(), from, to: Shown::of(want), effect })
        })
        .collect()
}

/// Wants undone what was last sent and is not wanted any more: `undo` says by which value, if by any. Which paths those are.
pub fn withdraw(
    fields: &[Field],
    wanted: &mut State,
    remembered: &BTreeMap<String, String>,
    undo: fn(&str, &str) -> Option<Value>,
) -> Vec<String> {
    let mut withdrawn = Vec::new();
    for (path, sent) in remembered {
        if wanted.get(path).is_none()
            && row(fields, path).is_some()
            && let Some(value) = undo(path, sent)
        {
            wanted.insert(path, value);
            withdrawn.push(path.clone());
        }
    }
    withdrawn
}

/// What to remember once `changes` were carried out (or none were needed): the sent value of every field that cannot be read back.
///
/// A create-only field keeps what was sent at creation, also while the spec has no value for it, so that a later change of it stays
/// visible.
pub fn remember(
    fields: &[Field],
    wanted: &State,
    seen: &State,
    before: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let create_only = |path: &str| row(fields, path).is_some_and(|field| field.access == Access::CreateOnly);
    let kept = before.iter().filter(|(path, _)| create_only(path)).map(|(path, text)| (path.clone(), text.clone()));
    let sent = wanted.iter().filter_map(|(path, want)| {
        let hidden = match row(fields, path)?.access {
            Access::Immutable | Access::CreateOnly => false,
            Access::Readable => seen.get(path).is_none(),
            Access::WriteOnly => true,
        };
        hidden.then(|| (path.to_owned(), want.remembered()))
    });
    kept.chain(sent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FIELDS: &[Field] = &[
        Field { path: "mail", access: Access::Readable, key: false, group: "account" },
        Field { path: "active", access: Access::WriteOnly, key: false, group: "account" },
        Field { path: "name", access: Access::Immutable, key: true, group: "account" },
        Field { path: "password", access: Access::CreateOnly, key: false, group: "account" },
    ];

    fn wanted() -> State {
        let mut state = State::new().with("mail", "a@x").with("active", true).with("name", "N");
        state.insert_secret("password", "fp1:new".into());
        state
    }

    fn paths(changes: &[Change]) -> Vec<(&str, Effect)> {
        changes.iter().map(|change| (change.path.as_str(), change.effect)).collect()
    }

    #[test]
    fn equal_and_remembered_fields_do_not_differ() {
        let seen = State::new().with("mail", "a@x").with("name", "N");
        let sent = BTreeMap::from([("active".into(), "true".into()), ("password".into(), "fp1:new".into())]);
        assert_eq!(diff(FIELDS, &wanted(), &seen, &sent), []);
        assert_eq!(remember(FIELDS, &wanted(), &seen, &sent), sent);
    }

    #[test]
    fn each_access_has_its_own_effect() {
        let seen = State::new().with("mail", "b@x").with("name", "M");
        let sent = BTreeMap::from([("active".into(), "false".into()), ("password".into(), "fp1:old".into())]);
        let changes = diff(FIELDS, &wanted(), &seen, &sent);
        assert_eq!(
            paths(&changes),
            [("active", Effect::Set), ("mail", Effect::Set), ("name", Effect::Refused), ("password", Effect::NoEffect)]
        );
        assert_eq!(changes[0].from, Shown::Plain(json!(false)));
        assert_eq!((changes[3].from.text(), changes[3].to.text()), ("***".into(), "***".into()));
        assert_eq!(remember(FIELDS, &wanted(), &seen, &sent)["password"], "fp1:old");
        assert_eq!(remember(FIELDS, &State::new(), &seen, &sent)["password"], "fp1:old");
    }

    #[test]
    fn what_nobody_knows_is_sent_if_it_can_be_and_left_alone_if_not() {
        let changes = diff(FIELDS, &wanted(), &State::new(), &BTreeMap::new());
        assert_eq!(paths(&changes), [("active", Effect::Set), ("mail", Effect::Set)]);
        assert_eq!(changes[0].from.text(), "(unknown)");
    }

    #[test]
    fn what_was_sent_and_is_not_wanted_any_more_is_undone_once() {
        const SET: &[Field] =
            &[Field { path: "permissions.*", access: Access::WriteOnly, key: false, group: "permissions" }];
        let undo = |_: &str, sent: &str| (sent == "\"Granted\"").then(|| Value::Plain("Revoked".into()));
        let sent: BTreeMap<String, String> = ["permissions.A", "permissions.B", "elsewhere"]
            .map(|path| (path.to_owned(), "\"Granted\"".to_owned()))
            .into();
        let mut wanted = State::new().with("permissions.A", "Granted");
        assert_eq!(withdraw(SET, &mut wanted, &sent, undo), ["permissions.B"]);
        let changes = diff(SET, &wanted, &State::new(), &sent);
        assert_eq!(paths(&changes), [("permissions.B", Effect::Set)]);
        assert_eq!((changes[0].from.text(), changes[0].to.text()), ("\"Granted\"".into(), "\"Revoked\"".into()));

        let sent = remember(SET, &wanted, &State::new(), &sent);
        let mut wanted = State::new().with("permissions.A", "Granted");
        assert_eq!(withdraw(SET, &mut wanted, &sent, undo), <[String; 0]>::default());
        let kept = remember(SET, &wanted, &State::new(), &sent);
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["permissions.A"], "what is undone is forgotten");
    }

    #[test]
    fn a_readable_field_that_is_hidden_is_remembered_while_hidden() {
        let sent = remember(FIELDS, &wanted(), &State::new(), &BTreeMap::new());
        assert_eq!(sent.get("mail").map(String::as_str), Some("\"a@x\""));
        assert_eq!(diff(FIELDS, &wanted(), &State::new(), &sent), []);
    }
}
