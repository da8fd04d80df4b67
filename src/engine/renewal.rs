//! Renewal: an AdminApi's own credentials, when a deed of one of its objects replaces them. Where they are to be written is checked before
//! the vendor is asked; once it has answered they are written, however long that takes.

use std::collections::BTreeMap;
use std::time::Duration;

use backon::BackoffBuilder;
use kube::core::object::HasSpec;

use super::connection::item_of;
use super::context::Engine;
use super::credentials::{print_of, prints};
use super::deed::{Begun, RENEWED};
use super::diff::Change;
use super::kind::{Invalid, Kind};
use super::kubernetes::{patience, try_secret, write_secret_keys};
use super::outcome;
use super::pass::Pass;
use super::plan::Hold;
use super::queue::Lane;
use super::realm;
use super::reason::Reason;
use super::reference::{Sort, Target};
use super::report::{Outcome, Stop};
use super::session::Standing;
use super::settle::{Link, admin_api_key};
use super::watch::Key;
use crate::base::fault::Class;
use crate::base::secret::Secret;

/// Failures in a row after which the object's status speaks of credentials that are not written yet.
const PATIENCE: u32 = 2;

/// When an object looks again that was refused after it began a renewal.
const SOON: Duration = Duration::from_secs(5);

/// Whether two fingerprints are of two different sets of credentials. Nobody can tell of those taken under two keys.
pub fn differ(one: &str, other: &str) -> bool {
    realm::differ(one, other)
}

/// The fingerprint of what of the session's credentials a deed of this kind renews.
pub fn print<K: Kind>(engine: &Engine, link: &Link<K>) -> String {
    print_of(engine, &link.session.credentials, K::RENEWED_KEYS)
}

/// The Secret that an AdminApi's credentials are read from.
fn secret_of(engine: &Engine, admin_api: &Key) -> Option<String> {
    let stored = engine.admin_apis.get(admin_api)?;
    Some(stored.0.as_ref().ok()?.spec().credentials.secret_ref.name.clone())
}

/// That new credentials could be written where the old ones were read: in the object's own namespace, in a Secret that takes the write and
/// that nobody else keeps. Nothing is written.
///
/// # Errors
/// They could not, and what to do about that.
pub async fn check_destination<K: Kind>(pass: &Pass<'_, K>, changes: &[Change]) -> Result<(), Stop> {
    let admin_api = admin_api_key(pass.namespace(), pass.spec());
    let (namespace, name) = &admin_api;
    let field = changes.first().map_or("", |change| change.path.as_str());
    if **namespace != *pass.namespace() {
        return Err(Stop::Invalid(Invalid {
            field: field.to_owned(),
            problem: format!(
                "it renews the credentials of the AdminApi {namespace}/{name}, which is of another namespace"
            ),
            way_out: format!("ask for it with an object in {namespace}, and take it out here"),
        }));
    }
    let Some(secret) = secret_of(pass.engine, &admin_api) else {
        let message = format!("the AdminApi {name} does not exist in namespace {namespace}; create it");
        return Err(Stop::Waiting { reason: Reason::AdminApiMissing, message });
    };
    let place = format!("spec.{field} writes new credentials to the Secret {namespace}/{secret}");
    match try_secret(&pass.engine.client, namespace, &secret).await {
        Ok(None) => Ok(()),
        Ok(Some(keeper)) => {
            let message = format!(
                "{place}, which {keeper} keeps and would put the old ones back; nothing was asked of the vendor; have the AdminApi read a \
                 Secret that nobody else writes"
            );
            Err(Stop::Waiting { reason: Reason::SecretNotOurs, message })
        }
        Err(error) if error.is_refusal() => {
            let message =
                format!("{place}, and that would fail: {error}; nothing was asked of the vendor; let us write there");
            Err(Stop::Waiting { reason: Reason::SecretNotWritable, message })
        }
        Err(error) => Err(Stop::Kubernetes(error)),
    }
}

/// Writes new credentials, and does not give up before they are written: nobody else knows them, and the old ones are worth nothing.
/// The fingerprint that the AdminApi's session must not have any more; none when nothing changed.
pub async fn store<K: Kind>(
    pass: &mut Pass<'_, K>,
    link: &Link<K>,
    keys: &BTreeMap<&'static str, Secret>,
) -> Option<String> {
    let admin_api = admin_api_key(pass.namespace(), pass.spec());
    let namespace = admin_api.0.clone();
    // The longest pause for ever, after those that grow.
    let mut pauses = patience().without_max_times().build();
    for failures in 1_u32.. {
        let secret = secret_of(pass.engine, &admin_api).unwrap_or_else(|| admin_api.1.to_string());
        let error = match write_secret_keys(&pass.engine.client, &namespace, &secret, keys).await {
            Ok(content) => {
                pass.engine.references.learned(&Target::new(Sort::Secret, &namespace, &secret), &content.version);
                pass.engine.enqueue(item_of(&admin_api), None, Lane::Edit);
                let new = print_of(pass.engine, &prints(pass.engine, &content.texts()), K::RENEWED_KEYS);
                return Some(print::<K>(pass.engine, link)).filter(|old| *old != new);
            }
            Err(error) => error,
        };
        let message = format!(
            "the vendor has renewed the credentials of the AdminApi {}, and this process alone knows them: they cannot be written to the \
             Secret {namespace}/{secret} ({}); mend that, and do not stop the operator before it is done",
            admin_api.1,
            error.without(keys.values())
        );
        tracing::error!(admin_api = %admin_api.1, %namespace, message, "new credentials are not written yet, will try again");
        if failures > PATIENCE {
            let stop = Stop::Held(Hold { reason: Reason::RenewalUnfinished, message });
            let item = pass.item();
            // Whatever keeps Kubernetes from taking this is told above.
            drop(outcome::record(&item, pass, &Outcome::Stopped(stop)).await);
        }
        tokio::time::sleep(pauses.next().unwrap_or_default()).await;
    }
    None
}

/// What an object says that began to renew its AdminApi's credentials when the vendor takes the old ones no more.
pub fn explain<K: Kind>(pass: &Pass<'_, K>, stop: Stop) -> Stop {
    let admin_api = admin_api_key(pass.namespace(), pass.spec());
    let refused =
        matches!(pass.engine.sessions.get(&admin_api), Some(Standing::Disconnected { reason: Reason::Denied, .. }))
            && !pass.engine.sessions.is_accused(&admin_api);
    let begun = pass.begun();
    let lost = begun.iter().find(|(group, mark)| is_open::<K>(group, mark));
    let Some((_, mark)) = lost.filter(|_| refused && stop.reason() == Reason::AdminApiNotReady) else { return stop };
    let secret = secret_of(pass.engine, &admin_api).unwrap_or_default();
    let message = format!(
        "{} was begun, its answer did not come, and the vendor does not take the credentials of the AdminApi {} any more: {} and write them to \
         the Secret {}/{secret}; the rest goes by itself",
        mark.fields(),
        admin_api.1,
        K::RENEWAL_LOST,
        admin_api.0,
    );
    Stop::Held(Hold { reason: Reason::RenewalUnfinished, message })
}

/// A refusal that an object meets after it began a renewal. Whether it was for the credentials is for the AdminApi to say, in a moment.
pub fn soon<K: Kind>(pass: &Pass<'_, K>, stop: Stop) -> Stop {
    match stop {
        Stop::Vendor(fault)
            if fault.class == Class::Denied && pass.begun().iter().any(|(group, mark)| is_open::<K>(group, mark)) =>
        {
            Stop::Later { reason: Reason::Denied, message: fault.to_string(), pause: SOON }
        }
        stop => stop,
    }
}

/// Whether this is a renewal of which no new credentials are known to be written.
fn is_open<K: Kind>(group: &str, mark: &Begun) -> bool {
    K::RENEWS.contains(&group) && mark.recorded.as_deref() != Some(RENEWED)
}
