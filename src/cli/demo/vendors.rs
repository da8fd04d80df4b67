//! Vendors: the simulators of a demonstration, and what to try with each.

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::adeptia::{self, AdeptiaConnect};
use crate::crm2::{self, Crm2};
use crate::engine::kind::Vendor as _;
use crate::intrexx::{self, Intrexx};
use crate::myintranetapps::sim::options::Environment;
use crate::myintranetapps::{self, MyIntranetApps};
use crate::sim::server::StartError;
use crate::sim::simulated::Simulated;

/// A vendor in a demonstration.
pub struct Vendor {
    /// Its name.
    pub name: &'static str,
    /// The block of an AdminApi that selects it.
    pub block: &'static str,
    /// Starts its simulator.
    pub start: fn() -> BoxFuture<'static, Started>,
    /// What to try, as commands; of the simulator's address and that of the operator's metrics.
    pub advice: fn(&str, &str) -> String,
}

type Started = Result<Box<dyn Simulated>, StartError>;

/// Every vendor.
pub const VENDORS: &[Vendor] = &[
    Vendor {
        name: MyIntranetApps::NAME,
        block: MyIntranetApps::BLOCK,
        start: || {
            let seed_connections = Some(Environment::Production);
            let options = myintranetapps::sim::Options { seed_connections, ..Default::default() };
            myintranetapps::sim::Simulator::start(options).map(boxed).boxed()
        },
        advice: my_intranet_apps,
    },
    Vendor {
        name: Intrexx::NAME,
        block: Intrexx::BLOCK,
        start: || intrexx::sim::Simulator::start(intrexx::sim::Options::default()).map(boxed).boxed(),
        advice: intrexx,
    },
    Vendor {
        name: Crm2::NAME,
        block: Crm2::BLOCK,
        start: || crm2::sim::Simulator::start(crm2::sim::Options::default()).map(boxed).boxed(),
        advice: crm2,
    },
    Vendor {
        name: AdeptiaConnect::NAME,
        block: AdeptiaConnect::BLOCK,
        start: || adeptia::sim::Simulator::start(adeptia::sim::Options::default()).map(boxed).boxed(),
        advice: adeptia_connect,
    },
];

fn boxed(simulator: Result<impl Simulated, StartError>) -> Started {
    simulator.map(|simulator| Box::new(simulator) as Box<dyn Simulated>)
}

fn my_intranet_apps(url: &str, metrics: &str) -> String {
    format!(
        "
  kubectl describe tenantaccount generalco
  kubectl explain tenantaccount.spec

  # edit the spec, and see it arrive at the vendor
  kubectl patch tenantaccount generalco --type merge -p '{{\"spec\":{{\"emailAdmin\":\"finance@example.com\"}}}}'
  curl -s {url}/_sim/state

  # break a customer's connection, look at once, and watch the condition and the metric
  curl -s -X POST '{url}/_sim/connections/break?account=generalco&errors=9'
  kubectl annotate tenantaccount generalco provost.dev/reconcile-at=$(date +%s) --overwrite
  kubectl wait tenantaccount generalco --for=condition=ConnectionsHealthy=false
  curl -s {metrics} | grep provost_app_connection
  curl -s -X POST '{url}/_sim/connections/mend?account=generalco'

  # delete it: the vendor has no delete, so the account is switched off, and applying it again revives it
  kubectl delete tenantaccount generalco
  curl -s {url}/_sim/state
"
    )
}

fn intrexx(url: &str, _: &str) -> String {
    format!(
        "
  kubectl describe intrexxportal sales
  kubectl get schedulerjobs,mailservices,portalusers,portalgroups,portalactions

  # change a portal behind the operator's back, look at once, and see it put back
  curl -s -X PATCH -d '{{\"session_timeout_sek\": 60}}' {url}/_sim/api/sales/settings
  kubectl annotate intrexxportal sales provost.dev/reconcile-at=$(date +%s) --overwrite
  curl -s {url}/_sim/journal

  # lose the answer to a create, whose outcome then only a person can know: the status says what to do
  curl -s -X POST '{url}/_sim/trouble?do=loseAnswer&operation=create_user'
  kubectl get portaluser ada -o json | jq '.metadata = {{name: \"grace\"}} | .spec.loginName = \"grace\"' | kubectl apply -f -
  kubectl describe portaluser grace
"
    )
}

fn crm2(url: &str, _: &str) -> String {
    format!(
        "
  kubectl describe crmdomainuser grace

  # take a permission out of the spec: nobody can read it back, and it is revoked all the same
  kubectl patch crmdomainuser grace --type merge -p '{{\"spec\":{{\"permissions\":{{\"granted\":[\"CONTACT_VIEW\"]}}}}}}'

  # grant one that is none, and read in the status which there are
  kubectl patch crmdomainuser grace --type merge -p '{{\"spec\":{{\"permissions\":{{\"granted\":[\"CONTACT_SEE\"]}}}}}}'
  kubectl describe crmdomainuser grace
  curl -s {url}/_sim/journal
"
    )
}

fn adeptia_connect(url: &str, _: &str) -> String {
    format!(
        "
  kubectl describe connectuser test-user

  # one invitation went out, and no second one ever does
  curl -s {url}/_sim/state
  kubectl patch connectuser test-user --type merge -p '{{\"spec\":{{\"active\":false}}}}'
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::TABLES;

    #[tokio::test]
    async fn every_vendor_of_the_program_has_a_part_in_it() {
        let blocks: Vec<_> = VENDORS.iter().map(|vendor| (vendor.name, vendor.block)).collect();
        assert_eq!(blocks, TABLES.vendors.iter().map(|row| (row.name, row.block)).collect::<Vec<_>>());
        for vendor in VENDORS {
            let simulator = (vendor.start)().await.unwrap();
            assert!((vendor.advice)(simulator.url(), "http://metrics").contains(simulator.url()));
        }
    }
}
