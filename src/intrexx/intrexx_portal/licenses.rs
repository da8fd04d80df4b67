//! Licences: which of those that the spec names a portal has, and which it has beside. Keys are compared by fingerprint; a field is called
//! by the Secret that holds its key.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::facts::ObservedLicense;
use super::spec::{IntrexxPortalSpec, PortalLicense};
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::engine::diff::{Change, Shown};
use crate::engine::kind::{Aspect, Wanted};
use crate::engine::state::State;
use crate::intrexx::client::Client;
use crate::intrexx::wire::licenses::License;

const CONDITION: &str = "LicensesValid";

/// The reasons of the condition `LicensesValid`.
pub const REASONS: [(&str, &str); 4] = [
    ("AllLicensesValid", "No licence of the portal has ended, and none is used by more than it is for."),
    ("LicenseExpiring", "A licence of the portal ends soon."),
    ("LicenseExpired", "A licence of the portal has ended."),
    ("LicenseViolated", "More seats of a licence are in use than it has."),
];

/// The field for licences that the spec does not name.
const OTHERS: &str = "licenses.others";

/// The path under which the key of a licence is read.
pub fn secret_path(place: usize) -> String {
    format!("licenses[{place}].key")
}

fn path(license: &PortalLicense) -> String {
    let key = &license.key.secret_ref;
    format!("licenses.{}/{}", key.name, key.key)
}

fn is_authoritative(spec: &IntrexxPortalSpec) -> bool {
    spec.licenses.is_some() && spec.licenses_authoritative == Some(true)
}

/// What is wanted of the licences.
pub fn wanted(spec: &IntrexxPortalSpec, mut state: State) -> State {
    for license in spec.licenses.iter().flatten() {
        state = state.with(&path(license), license.count.map_or(Json::Bool(true), Json::from));
    }
    if is_authoritative(spec) { state.with(OTHERS, Json::Array(Vec::new())) } else { state }
}

/// What the vendor shows of them. A licence is the spec's when its key has the fingerprint in `prints`; `seal` takes that of a key.
pub fn seen(
    spec: &IntrexxPortalSpec,
    shown: &[License],
    prints: &BTreeMap<String, String>,
    seal: impl Fn(&str) -> String,
    mut state: State,
) -> State {
    // Without their keys nobody can tell which is which: what was sent is what counts then.
    let told: Option<Vec<(String, &License)>> =
        shown.iter().map(|license| Some((seal(license.key.as_ref()?.expose()), license))).collect();
    let Some(told) = told else { return state };
    let mut ours = Vec::new();
    for (place, license) in spec.licenses.iter().flatten().enumerate() {
        let print = prints.get(&secret_path(place));
        let found = told.iter().find(|(own, _)| print == Some(own));
        let value = match (found, license.count) {
            (None, _) => Json::Null,
            (Some((_, shown)), Some(_)) => Json::from(shown.count),
            (Some(_), None) => Json::Bool(true),
        };
        state = state.with(&path(license), value);
        ours.extend(print);
    }
    if !is_authoritative(spec) {
        return state;
    }
    let others = told.iter().filter(|(own, license)| !license.trial && !ours.contains(&own));
    let mut names: Vec<String> = others.map(|(_, license)| name(license)).collect();
    names.sort();
    state.with(OTHERS, names)
}

fn name(license: &License) -> String {
    let name = license.name.as_deref().or(license.license_type.as_deref()).unwrap_or("a licence without a name");
    format!("{name} ({})", license.count)
}

/// What the status tells of them.
pub fn observed(shown: &[License]) -> Vec<ObservedLicense> {
    let row = |license: &License| ObservedLicense {
        name: license.name.clone(),
        license_type: license.license_type.clone(),
        count: license.count,
        total: license.total,
        valid_until: license.valid_until.clone(),
        trial: license.trial,
        status: license.status.clone(),
    };
    let mut rows: Vec<ObservedLicense> = shown.iter().map(row).collect();
    rows.sort_by(|one, other| {
        (&one.name, &one.license_type, one.count).cmp(&(&other.name, &other.license_type, other.count))
    });
    rows
}

/// Whether all of them are good, by the vendor's own words.
pub fn judge(shown: &[License]) -> Aspect {
    let named = |status: &str| -> Vec<String> {
        let mut names: Vec<String> =
            shown.iter().filter(|license| license.status.as_deref() == Some(status)).map(told).collect();
        names.sort();
        names
    };
    let [expired, violated, expiring] = ["EXPIRED", "VIOLATED", "EXPIRING"].map(named);
    let say = |holds, (reason, _): (&'static str, &str), message: String| Aspect {
        condition: CONDITION,
        holds,
        reason,
        message,
    };
    if !expired.is_empty() {
        say(false, REASONS[2], format!("ended: {}", expired.join(", ")))
    } else if !violated.is_empty() {
        say(false, REASONS[3], format!("more seats are in use than there are: {}", violated.join(", ")))
    } else if !expiring.is_empty() {
        say(true, REASONS[1], format!("ends soon: {}", expiring.join(", ")))
    } else {
        say(true, REASONS[0], "no licence has ended or is overused".to_owned())
    }
}

fn told(license: &License) -> String {
    match &license.valid_until {
        Some(last) => format!("{}, valid until {last}", name(license)),
        None => name(license),
    }
}

/// Carries out changes of licences: those of the spec are added (again, with another count), the others removed.
///
/// # Errors
/// The first fault; repeating it all does no harm.
pub async fn update(client: &Client, portal: &str, wanted: &Wanted<'_, IntrexxPortalSpec>) -> Result<(), Fault> {
    let keys = keys(wanted)?;
    for (license, key) in wanted.spec.licenses.iter().flatten().zip(&keys) {
        let path = path(license);
        let Some(change) = wanted.changes.iter().find(|change| change.path == path) else { continue };
        // The vendor can change no count. The key is at hand, so what is taken away can be given back.
        if is_there(change) {
            client.delete_license(portal, key).await?;
        }
        match client.add_license(portal, key, license.count).await {
            // It came there meanwhile: the next look compares it.
            Err(fault) if fault.class == Class::Taken => {}
            outcome => outcome?,
        }
    }
    if wanted.changes(OTHERS) {
        for license in client.licenses(portal).await?.iter().filter(|license| !license.trial) {
            let ours = |own: &Secret| keys.iter().any(|key| key.expose() == own.expose());
            if let Some(key) = license.key.as_ref().filter(|key| !ours(key)) {
                client.delete_license(portal, key).await?;
            }
        }
    }
    Ok(())
}

fn is_there(change: &Change) -> bool {
    change.from != Shown::Plain(Json::Null)
}

/// The keys of all licences of the spec. Without all of them nobody could say which ones are others.
fn keys(wanted: &Wanted<'_, IntrexxPortalSpec>) -> Result<Vec<Secret>, Fault> {
    let licenses = wanted.spec.licenses.iter().flatten().enumerate();
    let keys = licenses.map(|(place, _)| wanted.secrets.get(&secret_path(place)).cloned());
    keys.collect::<Option<_>>().ok_or_else(|| {
        Fault::new(Class::Refused, "add_license", "a licence key of spec.licenses was not read")
            .with_delivery(Delivery::NotSent)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(authoritative: bool) -> IntrexxPortalSpec {
        let license = |key: &str, count: Option<u32>| {
            let mut license = json!({"key": {"secretRef": {"name": "sales", "key": key}}});
            if let Some(count) = count {
                license["count"] = json!(count);
            }
            license
        };
        serde_json::from_value(json!({
            "adminApi": {"name": "x"}, "portalName": "sales", "licensesAuthoritative": authoritative,
            "licenses": [license("a", Some(25)), license("b", None), license("c", Some(1))],
        }))
        .unwrap()
    }

    fn license(json: Json) -> License {
        serde_json::from_value(json).unwrap()
    }

    fn seal(key: &str) -> String {
        format!("fp1:{}", key.to_lowercase())
    }

    fn look(authoritative: bool, shown: &[License]) -> Vec<(String, Json)> {
        let prints = [("licenses[0].key", "A"), ("licenses[1].key", "B"), ("licenses[2].key", "C")];
        let prints = prints.map(|(path, key)| (path.to_owned(), seal(key))).into();
        let state = seen(&spec(authoritative), shown, &prints, seal, State::new());
        let plain = |(path, value): (&str, &crate::engine::state::Value)| match value {
            crate::engine::state::Value::Plain(value) => (path.to_owned(), value.clone()),
            crate::engine::state::Value::Secret(_) => panic!("{path}"),
        };
        state.iter().map(plain).collect()
    }

    #[test]
    fn licences_are_known_by_the_fingerprints_of_their_keys() {
        let shown = [
            license(json!({"key": "B", "count": 7})),
            license(json!({"key": "A", "count": "20"})),
            license(json!({"key": "X", "count": 3, "name": "Share"})),
            license(json!({"key": "T", "trial": true})),
        ];
        let row = |path: &str, value: Json| (path.to_owned(), value);
        let ours = [
            row("licenses.sales/a", json!(20)),
            row("licenses.sales/b", json!(true)),
            row("licenses.sales/c", Json::Null),
        ];
        assert_eq!(look(false, &shown), ours);
        let mut all = vec![row(OTHERS, json!(["Share (3)"]))];
        all.extend(ours);
        assert_eq!(look(true, &shown), all);
        let masked = [license(json!({"key": "*****", "count": 7}))];
        assert_eq!(look(true, &masked), [], "what nobody can tell is not seen");
    }

    #[test]
    fn the_worst_licence_decides() {
        let statuses = |statuses: &[&str]| {
            let shown: Vec<License> =
                statuses.iter().map(|status| license(json!({"key": "A", "status": status}))).collect();
            let aspect = judge(&shown);
            (aspect.holds, aspect.reason)
        };
        assert_eq!(statuses(&["VALID", "odd"]), (true, "AllLicensesValid"));
        assert_eq!(statuses(&["VALID", "EXPIRING"]), (true, "LicenseExpiring"));
        assert_eq!(statuses(&["violated", "EXPIRING"]), (false, "LicenseViolated"));
        assert_eq!(statuses(&["VIOLATED", "EXPIRED"]), (false, "LicenseExpired"));
    }
}
