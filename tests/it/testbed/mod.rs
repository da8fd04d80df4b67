//! Testbed: every kind with what a proof needs to handle it without knowing it: its row, its simulator, its example and an edit of it.
//! A kind of the program is proven by being in this table, and one that is not fails the suite.

pub mod scene;

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use provost::engine::kind::Identity;
use provost::engine::policy::Deletion;
use provost::engine::registry::{KindRow, Tables};
use provost::sim::simulated::Simulated;
use provost::{adeptia, crm2, intrexx, kinds, myintranetapps};
use serde_json::{Value as Json, json};

use crate::crm2::DOMAIN;
use crate::examples;
use crate::harness::root;
use crate::intrexx::PORTAL;
use crate::workshop;

/// A kind under test.
pub struct Bed {
    /// What the proofs call it.
    pub name: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// Starts its vendor.
    pub vendor: fn() -> BoxFuture<'static, Box<dyn Simulated>>,
    /// The folder of its example.
    examples: &'static str,
    /// There is one external object for an AdminApi, which has no key in a spec: of several objects, whatever their names, one has it.
    pub single: bool,
    /// What an edit changes in the spec: something of every group of fields; nothing where the vendor can change nothing, and for a run,
    /// which is done by then.
    pub edit: fn() -> Json,
}

/// Every kind under test.
pub const BEDS: &[Bed] = &[
    Bed {
        name: "TenantAccount",
        kind: "TenantAccount",
        vendor: || {
            async {
                boxed(myintranetapps::sim::Simulator::start(myintranetapps::sim::Options::default()).await.unwrap())
            }
            .boxed()
        },
        examples: "deploy/examples",
        single: false,
        edit: || json!({"packageId": "94", "emailAdmin": "board@example.com", "active": false}),
    },
    Bed {
        name: "IntrexxPortal",
        kind: "IntrexxPortal",
        vendor: intrexx,
        examples: "deploy/examples",
        single: false,
        edit: || {
            json!({
                "baseUrl": "https://sales2.example.com", "settings": {"sessionTimeoutSeconds": 60},
                "mobile": {"apiKey": null, "enabled": false}, "reportsEngine": {"configuration": {"timeout_sek": 61}},
                "export": {"clearMailConfiguration": false}, "scheduler": {"standby": true, "configuration": {"threadCount": 11}},
                "licenses": [],
            })
        },
    },
    Bed {
        name: "SchedulerJob",
        kind: "SchedulerJob",
        vendor: intrexx,
        examples: "deploy/examples",
        single: false,
        edit: || {
            json!({
                "description": "Imports the orders of the day before", "active": false, "priority": 7,
                "triggers": [{"cron": "0 0 4 ? * 2-6", "timeZone": "UTC"}, {"cron": "0 0 12 L * ?", "active": false}],
                "properties": {"connection_id": "3F2504E04F8911D39A0C0305E82C3301AABBCCDE"},
            })
        },
    },
    Bed {
        name: "MailService",
        kind: "MailService",
        vendor: intrexx,
        examples: "deploy/examples",
        single: false,
        edit: || {
            json!({
                "port": 465, "encryption": "Tls", "username": "support@example.com", "senderAddress": "support@example.com",
                "state": "Stopped",
            })
        },
    },
    Bed {
        name: "Tool (test only)",
        kind: "Tool",
        vendor: || workshop(workshop::sim::Options::default()),
        examples: "tests/it/workshop/examples",
        single: false,
        edit: tool_edit,
    },
    Bed {
        name: "Tool, listed and deleted late (test only)",
        kind: "Tool",
        vendor: || {
            workshop(workshop::sim::Options {
                list_lag: Duration::from_millis(700),
                delete_lag: 1,
                ..Default::default()
            })
        },
        examples: "tests/it/workshop/examples",
        single: false,
        edit: tool_edit,
    },
    Bed {
        name: "Member (test only)",
        kind: "Member",
        vendor: || workshop(workshop::sim::Options::default()),
        examples: "tests/it/workshop/examples",
        single: false,
        edit: || json!({"nick": "Hanna", "password": {"secretRef": {"name": "door", "key": "next"}}}),
    },
    Bed {
        name: "Errand (test only)",
        kind: "Errand",
        vendor: || workshop(workshop::sim::Options::default()),
        examples: "tests/it/workshop/examples",
        single: false,
        // A run is done by then.
        edit: || json!({}),
    },
    Bed {
        name: "Sign (test only)",
        kind: "Sign",
        vendor: || workshop(workshop::sim::Options { carving_looks: 1, ..Default::default() }),
        examples: "tests/it/workshop/examples",
        single: false,
        edit: || json!({"ground": "red", "lettering": "Mind the gap", "rotation": {"request": "1"}}),
    },
    Bed {
        name: "PortalTemplate",
        kind: "PortalTemplate",
        vendor: intrexx,
        examples: "deploy/examples",
        single: false,
        // The vendor can neither change nor replace one.
        edit: || json!({}),
    },
    Bed {
        name: "PortalPackage",
        kind: "PortalPackage",
        vendor: intrexx,
        examples: "deploy/examples",
        single: false,
        edit: || json!({}),
    },
    Bed {
        name: "PortalUser",
        kind: "PortalUser",
        vendor: intrexx,
        examples: "deploy/examples",
        single: false,
        edit: || json!({"lastName": "King", "email": "king@example.com", "disabled": true, "groups": {"members": [{"id": "3"}]}}),
    },
    Bed {
        name: "PortalGroup",
        kind: "PortalGroup",
        vendor: intrexx,
        examples: "deploy/examples",
        single: false,
        // The vendor cannot change one.
        edit: || json!({}),
    },
    Bed {
        name: "PortalAction",
        kind: "PortalAction",
        vendor: intrexx,
        examples: "deploy/examples",
        single: false,
        edit: || json!({}),
    },
    Bed {
        name: "CrmDomain",
        kind: "CrmDomain",
        vendor: crm2,
        examples: "deploy/examples",
        single: true,
        edit: || {
            json!({
                "emailNotifications": {"user": "news@acme.example", "password": {"secretRef": {"name": "crm2-mail", "key": "support"}}},
                "emailsToPoll": {"mailboxes": [{
                    "user": "News@acme.example", "host": "pop.googlemail.com", "protocol": "imaps",
                    "password": {"secretRef": {"name": "crm2-mail", "key": "support"}},
                }]},
                "activityTypes": {"names": ["FOLLOWUP_EMAIL", "CONTACT_FORM"]},
            })
        },
    },
    Bed {
        name: "CrmDomainUser",
        kind: "CrmDomainUser",
        vendor: crm2,
        examples: "deploy/examples",
        single: false,
        edit: || {
            json!({
                "contact": {"lastName": "Murray", "emailAddress": "hopper@acme.example"},
                "permissions": {"granted": ["ACTIVITY_VIEW", "CONTACT_VIEW"]},
            })
        },
    },
    Bed {
        name: "ConnectPartner",
        kind: "ConnectPartner",
        vendor: adeptia,
        examples: "deploy/examples",
        single: false,
        edit: || {
            json!({
                "phoneNumber": "2025550199", "address": "1 Main St", "active": false, "networkIds": ["2", "1"],
                "parameters": [{"paramId": "11518430417328", "value": "Invoice"}, {"paramId": "11518430417329", "value": "c"}],
                "templateAccess": {"templateIds": null, "all": true},
            })
        },
    },
    Bed {
        name: "ConnectUser",
        kind: "ConnectUser",
        vendor: adeptia,
        examples: "deploy/examples",
        single: false,
        edit: || {
            json!({
                "firstName": "Tess", "active": false,
                "roles": [{"partnerId": "1", "roleIds": ["2", "3"], "defaultRoleId": "3"}],
            })
        },
    },
];

fn boxed(simulator: impl Simulated) -> Box<dyn Simulated> {
    Box::new(simulator)
}

fn workshop(options: workshop::sim::Options) -> BoxFuture<'static, Box<dyn Simulated>> {
    async { boxed(workshop::sim::Simulator::start(options).await.unwrap()) }.boxed()
}

fn intrexx() -> BoxFuture<'static, Box<dyn Simulated>> {
    async { boxed(intrexx::sim::Simulator::start(crate::intrexx::seeded()).await.unwrap()) }.boxed()
}

fn crm2() -> BoxFuture<'static, Box<dyn Simulated>> {
    async { boxed(crm2::sim::Simulator::start(crm2::sim::Options::default()).await.unwrap()) }.boxed()
}

fn adeptia() -> BoxFuture<'static, Box<dyn Simulated>> {
    async { boxed(adeptia::sim::Simulator::start(crate::adeptia::telling()).await.unwrap()) }.boxed()
}

fn tool_edit() -> Json {
    json!({
        "colour": "blue", "pin": {"secretRef": {"name": "lock", "key": "next"}},
        "manual": {"secretRef": {"name": "lock", "key": "nextManual"}},
    })
}

impl Bed {
    /// The kind's row.
    pub fn row(&self) -> &'static KindRow {
        workshop::tables().kind(self.kind).unwrap()
    }

    /// What an operator of this kind alone knows.
    pub fn tables(&self) -> Tables {
        workshop::tables_of(&[self.kind])
    }

    /// The block of an AdminApi that selects its vendor.
    pub fn block(&self) -> &'static str {
        let vendor = self.row().vendor;
        workshop::tables().vendors.iter().find(|row| row.name == vendor).unwrap().block
    }

    /// What that block has beside the address: a list that may lag for minutes must not be waited for here, nor a person who says whose a
    /// token is.
    pub fn settings(&self) -> Json {
        match self.block() {
            "intrexx" => json!({"portalCreationTimeout": "1s"}),
            "crm2" => json!({"clientDomain": DOMAIN, "ownUserId": "owner@acme.example"}),
            // A run makes more of them than a list has before it looks cut.
            "adeptiaConnect" => json!({"listLimit": 0}),
            _ => json!({}),
        }
    }

    /// The path of the spec that is its natural key; a run may do without.
    pub fn key(&self) -> Option<&'static str> {
        Some(self.row().fields.iter().find(|field| field.key)?.path)
    }

    /// Whether there is something at the vendor that stays: there is nothing of a run.
    pub fn lasts(&self) -> bool {
        self.row().identity != Identity::Run
    }

    /// Whether anything of it can be changed at the vendor.
    pub fn can_be_edited(&self) -> bool {
        (self.edit)().as_object().is_some_and(|fields| !fields.is_empty())
    }

    /// Whether its example would be no valid one without this block.
    pub fn needs(&self, block: &str) -> bool {
        self.kind == "CrmDomainUser" && block == "contact"
    }

    /// Whether its policy allows this deletion.
    pub fn allows(&self, deletion: Deletion) -> bool {
        self.row().deletions.contains(&deletion)
    }

    /// Its example, standing alone, and what it needs beside.
    pub fn example(&self) -> (Json, Vec<Json>) {
        let (mut example, beside) = examples::within(&root().join(self.examples), self.kind);
        examples::alone(&mut example, PORTAL);
        (example, beside)
    }
}

#[test]
fn every_kind_of_the_program_is_under_test() {
    for row in kinds::TABLES.kinds {
        assert!(BEDS.iter().any(|bed| bed.kind == row.kind), "{} is in no row of tests/it/testbed", row.kind);
    }
    for bed in BEDS {
        let (example, _) = bed.example();
        let named = bed.key().is_some_and(|key| example["spec"][key].is_string());
        assert!(!bed.lasts() || bed.single || named, "{}", bed.name);
    }
}
