//! Counters: what was written to Kubernetes so far, from the API server's own metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use kube::Client;

/// Writes by resource, with the subresource behind a slash. Leases are left out: they are renewed by the clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writes(BTreeMap<String, u64>);

impl Writes {
    /// All so far.
    pub async fn so_far(client: &Client) -> Self {
        let request = http::Request::get("/metrics").body(Vec::new()).unwrap();
        let text = client.request_text(request).await.unwrap();
        let mut writes = BTreeMap::new();
        for line in text.lines().filter(|line| line.starts_with("apiserver_request_total{")) {
            let label = |name: &str| {
                let (_, rest) = line.split_once(&format!("{name}=\""))?;
                rest.split_once('"').map(|(value, _)| value.to_owned())
            };
            let verb = label("verb").unwrap_or_default();
            let resource = label("resource").unwrap_or_default();
            let ours = ["tenantaccounts", "adminapis", "events", "secrets", "configmaps"].contains(&resource.as_str());
            if !ours || !["POST", "PATCH", "PUT", "APPLY", "DELETE"].contains(&verb.as_str()) {
                continue;
            }
            let subresource = label("subresource").filter(|name| !name.is_empty());
            let name = subresource.map_or_else(|| resource.clone(), |sub| format!("{resource}/{sub}"));
            *writes.entry(name).or_default() += line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64;
        }
        Self(writes)
    }

    /// How many of one resource.
    pub fn of(&self, resource: &str) -> u64 {
        self.0.get(resource).copied().unwrap_or_default()
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// What was added since `before`.
    pub fn since(&self, before: &Self) -> Self {
        let added = self.0.iter().map(|(name, count)| (name.clone(), count - before.of(name)));
        Self(added.filter(|(_, count)| *count > 0).collect())
    }

    /// In words, for a line of the table.
    pub fn words(&self) -> String {
        self.0.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    }
}

/// Waits until nothing was written for `pause`: Events come after what they tell of.
pub async fn quiet(client: &Client, pause: Duration) {
    let mut last = Writes::so_far(client).await;
    loop {
        tokio::time::sleep(pause).await;
        let now = Writes::so_far(client).await;
        if now == last {
            return;
        }
        last = now;
    }
}
