//! Look: what there is of a portal, and what of its configuration the spec asks about.
//!
//! The list of portals says whether it exists. An installation in the vendor's containers has no such list (contract, trap 1): there the
//! portal's own answer says that it exists, and nothing says that it does not.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::facts::{ObservedPortal, PortalFacts, StartedWith};
use super::fields::{PARTS, Part};
use super::spec::IntrexxPortalSpec;
use super::{licenses, restart};
use crate::base::fault::{Class, Fault};
use crate::engine::kind::{Found, Seen, Sought, Unready};
use crate::engine::state::{State, Value};
use crate::intrexx::address::same_guid;
use crate::intrexx::client::Client;
use crate::intrexx::client::settings::WEBSERVER;
use crate::intrexx::open::alike;
use crate::intrexx::wire::portals::Portal;
use crate::intrexx::wire::settings::{MobileKey, Values, is_masked};

/// The field of the mobile app's key.
pub const MOBILE_KEY: &str = "mobile.apiKey";
/// The field that switches the mobile app off.
pub const MOBILE_ENABLED: &str = "mobile.enabled";

const CREATING: (&str, &str) =
    ("PortalCreating", "The server is still making the portal; nothing of it can be read or set before.");
const STOPPED: (&str, &str) =
    ("PortalStopped", "The portal's service does not run, so nothing of it can be read or set.");
const NOT_CONFIGURED: (&str, &str) =
    ("PortalNotConfigured", "The portal exists, and the Administration API was not told of it in its admin-api.yaml.");

/// The reasons why a portal that exists cannot be worked with.
pub const REASONS: [(&str, &str); 3] = [CREATING, STOPPED, NOT_CONFIGURED];

/// The status of a portal whose service does not run.
pub const STOPPED_STATUS: &str = "STOPPED";

type Looked = Result<Found<Seen<PortalFacts>>, Fault>;

/// Looks for a portal.
///
/// # Errors
/// The fault of a call; [`Class::Refused`] when the portal of that name is another one than before.
pub async fn find(client: &Client, sought: &Sought<'_, IntrexxPortalSpec, PortalFacts>) -> Looked {
    let name = sought.external_id.unwrap_or(&sought.spec.portal_name);
    let listed = match client.portals(sought.fresh_after, |portals| portals.by_name(name).cloned()).await {
        Ok(Some(portal)) => portal,
        Ok(None) => return Ok(Found::Absent),
        Err(fault) if fault.class == Class::Unsupported => return unlisted(client, name, sought, fault).await,
        Err(fault) => return Err(fault),
    };
    let mut seen = seen(&listed.name, sought);
    describe(&listed, &mut seen.facts)?;
    let observed = seen.facts.observed.as_ref();
    let status = observed.and_then(|observed| observed.status.as_deref()).unwrap_or_default();
    if listed.is_being_made() {
        let message = format!("the server is making the portal {}; that takes minutes", listed.name);
        return Ok(unreadable(seen, CREATING, message));
    }
    if status == STOPPED_STATUS {
        // Whatever it is set to is in effect when it is back.
        seen.facts.started_with =
            seen.facts.started_with.map(|before| StartedWith { values: BTreeMap::new(), ..before });
        let message = format!("the service of the portal {} does not run; start it on the server", listed.name);
        return Ok(unreadable(seen, STOPPED, message));
    }
    match read(client, sought, false, &mut seen).await {
        Err(fault) if fault.class == Class::Missing => {
            let message = format!(
                "the portal {0} exists, and the Administration API answers 404 for it: name it in admin-api.yaml, with the password of its \
                 administrator, and restart the Administration API",
                listed.name
            );
            Ok(unreadable(seen, NOT_CONFIGURED, message))
        }
        outcome => outcome.map(|()| Found::Present(seen)),
    }
}

/// The same where there is no list.
async fn unlisted(
    client: &Client,
    name: &str,
    sought: &Sought<'_, IntrexxPortalSpec, PortalFacts>,
    unsupported: Fault,
) -> Looked {
    let mut seen = seen(name, sought);
    match read(client, sought, true, &mut seen).await {
        Ok(()) => Ok(Found::Present(seen)),
        Err(fault) if fault.class == Class::Missing && sought.external_id.is_some() => Ok(Found::Unknown(format!(
            "the Administration API answers 404 for the portal {name}, and has no list that tells whether it exists: see whether \
             admin-api.yaml names it"
        ))),
        Err(fault) if fault.class == Class::Missing => Err(Fault {
            detail: format!(
                "this Intrexx lets no portals be created or deleted through its API, as in the vendor's containers, and does not know the \
                 portal {name}: create it there, name it in admin-api.yaml, and restart the Administration API; with policy.adoption: \
                 IfExists it is then taken over"
            ),
            // Our own sentence, which says what to do.
            code: None,
            ..unsupported
        }),
        Err(fault) => Err(fault),
    }
}

/// The fault of a deletion where there is no list of portals.
pub fn cannot_delete(fault: Fault) -> Fault {
    if fault.class != Class::Unsupported {
        return fault;
    }
    let detail = "this Intrexx lets no portals be created or deleted through its API, as in the vendor's containers: delete the portal there, \
                  or set policy.deletion to Orphan to leave it";
    Fault { detail: detail.to_owned(), code: None, ..fault }
}

fn seen(name: &str, sought: &Sought<'_, IntrexxPortalSpec, PortalFacts>) -> Seen<PortalFacts> {
    Seen::new(name, State::new().with("portalName", name), sought.facts.cloned().unwrap_or_default())
}

fn unreadable(
    mut seen: Seen<PortalFacts>,
    (reason, _): (&'static str, &str),
    message: String,
) -> Found<Seen<PortalFacts>> {
    seen.unready = Some(Unready { reason, message, passing: true });
    Found::Unreadable(seen)
}

/// Takes what the list says of a portal into the facts.
fn describe(listed: &Portal, facts: &mut PortalFacts) -> Result<(), Fault> {
    let before = facts.observed.take().unwrap_or_default();
    if let (Some(known), Some(now)) = (&before.guid, &listed.guid)
        && !same_guid(known, now)
    {
        let detail = format!(
            "the portal {} is another one than before: its GUID is {now} and was {known}, so somebody deleted that one and made this one; \
             nothing is changed there: to manage it, delete this object with policy.deletion: Orphan, and apply it again with \
             policy.adoption: IfExists",
            listed.name
        );
        return Err(Fault::new(Class::Refused, "list_portals", detail));
    }
    facts.observed = Some(ObservedPortal {
        guid: listed.guid.clone().or(before.guid),
        display_name: listed.display_name.clone(),
        portal_path: listed.portal_path.clone(),
        version: listed.version.clone(),
        status: listed.status.as_ref().map(|status| status.to_ascii_uppercase()),
        base_url: listed.base_url.clone(),
        licenses: before.licenses,
    });
    Ok(())
}

/// Reads the parts of the configuration that the spec names something of, or at least one when it must be found out whether the portal is
/// there at all.
///
/// # Errors
/// [`Class::Missing`] when the Administration API does not know the portal; else the fault of a call.
async fn read(
    client: &Client,
    sought: &Sought<'_, IntrexxPortalSpec, PortalFacts>,
    at_least_one: bool,
    seen: &mut Seen<PortalFacts>,
) -> Result<(), Fault> {
    let portal = seen.external_id.clone();
    let mut reader = Reader::new(client, &portal);
    if at_least_one && sought.spec.base_url.is_none() {
        reader.prove().await?;
    }
    let mut at_start = BTreeMap::new();
    for part in &PARTS {
        let wanted = part.wanted(sought.spec);
        if wanted.is_empty() {
            continue;
        }
        let values = reader.values(part).await?;
        for (path, want) in &wanted {
            show(part, path, want, &values, &mut seen.state);
        }
        at_start.extend(restart::at_start(part, &values));
        if let (Some(observed), Some(Json::String(url))) = (&mut seen.facts.observed, values.get("base_url")) {
            observed.base_url = Some(url.clone());
        }
    }
    if !at_start.is_empty() {
        let before = seen.facts.started_with.as_ref();
        let started = StartedWith::after(before, &at_start, sought.spec.restarted_at.as_deref());
        seen.conditions.push(started.judge(&at_start));
        seen.facts.started_with = Some(started);
    }
    if sought.spec.mobile.is_some() {
        let key = reader.mobile_key().await?;
        show_mobile(&key, sought, &mut seen.state);
    }
    let observed = seen.facts.observed.get_or_insert_default();
    observed.licenses = Vec::new();
    if sought.spec.licenses.is_some() {
        let shown = reader.known_or(client.licenses(reader.portal).await, Vec::new).await?;
        let state = std::mem::take(&mut seen.state);
        seen.state = licenses::seen(sought.spec, &shown, sought.prints, |key| sought.seal(key), state);
        seen.conditions.push(licenses::judge(&shown));
        observed.licenses = licenses::observed(&shown);
    }
    Ok(())
}

/// Puts what the vendor shows at a path into the state. What it does not show at all is shown as null: it was read back, and is not there
/// (contract, trap 11).
fn show(part: &Part, path: &str, want: &Json, values: &Values, state: &mut State) {
    let shown = part.shown(values, path).unwrap_or(&Json::Null);
    if matches!(shown, Json::String(text) if is_masked(text)) {
        return;
    }
    let same =
        alike(&super::fields::to_wire(want.clone()), shown) || part.section == WEBSERVER && same_url(want, shown);
    let value = if same { want } else { shown };
    state.insert(path, Value::Plain(value.clone()));
}

fn same_url(one: &Json, other: &Json) -> bool {
    let trimmed = |url: &Json| url.as_str().map(|url| url.trim_end_matches('/').to_owned());
    trimmed(one) == trimmed(other)
}

fn show_mobile(key: &MobileKey, sought: &Sought<'_, IntrexxPortalSpec, PortalFacts>, state: &mut State) {
    let enabled = !matches!(key, MobileKey::Unset);
    state.insert(MOBILE_ENABLED, Value::Plain(enabled.into()));
    match key {
        MobileKey::Unset => state.insert(MOBILE_KEY, Value::Plain(Json::Null)),
        MobileKey::Set(key) => state.insert_secret(MOBILE_KEY, sought.seal(key.expose())),
        MobileKey::Hidden => {}
    }
}

/// Reads of one portal, whose 404s have two meanings: that nothing is set, or that the Administration API does not know the portal.
pub struct Reader<'a> {
    client: &'a Client,
    portal: &'a str,
    /// The portal has answered.
    known: bool,
}

impl<'a> Reader<'a> {
    /// Reads of this portal, which is not known yet.
    pub fn new(client: &'a Client, portal: &'a str) -> Self {
        Self { client, portal, known: false }
    }

    /// That the Administration API knows the portal.
    async fn prove(&mut self) -> Result<(), Fault> {
        self.client.section(self.portal, WEBSERVER).await?;
        self.known = true;
        Ok(())
    }

    /// The outcome of a read: for a 404 of a portal that is known, what stands for nothing.
    async fn known_or<T>(&mut self, outcome: Result<T, Fault>, nothing: impl FnOnce() -> T) -> Result<T, Fault> {
        match outcome {
            Err(fault) if fault.class == Class::Missing => {
                if !self.known {
                    self.prove().await?;
                }
                Ok(nothing())
            }
            outcome => {
                self.known |= outcome.is_ok();
                outcome
            }
        }
    }

    /// The values of a part; none where nothing is set.
    ///
    /// # Errors
    /// [`Class::Missing`] when the Administration API does not know the portal; else the fault of the call.
    pub async fn values(&mut self, part: &Part) -> Result<Values, Fault> {
        let outcome = self.client.section(self.portal, part.section).await;
        self.known_or(outcome, Values::new).await
    }

    async fn mobile_key(&mut self) -> Result<MobileKey, Fault> {
        let outcome = self.client.mobile_key(self.portal).await;
        self.known_or(outcome, || MobileKey::Unset).await
    }
}
