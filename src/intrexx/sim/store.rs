//! What one server holds, as plain data: it can be saved as JSON and put back, and nothing in it moves but by its own clock.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::rand;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::clock::precisely_now;
use crate::intrexx::sim::options::Options;
use crate::intrexx::sim::portal::Portal;

/// The properties of an object by name, in the vendor's words.
pub type Fields = Map<String, Value>;

/// Where the vendor keeps its templates.
pub(super) const TEMPLATES: &str = "/opt/intrexx/orgtempl/";
/// Where it keeps its portals.
pub(super) const PORTALS: &str = "/opt/intrexx/org/";

/// A server: how it behaves, and what it holds.
pub(super) struct Store {
    pub options: Options,
    pub state: State,
}

/// What a server holds. It has secrets in it.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// The portals, oldest first.
    pub portals: Vec<Portal>,
    /// The templates, oldest first.
    pub templates: Vec<Template>,
    /// Portal directories on the server's disk.
    pub directories: BTreeSet<String>,
    /// Databases that exist, as `host:port/name`.
    pub databases: BTreeSet<String>,
    /// Licences that the server knows; a portal has shares of them.
    pub licenses: Vec<License>,
    /// The licence of the Administration API; none before it is licensed.
    pub iaa_license: Option<String>,
    /// How often something was done that cannot be undone, by natural key and deed, such as `sales/task/Nightly executed`.
    pub effects: BTreeMap<String, u64>,
    /// Signs tokens; another one makes all of them worthless.
    pub(super) signing_secret: String,
    /// When `POST /auth` was called within the last minute.
    pub(super) auth_calls: Vec<Timestamp>,
    /// What GET still tells of things that were changed, by path.
    pub(super) stale: BTreeMap<String, Vec<Stale>>,
    ahead: SignedDuration,
    last_guid: u32,
}

/// A portal template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// The file's or directory's name.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// A sentence about it.
    pub description: String,
    /// What `POST /portals` takes as its `template_path`.
    pub path: String,
    /// `STANDARD` or `OWN`.
    pub r#type: String,
    /// The version that it was made with.
    pub version: String,
    /// Bytes of the upload; 0 for what came with the product.
    pub size: usize,
}

/// A licence of the server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct License {
    /// The key, which is a secret.
    pub key: String,
    /// Seats in it, to be shared by the portals; 0 for one that is not counted.
    pub total: i64,
    /// `PORTAL_SERVER`, `SHARE`, `CONNECTOR` or `APPLICATION`.
    pub r#type: String,
    /// Its name.
    pub name: String,
    /// Its last day; none when it does not end.
    pub valid_until: Option<Date>,
    /// Whether it is a trial licence.
    pub trial: bool,
}

/// What GET tells of something until an instant, although it is otherwise by now.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Stale {
    pub until: Timestamp,
    pub value: Value,
}

impl Store {
    /// A new server with the portals that the options name.
    pub fn new(options: Options) -> Self {
        let mut store = Self { options, state: State::default() };
        store.state.signing_secret = store.state.new_guid();
        let version = store.options.server.intrexx_version.clone();
        store.state.templates.push(Template {
            name: "blank".to_owned(),
            display_name: "Blank portal".to_owned(),
            description: "A portal without applications".to_owned(),
            path: format!("{TEMPLATES}blank/"),
            r#type: "STANDARD".to_owned(),
            version,
            size: 0,
        });
        if !store.options.server.unlicensed {
            store.state.iaa_license = Some(store.options.credentials.license.clone());
        }
        for name in store.options.server.portals.clone() {
            store.add_portal(&name);
        }
        store
    }

    /// Makes a portal by hand: running, and known to the Administration API. A name that exists gives that portal.
    pub fn add_portal(&mut self, name: &str) -> &mut Portal {
        let place = self.place_of(name).unwrap_or_else(|| {
            let portal = Portal::new(&mut self.state, name, &self.options.server.intrexx_version);
            self.state.directories.insert(portal.portal_path.clone());
            self.state.portals.push(portal);
            self.state.portals.len() - 1
        });
        &mut self.state.portals[place]
    }

    /// Removes a portal by name with its directory and shares of licences; whether there was one.
    pub fn remove_portal(&mut self, name: &str) -> bool {
        let Some(place) = self.place_of(name) else {
            return false;
        };
        let portal = self.state.portals.remove(place);
        self.state.directories.remove(&portal.portal_path);
        true
    }

    /// A portal by its technical name.
    pub fn portal(&mut self, name: &str) -> Option<&mut Portal> {
        let place = self.place_of(name)?;
        self.state.portals.get_mut(place)
    }

    fn place_of(&self, name: &str) -> Option<usize> {
        let sensitive = self.options.server.case_sensitive_names;
        let same = |portal: &Portal| portal.name == name || (!sensitive && portal.name.eq_ignore_ascii_case(name));
        self.state.portals.iter().position(same)
    }

    /// Ends the process of the Administration API and starts it again: it reads its configuration, so it knows all portals then.
    pub fn restart(&mut self, new_secret: bool) {
        for portal in &mut self.state.portals {
            portal.known = true;
        }
        self.state.auth_calls.clear();
        if new_secret {
            self.state.signing_secret = self.state.new_guid();
        }
    }

    /// Ends a portal's service and starts it again: its settings take effect. None when there is no such portal.
    pub fn restart_portal(&mut self, name: &str, takes: SignedDuration) -> Option<()> {
        let (now, stays) = (self.state.now(), self.options.behaviour.standby_survives_restart);
        self.portal(name)?.restart(now.checked_add(takes).unwrap_or(Timestamp::MAX), stays);
        Some(())
    }
}

impl State {
    /// The server's time: the machine's, plus what it was advanced by.
    pub fn now(&self) -> Timestamp {
        precisely_now().checked_add(self.ahead).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock.
    pub(super) fn advance(&mut self, by: SignedDuration) {
        self.ahead = self.ahead.saturating_add(by);
    }

    /// A GUID as the product makes them: 40 hex digits in upper case, unique on this server.
    pub(super) fn new_guid(&mut self) -> String {
        self.last_guid += 1;
        let mut bytes = [0; 16];
        // Without randomness GUIDs are still unique on this server: no two share their count.
        rand::fill(&mut bytes).ok();
        let random: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        format!("{random}{:08X}", self.last_guid)
    }

    /// Notes that something was done which cannot be undone.
    pub(super) fn note(&mut self, key: &str, deed: &str) {
        *self.effects.entry(format!("{key} {deed}")).or_default() += 1;
    }

    /// Puts everything back that people would miss: not the clock, the counts and what is counted, nor who is logged in.
    pub(super) fn put_back(&mut self, kept: Self) {
        let last: Vec<(String, u64)> =
            self.portals.iter().map(|portal| (portal.id.clone(), portal.last_principal)).collect();
        self.portals = kept.portals;
        for portal in &mut self.portals {
            let last = last.iter().find(|(id, _)| *id == portal.id).map_or(0, |(_, last)| *last);
            portal.last_principal = portal.last_principal.max(last);
        }
        self.templates = kept.templates;
        (self.directories, self.databases) = (kept.directories, kept.databases);
        (self.licenses, self.iaa_license) = (kept.licenses, kept.iaa_license);
    }

    /// What GET tells at `path`: `fresh`, or what was there before a change that does not show yet.
    pub(super) fn seen(&self, path: &str, fresh: Value) -> Value {
        let now = self.now();
        let stale = self.stale.get(path).and_then(|values| values.iter().find(|stale| stale.until > now));
        stale.map_or(fresh, |stale| stale.value.clone())
    }

    /// Lets GET tell `value` at `path` until an instant.
    pub(super) fn keep_stale(&mut self, path: String, value: Value, until: Timestamp) {
        let now = self.now();
        self.stale.retain(|_, values| values.iter().any(|stale| stale.until > now));
        self.stale.entry(path).or_default().push(Stale { until, value });
    }

    /// Seats of a licence that portals other than `portal` have.
    pub(super) fn seats_elsewhere(&self, key: &str, portal: &str) -> i64 {
        let others = self.portals.iter().filter(|other| other.name != portal);
        others.filter_map(|other| other.licenses.get(key)).sum()
    }
}
