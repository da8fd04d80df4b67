//! IntrexxPortal: a portal, from its creation to its licences.
//!
//! Its external id is the technical name, with which all calls but one are made; its GUID is kept in the status, so that a portal made anew
//! under the same name is not taken for the same one (contract, traps 4 and 5). Of its configuration only those parts are read that the
//! spec names something of: one call each.

mod creation;
mod facts;
mod fields;
mod licenses;
mod listing;
mod look;
mod restart;
mod spec;

use std::borrow::Cow;
use std::time::Duration;

use tokio::time::Instant;

use super::Intrexx;
use super::client::Client;
use super::wire::new_portal::Demolition;
use crate::base::fault::Fault;
use crate::engine::kind::{
    Attempt, Created, Found, Identity, Invalid, Kind, Listing, Progress, SecretKey, Seen, Sought, Wanted,
};
use crate::engine::policy::{Deletion, Deletions};
use crate::engine::sibling::Siblings;
use crate::engine::state::{Field, State, row};

pub use facts::{ObservedLicense, ObservedPortal, PortalFacts, StartedWith};
pub use spec::*;

use fields::{LICENSES_GROUP, MOBILE_GROUP, PARTS};

/// The reasons of its conditions, each with its meaning.
const REASONS: &[(&str, &str)] = &{
    let [creating, stopped, not_configured] = look::REASONS;
    let [pending, in_effect] = restart::REASONS;
    let [good, expiring, expired, violated] = licenses::REASONS;
    [creating, stopped, not_configured, pending, in_effect, good, expiring, expired, violated]
};

/// Older than any copy of a list that is kept.
const LONG_AGO: Duration = Duration::from_hours(24);

/// How a portal is found, and what to call.
pub struct Portals;

impl Kind for Portals {
    type Vendor = Intrexx;
    type Spec = IntrexxPortalSpec;
    type Facts = PortalFacts;
    type Object = IntrexxPortal;

    // Nothing is known to refuse a second creation while the first one is under way.
    const IDENTITY: Identity = Identity::Listed;
    const ID_FORM: &'static str = "its technical name";
    const DELETIONS: Deletions = &[Deletion::Orphan, Deletion::Delete];
    const UNLISTED: Option<&'static str> = None;
    const FIELDS: &'static [Field] = fields::FIELDS;
    const REASONS: &'static [(&'static str, &'static str)] = REASONS;

    fn lag(client: &Client) -> Duration {
        client.creation_timeout()
    }

    fn natural_key(spec: &IntrexxPortalSpec) -> String {
        format!("portal {}", spec.portal_name)
    }

    fn secrets(spec: &IntrexxPortalSpec) -> Vec<(Cow<'static, str>, &SecretKey)> {
        let database = spec.create.as_ref().and_then(|create| create.database.as_ref());
        let search = spec.create.as_ref().and_then(|create| create.search.as_ref()?.authentication.as_ref());
        let sources = [
            (creation::DATABASE_PASSWORD, database.and_then(|database| database.password.as_ref())),
            (creation::ADMIN_PASSWORD, database.and_then(|database| database.admin_password.as_ref())),
            (creation::SEARCH_PASSWORD, search.map(|login| &login.password)),
            (look::MOBILE_KEY, spec.mobile.as_ref().and_then(|mobile| mobile.api_key.as_ref())),
        ];
        let named = sources.into_iter().filter_map(|(path, source)| Some((Cow::Borrowed(path), &source?.secret_ref)));
        let licenses = spec.licenses.iter().flatten().enumerate();
        let keys = licenses.map(|(place, license)| (Cow::Owned(licenses::secret_path(place)), &license.key.secret_ref));
        named.chain(keys).collect()
    }

    fn desired(spec: &IntrexxPortalSpec, _: &Siblings) -> Result<State, Invalid> {
        fields::check(spec)?;
        let mut state = State::new().with("portalName", spec.portal_name.as_str());
        for (path, value) in spec.create.iter().flat_map(fields::creation) {
            state = state.with(&path, value);
        }
        for (path, value) in PARTS.iter().flat_map(|part| part.wanted(spec)) {
            state = state.with(&path, value);
        }
        if spec.mobile.as_ref().is_some_and(|mobile| mobile.api_key.is_none()) {
            state = state.with(look::MOBILE_ENABLED, false);
        }
        Ok(licenses::wanted(spec, state))
    }

    async fn find(
        client: &Client,
        sought: &Sought<'_, IntrexxPortalSpec, PortalFacts>,
    ) -> Result<Found<Seen<PortalFacts>>, Fault> {
        look::find(client, sought).await
    }

    async fn list(client: &Client, fresh_after: Instant) -> Result<Listing, Fault> {
        listing::list(client, fresh_after).await
    }

    async fn create(
        client: &Client,
        wanted: &Wanted<'_, IntrexxPortalSpec>,
        _: Attempt<'_>,
    ) -> Result<Progress<PortalFacts>, Fault> {
        let guid = creation::create(client, wanted).await?;
        let observed = guid.map(|guid| ObservedPortal { guid: Some(guid), ..ObservedPortal::default() });
        let facts = PortalFacts { observed, started_with: None };
        Ok(Progress::Done(Created { external_id: wanted.spec.portal_name.clone(), facts }))
    }

    async fn update(
        client: &Client,
        external_id: &str,
        wanted: &Wanted<'_, IntrexxPortalSpec>,
        _: &mut PortalFacts,
    ) -> Result<(), Fault> {
        let group = wanted.changes.first().and_then(|change| row(Self::FIELDS, &change.path)).map(|field| field.group);
        match group {
            Some(LICENSES_GROUP) => licenses::update(client, external_id, wanted).await,
            Some(MOBILE_GROUP) => match wanted.secrets.get(look::MOBILE_KEY) {
                Some(key) => client.set_mobile_key(external_id, key).await,
                None => client.delete_mobile_key(external_id).await,
            },
            Some(group) => match PARTS.iter().find(|part| part.group == group) {
                Some(part) => client.set_section(external_id, part.section, &part.changed(wanted)).await,
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    async fn delete(
        client: &Client,
        external_id: &str,
        spec: &IntrexxPortalSpec,
        _: &PortalFacts,
    ) -> Result<(), Fault> {
        // The copy that the decision was made from.
        let any_age = Instant::now().checked_sub(LONG_AGO).unwrap_or_else(Instant::now);
        let judged = client.portals(any_age, |portals| portals.by_name(external_id).cloned()).await;
        let Some(judged) = judged.map_err(look::cannot_delete)? else { return Ok(()) };
        let options = spec.deletion_options.as_ref();
        let demolition = Demolition {
            delete_database: options.and_then(|options| options.delete_database),
            delete_portal_directory: options.and_then(|options| options.delete_portal_directory),
        };
        client.delete_portal(&judged, &demolition).await
    }
}
