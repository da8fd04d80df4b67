//! Connection health: what a TenantAccount says of its customer's app connections, as status, condition and metrics.

use std::collections::HashMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::client::Client;
use super::wire::{Connection, ConnectionStatus, StatusFilter};
use crate::base::fault::Fault;
use crate::engine::kind::Aspect;
use crate::engine::metrics::{Gauge, GaugeSpec};

/// At this many failures in a row the vendor stops synchronising by itself (contract 2.5).
const PAUSED_AT: u32 = 10;
/// How many connections a status names; the rest are counted.
const MOST_NAMED: usize = 50;
/// How far `lastSync` must have moved to be worth a write when nothing else changed.
const SYNC_STEP: i64 = 3600;

const CONDITION: &str = "ConnectionsHealthy";

/// The metrics of app connections.
pub const GAUGES: &[GaugeSpec] = &[
    GaugeSpec {
        name: "app_connections",
        labels: &["integration", "environment", "status", "in_error"],
        help: "App connections of tenant accounts, by app, environment, status (Active, Pending, Inactive or Other) and whether in error",
        summed: true,
    },
    GaugeSpec {
        name: "app_connection_in_error",
        labels: &["integration", "environment", "property"],
        help: "1 for each app connection that the vendor considers in error now",
        summed: false,
    },
    GaugeSpec {
        name: "app_connection_sync_errors",
        labels: &["integration", "environment", "property"],
        help: "Failed synchronisations in a row, for each app connection with any; at 10 the vendor stops synchronising",
        summed: false,
    },
];

/// The reasons of the condition `ConnectionsHealthy`.
pub const REASONS: &[(&str, &str)] = &[
    ("Healthy", "No connection is in a state that spec.connectionHealth.unhealthyWhen names."),
    ("NoConnections", "The customer has not connected an app yet, or none in the statuses asked for."),
    ("InErrorState", "The vendor considers a connection in error; the customer may have to authorise it again."),
    ("SyncPaused", "Synchronising failed ten times in a row, so the vendor stopped trying by itself."),
    ("Inactive", "A connection was cut."),
];

/// Which app connections to look at, and when to call them unhealthy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionHealth {
    /// Which connections to ask for. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 3))]
    pub statuses: Option<Vec<Status>>,
    /// What makes the condition ConnectionsHealthy false. Absent: InErrorState and SyncPaused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 3))]
    pub unhealthy_when: Option<Vec<Trouble>>,
}

/// The state of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Status {
    /// In use.
    Active,
    /// Not finished by the customer.
    Pending,
    /// Cut.
    Inactive,
}

/// What can be wrong with a connection, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Trouble {
    /// Ten failures in a row: the vendor stopped synchronising.
    SyncPaused,
    /// In error now.
    InErrorState,
    /// Cut.
    Inactive,
}

/// The app connections of an account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionsReport {
    /// How many there are, of those that spec.connectionHealth.statuses asks for.
    pub total: u32,
    /// How many are active.
    pub active: u32,
    /// How many the customer has not finished.
    pub pending: u32,
    /// How many were cut.
    pub inactive: u32,
    /// How many the vendor considers in error.
    pub in_error: u32,
    /// The connections themselves, the worst first, 50 at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ConnectionItem>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_shown: u32,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// One app connection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionItem {
    /// The app, such as quickbooks.
    pub integration: String,
    /// Which company within the app's credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// Typically production or sandbox.
    pub environment: String,
    /// Active, Pending, Inactive, or the vendor's own word.
    pub status: String,
    /// The last full synchronisation. It moves in steps of an hour at least, unless something else changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync: Option<String>,
    /// Failures in a row.
    pub error_count: u32,
    /// Whether the vendor considers it in error now.
    pub in_error: bool,
    /// The last failure, while it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The connections of one account as they were looked at.
pub struct Look {
    connections: Vec<Connection>,
    report: ConnectionsReport,
}

/// Looks at the connections of one account: in the copy that all accounts share, or by itself when somebody waits for it.
///
/// # Errors
/// The vendor's.
pub async fn look(
    client: &Client,
    account_key: &str,
    settings: Option<&ConnectionHealth>,
    fresh_after: Instant,
    alone: bool,
    before: Option<&ConnectionsReport>,
) -> Result<Look, Fault> {
    let filter = filter(settings);
    let mut connections = if alone {
        client.connections_of(account_key, &filter).await?
    } else {
        client.connections(&filter, fresh_after, |all| all.of(account_key).to_vec()).await?
    };
    drop_replaced(&mut connections);
    connections.sort_by_cached_key(|connection| (trouble(connection), connection.clone()));
    let mut report = report(&connections);
    if let Some(before) = before.filter(|before| only_sync_moved(before, &report)) {
        report = before.clone();
    }
    Ok(Look { connections, report })
}

fn filter(settings: Option<&ConnectionHealth>) -> StatusFilter {
    let wanted = settings.and_then(|settings| settings.statuses.as_deref()).unwrap_or_default();
    let statuses: Vec<ConnectionStatus> = wanted
        .iter()
        .map(|status| match status {
            Status::Active => ConnectionStatus::Active,
            Status::Pending => ConnectionStatus::Pending,
            Status::Inactive => ConnectionStatus::Inactive,
        })
        .collect();
    StatusFilter::of(&statuses)
}

/// Drops cut connections beside which there is a newer one of the same app: the customer has reconnected it (contract 2.5).
fn drop_replaced(connections: &mut Vec<Connection>) {
    let place = |it: &Connection| (it.integration.clone(), it.property.clone(), it.environment.clone());
    let mut newest = HashMap::new();
    for connection in connections.iter() {
        let known = newest.entry(place(connection)).or_insert(connection.created);
        *known = connection.created.max(*known);
    }
    connections.retain(|connection| {
        let replaced = connection.created.is_some() && newest.get(&place(connection)) > Some(&connection.created);
        connection.status != ConnectionStatus::Inactive || !replaced
    });
}

/// The worst thing about a connection; those without any sort last.
fn trouble(connection: &Connection) -> (bool, Option<Trouble>) {
    let worst = if connection.error_count >= PAUSED_AT {
        Some(Trouble::SyncPaused)
    } else if connection.in_error {
        Some(Trouble::InErrorState)
    } else if connection.status == ConnectionStatus::Inactive {
        Some(Trouble::Inactive)
    } else {
        None
    };
    (worst.is_none(), worst)
}

fn has(connection: &Connection, trouble: Trouble) -> bool {
    match trouble {
        Trouble::SyncPaused => connection.error_count >= PAUSED_AT,
        Trouble::InErrorState => connection.in_error,
        Trouble::Inactive => connection.status == ConnectionStatus::Inactive,
    }
}

fn word(status: &ConnectionStatus) -> String {
    match status {
        ConnectionStatus::Other(word) => word.clone(),
        known => label(known).to_owned(),
    }
}

/// The metric label: what a vendor makes up may be any number of words.
fn label(status: &ConnectionStatus) -> &'static str {
    match status {
        ConnectionStatus::Active => "Active",
        ConnectionStatus::Pending => "Pending",
        ConnectionStatus::Inactive => "Inactive",
        ConnectionStatus::Other(_) => "Other",
    }
}

fn report(connections: &[Connection]) -> ConnectionsReport {
    let count = |wanted: fn(&Connection) -> bool| {
        u32::try_from(connections.iter().filter(|connection| wanted(connection)).count()).unwrap_or(u32::MAX)
    };
    let item = |connection: &Connection| ConnectionItem {
        integration: connection.integration.clone(),
        property: connection.property.clone(),
        environment: connection.environment.clone(),
        status: word(&connection.status),
        last_sync: connection.last_sync.map(|time| time.to_string()),
        error_count: connection.error_count,
        in_error: connection.in_error,
        // The vendor keeps the last message after recovery (contract, trap 7).
        message: connection.error_message.clone().filter(|_| connection.in_error || connection.error_count > 0),
    };
    ConnectionsReport {
        total: count(|_| true),
        active: count(|connection| connection.status == ConnectionStatus::Active),
        pending: count(|connection| connection.status == ConnectionStatus::Pending),
        inactive: count(|connection| connection.status == ConnectionStatus::Inactive),
        in_error: count(|connection| connection.in_error),
        items: connections.iter().take(MOST_NAMED).map(item).collect(),
        not_shown: u32::try_from(connections.len().saturating_sub(MOST_NAMED)).unwrap_or(u32::MAX),
    }
}

/// Whether `after` tells nothing new but synchronisations less than an hour later.
fn only_sync_moved(before: &ConnectionsReport, after: &ConnectionsReport) -> bool {
    let still = |report: &ConnectionsReport| {
        let items = report.items.iter().map(|item| ConnectionItem { last_sync: None, ..item.clone() }).collect();
        ConnectionsReport { items, ..report.clone() }
    };
    let second = |item: &ConnectionItem| Some(item.last_sync.as_deref()?.parse::<jiff::Timestamp>().ok()?.as_second());
    still(before) == still(after)
        && before.items.iter().zip(&after.items).all(|(old, new)| match (second(old), second(new)) {
            (Some(old), Some(new)) => (0..SYNC_STEP).contains(&(new - old)),
            (old, new) => old == new,
        })
}

impl Look {
    /// What goes into the status.
    pub fn into_report(self) -> ConnectionsReport {
        self.report
    }

    /// The condition `ConnectionsHealthy`, which names the worst connection.
    pub fn condition(&self, settings: Option<&ConnectionHealth>) -> Aspect {
        let default = [Trouble::SyncPaused, Trouble::InErrorState];
        let mut watched =
            settings.and_then(|settings| settings.unhealthy_when.clone()).unwrap_or_else(|| default.to_vec());
        watched.sort();
        let total = self.connections.len();
        for trouble in watched {
            let troubled: Vec<&Connection> =
                self.connections.iter().filter(|connection| has(connection, trouble)).collect();
            if let Some(worst) = troubled.first() {
                let more =
                    if troubled.len() > 1 { format!(" (and {} more)", troubled.len() - 1) } else { String::new() };
                return Aspect {
                    condition: CONDITION,
                    holds: false,
                    reason: reason(trouble),
                    message: format!("{}{more}", sentence(worst, trouble)),
                };
            }
        }
        let (reason, message) = match total {
            0 => ("NoConnections", "no app is connected".to_owned()),
            1 => ("Healthy", "1 connection, and all is well".to_owned()),
            _ => ("Healthy", format!("{total} connections, and all is well")),
        };
        Aspect { condition: CONDITION, holds: true, reason, message }
    }

    /// The metrics: counts for all, a series of its own for each connection in trouble.
    pub fn gauges(&self) -> Vec<Gauge> {
        let mut gauges = Vec::new();
        for connection in &self.connections {
            let base =
                vec![("integration", connection.integration.clone()), ("environment", connection.environment.clone())];
            let mut counted = base.clone();
            counted.push(("status", label(&connection.status).to_owned()));
            counted.push(("in_error", connection.in_error.to_string()));
            gauges.push(Gauge { name: "app_connections", labels: counted, value: 1.0 });
            let mut own = base;
            own.push(("property", connection.property.clone().unwrap_or_default()));
            if connection.in_error {
                gauges.push(Gauge { name: "app_connection_in_error", labels: own.clone(), value: 1.0 });
            }
            if connection.error_count > 0 {
                let value = f64::from(connection.error_count);
                gauges.push(Gauge { name: "app_connection_sync_errors", labels: own, value });
            }
        }
        gauges
    }
}

fn reason(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::SyncPaused => "SyncPaused",
        Trouble::InErrorState => "InErrorState",
        Trouble::Inactive => "Inactive",
    }
}

fn sentence(connection: &Connection, trouble: Trouble) -> String {
    let property = connection.property.as_ref().map(|name| format!("{name}, ")).unwrap_or_default();
    let what = match trouble {
        Trouble::SyncPaused => format!("synchronising stopped after {} failures in a row", connection.error_count),
        Trouble::InErrorState => format!("in error, {} failures in a row", connection.error_count),
        Trouble::Inactive => "cut".to_owned(),
    };
    let why = connection.error_message.as_ref().filter(|_| trouble != Trouble::Inactive);
    let why = why.map(|message| format!(": {message}")).unwrap_or_default();
    format!("{} ({property}{}): {what}{why}", connection.integration, connection.environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(error_count: u32, in_error: bool, status: ConnectionStatus, last_sync: &str) -> Connection {
        Connection {
            integration: "quickbooks".into(),
            property: Some("Boss".into()),
            environment: "production".into(),
            status,
            created: None,
            expires: None,
            last_sync: last_sync.parse().ok(),
            last_sync_error: None,
            error_count,
            error_message: Some("token revoked".into()),
            in_error,
            account_key: "k".into(),
            account_name: "n".into(),
        }
    }

    fn look(connections: Vec<Connection>) -> Look {
        Look { report: report(&connections), connections }
    }

    const AT: &str = "2026-11-01T10:00:00Z";

    #[test]
    fn a_message_that_stayed_after_recovery_is_no_trouble() {
        let look = look(vec![connection(0, false, ConnectionStatus::Active, AT)]);
        let condition = look.condition(None);
        assert_eq!((condition.holds, condition.reason), (true, "Healthy"));
        assert_eq!(look.report.items[0].message, None);
    }

    #[test]
    fn the_worst_is_named() {
        let look = look(vec![
            connection(3, true, ConnectionStatus::Active, AT),
            connection(10, true, ConnectionStatus::Active, AT),
        ]);
        let condition = look.condition(None);
        assert_eq!(condition.reason, "SyncPaused");
        assert!(condition.message.contains("quickbooks (Boss, production)"), "{}", condition.message);
        assert_eq!(look.report.in_error, 2);
    }

    #[test]
    fn a_cut_connection_counts_only_when_asked_for() {
        let look = look(vec![connection(0, false, ConnectionStatus::Inactive, AT)]);
        assert!(look.condition(None).holds);
        let settings = ConnectionHealth { statuses: None, unhealthy_when: Some(vec![Trouble::Inactive]) };
        assert_eq!(look.condition(Some(&settings)).reason, "Inactive");
    }

    fn made(created: &str, error_count: u32, status: ConnectionStatus) -> Connection {
        Connection { created: created.parse().ok(), ..connection(error_count, error_count > 0, status, AT) }
    }

    #[test]
    fn an_app_that_was_reconnected_is_healthy_again() {
        let (old, new) = ("2026-09-01T10:00:00Z", "2026-10-01T10:00:00Z");
        let mut connections = vec![made(old, 10, ConnectionStatus::Inactive), made(new, 0, ConnectionStatus::Active)];
        drop_replaced(&mut connections);
        let look = look(connections);
        assert_eq!(look.condition(None).reason, "Healthy");
        assert_eq!((look.report.total, look.report.active, look.report.inactive, look.report.in_error), (1, 1, 0, 0));
        assert!(look.gauges().iter().all(|gauge| gauge.name == "app_connections"));
    }

    #[test]
    fn only_a_cut_connection_is_replaced_and_only_by_a_newer_one_of_the_same_app() {
        let (old, new) = ("2026-09-01T10:00:00Z", "2026-10-01T10:00:00Z");
        let elsewhere = Connection { environment: "sandbox".into(), ..made(new, 0, ConnectionStatus::Active) };
        for other in [made(old, 0, ConnectionStatus::Active), made("unknown", 0, ConnectionStatus::Active), elsewhere] {
            let both = vec![made(old, 10, ConnectionStatus::Inactive), other];
            let mut kept = both.clone();
            drop_replaced(&mut kept);
            assert_eq!(kept, both);
        }
        let both = vec![made(old, 0, ConnectionStatus::Active), made(new, 0, ConnectionStatus::Active)];
        let mut kept = both.clone();
        drop_replaced(&mut kept);
        assert_eq!(kept, both);
    }

    #[test]
    fn a_later_sync_alone_waits_for_an_hour() {
        let at = |time| report(&[connection(0, false, ConnectionStatus::Active, time)]);
        assert!(only_sync_moved(&at(AT), &at("2026-11-01T10:59:00Z")));
        assert!(!only_sync_moved(&at(AT), &at("2026-11-01T11:00:00Z")));
        assert!(!only_sync_moved(&at(AT), &report(&[connection(1, false, ConnectionStatus::Active, AT)])));
    }

    #[test]
    fn fifty_are_named_and_the_rest_counted() {
        let many = (0..60).map(|_| connection(0, false, ConnectionStatus::Active, AT)).collect::<Vec<_>>();
        let report = report(&many);
        assert_eq!((report.total, report.items.len(), report.not_shown), (60, 50, 10));
    }
}
