//! IntrexxPortal: made once whatever gets lost, set as its spec says part by part, and never more done to it than that.

use jiff::SignedDuration;
use kube::api::DynamicObject;
use provost::intrexx::sim::options::server::{CreateAnswer, NewPortals, Server};
use provost::intrexx::sim::{Options, Portal, Simulator};
use provost::sim::journal::{Entry, Outcome};
use provost::sim::trouble::{Act, Order};
use serde_json::{Value as Json, json};

use super::{PORTAL, example, seeded};
use crate::log;
use crate::objects::{Objects, annotation, assert_kstatus, is, message};
use crate::stage::Stage;

const KIND: &str = "IntrexxPortal";
const MINUTES: SignedDuration = SignedDuration::from_secs(600);

/// A server without portals, which takes ten minutes of its own clock to make one.
fn slow(answer: CreateAnswer) -> Options {
    let server = Server { create_answer: answer, create_seconds: 600, ..Server::default() };
    Options { server, ..Options::default() }
}

async fn set(options: Options) -> Stage<Simulator> {
    Stage::intrexx(options, &[KIND]).await
}

impl Stage<Simulator> {
    fn portals(&self) -> Objects {
        self.objects(KIND)
    }

    /// Applies the example with these fields.
    async fn portal(&self, fields: Json) {
        self.apply(&example(KIND, PORTAL, fields)).await;
    }

    /// Applies an object with nothing but these fields for the portal that is there, and waits until it is as it says.
    async fn adopted(&self, fields: Json) -> DynamicObject {
        let mut all = json!({"policy": {"adoption": "IfExists"}});
        for field in ["create", "baseUrl", "settings", "mobile", "reportsEngine", "export", "scheduler", "licenses"] {
            all[field] = Json::Null;
        }
        for (field, value) in fields.as_object().unwrap() {
            all[field] = value.clone();
        }
        self.portal(all).await;
        self.portals().until(PORTAL, |object| is(object, "Ready", "False", "Adopted") || converged(object)).await;
        self.looked_at_twice().await
    }

    async fn looked_at_twice(&self) -> DynamicObject {
        self.portals().looked_at(PORTAL).await;
        self.portals().ready(PORTAL).await
    }

    /// The portal as the server has it.
    fn there(&self) -> Portal {
        self.vendor.portal(PORTAL).unwrap()
    }

    fn calls(&self, operation: &str) -> (u64, usize) {
        (self.vendor.journal().count(operation), self.vendor.journal().performed(operation))
    }
}

fn converged(object: &DynamicObject) -> bool {
    is(object, "Ready", "True", "Converged")
}

fn observed(object: &DynamicObject) -> &Json {
    &object.data["status"]["observed"]
}

/// Trap 2: the call is patient, and nothing else is done meanwhile.
#[tokio::test]
async fn a_portal_that_takes_minutes_is_made_once() {
    let stage = set(slow(CreateAnswer::Created)).await;
    stage.portal(json!({})).await;
    stage.in_time(stage.vendor.journal().wait_until("create_portal", Outcome::Underway)).await;
    stage.vendor.advance(MINUTES);
    let portal = stage.portals().ready(PORTAL).await;
    assert_eq!(stage.calls("create_portal"), (1, 1));
    assert_eq!(portal.data["status"]["externalId"], PORTAL);
    assert_eq!(observed(&portal)["guid"], stage.there().id.as_str());
    assert_eq!(observed(&portal)["portalPath"], "/opt/intrexx/org/sales");
    assert_eq!(observed(&portal)["status"], "RUNNING");
}

/// Trap 2: a promise is no portal yet, which is told, waited for, and never asked for twice.
#[tokio::test]
async fn a_portal_that_was_promised_is_waited_for() {
    let stage = set(slow(CreateAnswer::Accepted)).await;
    stage.portal(json!({})).await;
    let waiting = stage.portals().unready(PORTAL, "PortalCreating").await;
    assert!(is(&waiting, "Reconciling", "True", "PortalCreating"), "{waiting:#?}");
    assert!(is(&waiting, "Synced", "Unknown", "PortalCreating"), "{waiting:#?}");
    assert!(message(&waiting, "Ready").contains("that takes minutes"));
    assert_kstatus(&waiting);
    stage.portals().looked_at(PORTAL).await;
    stage.vendor.advance(MINUTES);
    stage.portals().ready(PORTAL).await;
    assert_eq!(stage.calls("create_portal"), (1, 1));
    assert_eq!(stage.there().settings["session_timeout_sek"], 3600);
}

/// Trap 2: the answer never comes. The list has the portal, and nobody asks for a second one.
#[tokio::test]
async fn a_portal_whose_answer_was_lost_is_taken_up() {
    let mut options = slow(CreateAnswer::Never);
    options.server.create_seconds = 0;
    let stage = set(options).await;
    stage.portal(json!({})).await;
    let portal = stage.portals().ready(PORTAL).await;
    assert_eq!(stage.calls("create_portal"), (1, 1));
    assert_eq!(annotation(&portal, "provost.dev/external-id"), Some(PORTAL));
    assert_eq!(annotation(&portal, "provost.dev/pending-create"), None);
}

/// Trap 2: whoever asked for it dies meanwhile, and his successor finds it being made.
#[tokio::test]
async fn a_portal_that_is_being_made_outlives_the_operator() {
    let mut stage = set(slow(CreateAnswer::Created)).await;
    stage.portal(json!({})).await;
    stage.in_time(stage.vendor.journal().wait_until("create_portal", Outcome::Underway)).await;
    stage.kill_operator().await;
    stage.start_operator().await;
    stage.portals().unready(PORTAL, "PortalCreating").await;
    stage.vendor.advance(MINUTES);
    stage.portals().ready(PORTAL).await;
    assert_eq!(stage.calls("create_portal"), (1, 1));
}

/// An absence counts when the list had as long to show the portal as making one may take.
#[tokio::test]
async fn a_request_that_never_arrived_is_made_again_after_a_while() {
    let settings = json!({"portalCreationTimeout": "1s"});
    let stage = Stage::intrexx_with(Options::default(), &[KIND], settings).await;
    stage.vendor.trouble().place(Order::next_of("create_portal", Act::CutBefore));
    stage.portal(json!({})).await;
    stage.portals().unready(PORTAL, "AbsenceUnconfirmed").await;
    stage.portals().ready(PORTAL).await;
    assert_eq!(stage.calls("create_portal"), (2, 1));
}

/// Trap 3: the Administration API knows a new portal after its own restart only. It is not made again meanwhile, and what to do is told.
#[tokio::test]
async fn a_portal_that_the_administration_api_does_not_know_is_waited_for() {
    let mut options = slow(CreateAnswer::Created);
    (options.server.create_seconds, options.server.new_portals) = (0, NewPortals::AfterRestart);
    let stage = set(options).await;
    stage.portal(json!({})).await;
    let waiting = stage.portals().unready(PORTAL, "PortalNotConfigured").await;
    assert!(message(&waiting, "Ready").contains("admin-api.yaml"), "{waiting:#?}");
    stage.portals().looked_at(PORTAL).await;
    stage.vendor.restart(false);
    stage.portals().ready(PORTAL).await;
    assert_eq!(stage.calls("create_portal"), (1, 1));
}

#[tokio::test]
async fn a_refused_creation_says_what_to_look_at() {
    let stage = set(Options::default()).await;
    let mut create = example(KIND, PORTAL, json!({}))["spec"]["create"].clone();
    create["templatePath"] = json!("/nowhere/");
    stage.portal(json!({"create": create})).await;
    let refused = stage.portals().unready(PORTAL, "Refused").await;
    assert!(message(&refused, "Ready").contains("spec.create.templatePath"), "{refused:#?}");
    stage.portals().edit(PORTAL, json!({"create": {"templatePath": "/opt/intrexx/orgtempl/blank/"}})).await;
    stage.portals().ready(PORTAL).await;
    assert_eq!(stage.vendor.journal().performed("create_portal"), 1);
}

/// Trap 6, and a directory of another name.
#[tokio::test]
async fn a_name_that_could_not_be_reached_is_refused() {
    let stage = set(Options::default()).await;
    for name in ["auth", "portals", "templates", "admin-api", "a/b", ".."] {
        let portal = example(KIND, "named", json!({"portalName": name, "create": null}));
        let applied = provost::cli::kubernetes::apply(&stage.client, &stage.namespace, &portal).await;
        assert!(applied.unwrap_err().to_string().contains("portalName"), "{name}");
    }
    stage.portal(json!({"portalName": "marketing"})).await;
    let invalid = stage.portals().unready(PORTAL, "Invalid").await;
    assert!(message(&invalid, "Ready").contains("spec.create.portalPath: its last element is not marketing"));
    assert_eq!(stage.vendor.journal().count("create_portal"), 0);
}

#[tokio::test]
async fn a_portal_that_is_not_there_needs_to_be_told_how_to_make_it() {
    let stage = set(Options::default()).await;
    stage.portal(json!({"create": null})).await;
    let refused = stage.portals().unready(PORTAL, "Refused").await;
    assert!(message(&refused, "Ready").contains("spec.create"), "{refused:#?}");
    assert_eq!(stage.vendor.journal().count("create_portal"), 0);
}

/// Each part of the configuration is put back when somebody changes it, and nothing else is written.
#[tokio::test]
async fn each_part_is_put_back() {
    let stage = set(Options::default()).await;
    stage.given(KIND, PORTAL, json!({})).await;
    let before = stage.there();
    type Change = fn(&mut Portal);
    let changes: [(&str, Change); 8] = [
        ("set_webserver", |portal| "http://else.example.com".clone_into(&mut portal.base_url)),
        ("change_settings", |portal| drop(portal.settings.insert("session_timeout_sek".to_owned(), json!(7)))),
        ("change_mobile_key", |portal| portal.mobile_key = Some("another".to_owned())),
        ("change_reports_engine", |portal| portal.reports["configuration"]["url"] = json!("http://else")),
        ("change_export", |portal| drop(portal.export.insert("clear_mail_configuration".to_owned(), json!(false)))),
        ("set_standby", |portal| portal.standby = true),
        ("change_scheduler", |portal| drop(portal.scheduler.insert("thread_count".to_owned(), json!(99)))),
        ("add_license", |portal| portal.licenses.clear()),
    ];
    for (operation, change) in changes {
        stage.vendor.edit_portal(PORTAL, change).unwrap();
        let mark = stage.vendor.journal().last();
        stage.looked_at_twice().await;
        let writes = writes_since(&stage, mark);
        assert_eq!(writes, [operation]);
    }
    let after = stage.there();
    assert_eq!(
        (after.base_url, after.settings, after.mobile_key),
        (before.base_url, before.settings, before.mobile_key)
    );
    assert_eq!((after.reports, after.export, after.standby), (before.reports, before.export, before.standby));
    assert_eq!((after.scheduler, after.licenses), (before.scheduler, before.licenses));
}

fn writes_since(stage: &Stage<Simulator>, mark: u64) -> Vec<&'static str> {
    let writes = stage.vendor.journal().since(mark);
    writes.iter().filter(|entry| stage.vendor.journal().writes().contains(entry)).map(|entry| entry.operation).collect()
}

/// One call for each part that the spec names, and none for the others.
#[tokio::test]
async fn only_what_the_spec_names_is_read_and_changed() {
    let stage = set(seeded()).await;
    stage.adopted(json!({"settings": {"sessionTimeoutSeconds": 5}, "scheduler": {"standby": true}})).await;
    assert_eq!(stage.there().settings["session_timeout_sek"], 5);
    assert_eq!(stage.there().settings["anonymous_session_timeout_sek"], 1200);
    stage.vendor.edit_portal(PORTAL, |portal| portal.mobile_key = Some("theirs".to_owned())).unwrap();
    let mark = stage.vendor.journal().last();
    stage.portals().looked_at(PORTAL).await;
    let read: Vec<&str> = stage.vendor.journal().since(mark).iter().map(|entry| entry.operation).collect();
    assert_eq!(read, ["list_portals", "get_settings", "get_standby"]);
    assert_eq!(stage.there().mobile_key.as_deref(), Some("theirs"));
}

/// Trap 31: a standby by hand is nobody's business unless the spec says so.
#[tokio::test]
async fn standby_is_left_alone_unless_the_spec_has_it() {
    let stage = set(seeded()).await;
    stage.adopted(json!({"scheduler": {"configuration": {"threadCount": 3}}})).await;
    stage.vendor.edit_portal(PORTAL, |portal| portal.standby = true).unwrap();
    stage.portals().looked_at(PORTAL).await;
    assert!(stage.there().standby);
    stage.portals().edit(PORTAL, json!({"scheduler": {"standby": true}})).await;
    stage.portals().ready(PORTAL).await;
    stage.vendor.restart_portal(PORTAL, SignedDuration::ZERO).unwrap();
    assert!(!stage.there().standby, "it does not survive a restart");
    stage.looked_at_twice().await;
    assert!(stage.there().standby);
}

#[tokio::test]
async fn the_mobile_key_is_deleted_on_demand() {
    let stage = set(seeded()).await;
    stage.vendor.edit_portal(PORTAL, |portal| portal.mobile_key = Some("theirs".to_owned())).unwrap();
    stage.adopted(json!({"mobile": {"enabled": false}})).await;
    assert_eq!(stage.there().mobile_key, None);
    let key = json!({"apiKey": {"secretRef": {"name": "sales-portal", "key": "mobileApiKey"}}, "enabled": null});
    stage.portals().edit(PORTAL, json!({"mobile": key})).await;
    stage.portals().ready(PORTAL).await;
    assert_eq!(stage.there().mobile_key.as_deref(), Some("mobile-0001"));
    // A new value of the Secret is a new key.
    let data = json!({"databasePassword": "x", "mobileApiKey": "mobile-0002", "license": "LICENSE-KEY-0001"});
    stage.write_secret("sales-portal", data).await;
    let sent = |entries: &[Entry]| entries.iter().filter(|entry| entry.operation == "change_mobile_key").count() == 2;
    stage.in_time(stage.vendor.journal().wait_for(sent)).await;
    stage.portals().looked_at(PORTAL).await;
    assert_eq!(stage.there().mobile_key.as_deref(), Some("mobile-0002"));
}

/// Another engine starts without a configuration, so it gets the whole one.
#[tokio::test]
async fn another_reports_engine_gets_the_whole_configuration() {
    let stage = set(seeded()).await;
    let engine =
        |engine: &str| json!({"engine": engine, "configuration": {"url": "http://reports", "timeout_sek": 60}});
    stage.adopted(json!({"reportsEngine": engine("jasper")})).await;
    stage.portals().edit(PORTAL, json!({"reportsEngine": engine("birt")})).await;
    stage.portals().ready(PORTAL).await;
    let configuration = json!({"url": "http://reports", "timeout_sek": 60});
    let reports = stage.there().reports;
    assert_eq!((&reports["engine"], &reports["configuration"]), (&json!("birt"), &configuration));
}

/// Trap 11: what the server ignores without a word is read back, found missing, and told.
#[tokio::test]
async fn a_key_that_the_server_ignores_is_told() {
    let stage = set(seeded()).await;
    stage
        .portal(json!({"policy": {"adoption": "IfExists"}, "settings": {"additional": {"session_timeout_sec": 5}}}))
        .await;
    stage.portals().until(PORTAL, |object| is(object, "Ready", "False", "Adopted")).await;
    stage.portals().looked_at(PORTAL).await;
    let told = stage.portals().unready(PORTAL, "NotKept").await;
    assert!(message(&told, "Ready").contains("settings.additional.session_timeout_sec was sent as 5 and is null"));
}

/// Trap 18: set is not in effect, which no call tells.
#[tokio::test]
async fn what_waits_for_a_restart_is_told_until_one_is_seen_or_reported() {
    let stage = set(seeded()).await;
    let portal = stage.adopted(json!({"settings": {"jvmMaximalMemoryMb": 1024, "sessionTimeoutSeconds": 5}})).await;
    assert!(is(&portal, "RestartRequired", "False", "SettingsInEffect"), "{portal:#?}");
    stage.portals().edit(PORTAL, json!({"settings": {"jvmMaximalMemoryMb": 4096}})).await;
    let pending = stage.portals().until(PORTAL, |object| is(object, "RestartRequired", "True", "RestartPending")).await;
    let told = message(&pending, "RestartRequired");
    assert!(told.contains("settings.jvmMaximalMemoryMb (started with 1024, now 4096)"), "{told}");
    stage.portals().ready(PORTAL).await;
    // A stopped service is seen, and what it starts with is in effect.
    stage.vendor.restart_portal(PORTAL, MINUTES).unwrap();
    stage.portals().looked_at(PORTAL).await;
    let stopped = stage.portals().unready(PORTAL, "PortalStopped").await;
    assert_kstatus(&stopped);
    stage.vendor.advance(MINUTES);
    let back = stage.portals().ready(PORTAL).await;
    assert!(is(&back, "RestartRequired", "False", "SettingsInEffect"), "{back:#?}");
    // A restart that nobody saw is reported by a person.
    stage.portals().edit(PORTAL, json!({"settings": {"workflowEventOnLogin": true}})).await;
    stage.portals().until(PORTAL, |object| is(object, "RestartRequired", "True", "RestartPending")).await;
    stage.portals().edit(PORTAL, json!({"restartedAt": "2026-11-22T08:00:00Z"})).await;
    stage.portals().until(PORTAL, |object| is(object, "RestartRequired", "False", "SettingsInEffect")).await;
}

/// Trap 18, for what changed in the same breath as the portal was made.
#[tokio::test]
async fn a_new_portal_has_started_with_what_it_was_made_with() {
    let stage = set(Options::default()).await;
    stage.portal(json!({"settings": {"jvmMaximalMemoryMb": 4096}})).await;
    let portal = stage.portals().ready(PORTAL).await;
    let told = message(&portal, "RestartRequired");
    assert!(told.contains("settings.jvmMaximalMemoryMb (started with 1024, now 4096)"), "{told}");
}

/// Trap 1: without a list of portals, one that exists is managed, and one that does not is told to be made there.
#[tokio::test]
async fn containers_refuse_creation_and_deletion_and_nothing_else() {
    for status in [404, 503] {
        let mut options = seeded();
        options.server.containers = Some(status);
        let stage = set(options).await;
        stage.api_ready().await;
        stage.apply(&example(KIND, "missing", json!({"portalName": "missing", "create": null}))).await;
        let missing = stage.portals().unready("missing", "Unsupported").await;
        assert!(message(&missing, "Ready").contains("create it there"), "{missing:#?}");
        stage.adopted(json!({"settings": {"sessionTimeoutSeconds": 5}})).await;
        assert_eq!(stage.there().settings["session_timeout_sek"], 5);
        stage.portals().edit(PORTAL, json!({"policy": {"deletion": "Delete"}})).await;
        stage.portals().delete(PORTAL).await;
        let kept = stage.portals().unready(PORTAL, "Unsupported").await;
        assert!(message(&kept, "Ready").contains("delete the portal there"), "{kept:#?}");
        stage.portals().edit(PORTAL, json!({"policy": {"deletion": "Orphan"}})).await;
        stage.portals().gone(PORTAL).await;
        assert!(stage.vendor.portal(PORTAL).is_some());
        assert_eq!(stage.calls("create_portal").0 + stage.calls("delete_portal").0, 0);
    }
}

/// Trap 4: deleted by its GUID, with the options of the spec.
#[tokio::test]
async fn a_portal_is_deleted_by_its_guid() {
    let stage = set(Options::default()).await;
    let policy = json!({"deletion": "Delete"});
    stage.given(KIND, PORTAL, json!({"policy": policy, "deletionOptions": {"deleteDatabase": true}})).await;
    let guid = stage.there().id;
    stage.portals().delete(PORTAL).await;
    stage.portals().gone(PORTAL).await;
    let calls = stage.vendor.journal().of("delete_portal");
    let paths: Vec<&str> = calls.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, [format!("/portals/{guid}")]);
    assert_eq!(calls[0].body, Some(json!({"delete_database": true})));
    assert!(stage.vendor.portal(PORTAL).is_none());
}

/// Traps 4 and 5: another portal of the same name is another one. It is neither changed nor deleted.
#[tokio::test]
async fn a_portal_made_anew_under_the_same_name_is_left_alone() {
    let stage = set(seeded()).await;
    stage
        .adopted(
            json!({"settings": {"sessionTimeoutSeconds": 5}, "policy": {"adoption": "IfExists", "deletion": "Delete"}}),
        )
        .await;
    stage.vendor.remove_portal(PORTAL).unwrap();
    stage.vendor.add_portal(PORTAL);
    stage.portals().looked_at(PORTAL).await;
    let told = stage.portals().unready(PORTAL, "Refused").await;
    assert!(message(&told, "Ready").contains("its GUID is"), "{told:#?}");
    assert_eq!(stage.there().settings["session_timeout_sek"], 1200);
    stage.portals().delete(PORTAL).await;
    stage.portals().looked_at(PORTAL).await;
    assert!(stage.vendor.portal(PORTAL).is_some());
    assert_eq!(stage.vendor.journal().count("delete_portal"), 0);
    // The way out that is told.
    stage.portals().edit(PORTAL, json!({"policy": {"deletion": "Orphan"}})).await;
    stage.portals().gone(PORTAL).await;
    stage.adopted(json!({"settings": {"sessionTimeoutSeconds": 5}})).await;
    assert_eq!(stage.there().settings["session_timeout_sek"], 5);
}

fn license(key: &str, count: u32) -> Json {
    json!({"key": {"secretRef": {"name": "keys", "key": key}}, "count": count})
}

const KEYS: [(&str, &str); 4] = [
    ("one", "PLANTED/LICENSE+1=="),
    ("two", "PLANTED-LICENSE-2"),
    ("other", "PLANTED-LICENSE-3"),
    ("trial", "TRIAL-KEY-4"),
];

async fn licensed(authoritative: bool) -> Stage<Simulator> {
    let stage = set(seeded()).await;
    stage.write_secret("keys", KEYS.into_iter().map(|(name, key)| (name.to_owned(), Json::from(key))).collect()).await;
    let have = [("other", 3), ("trial", 0)];
    for (name, count) in have {
        let key = KEYS.iter().find(|(known, _)| *known == name).unwrap().1;
        stage.vendor.edit(|state| {
            let trial = name == "trial";
            state.portals[0].licenses.insert(key.to_owned(), count);
            let (name, r#type) = (name.to_owned(), "SHARE".to_owned());
            let license = provost::intrexx::sim::License {
                key: key.to_owned(),
                total: 5,
                r#type,
                name,
                valid_until: None,
                trial,
            };
            state.licenses.push(license);
        });
    }
    let fields = json!({"licenses": [license("one", 25), license("two", 0)], "licensesAuthoritative": authoritative});
    stage.adopted(fields).await;
    stage
}

/// Trap 24: keys stand in paths, and appear nowhere.
#[tokio::test]
async fn licences_are_added_and_counted_anew_and_their_keys_told_to_nobody() {
    let stage = licensed(false).await;
    let shares = |stage: &Stage<Simulator>| stage.there().licenses.into_iter().collect::<Vec<_>>();
    let share = |place: usize, count: i64| (KEYS[place].1.to_owned(), count);
    assert_eq!(shares(&stage), [share(1, 0), share(2, 3), share(0, 25), share(3, 0)]);
    let mark = stage.vendor.journal().last();
    stage.portals().edit(PORTAL, json!({"licenses": [license("one", 30), license("two", 0)]})).await;
    let portal = stage.portals().ready(PORTAL).await;
    assert_eq!(writes_since(&stage, mark), ["delete_license", "add_license"]);
    assert_eq!(shares(&stage), [share(1, 0), share(2, 3), share(0, 30), share(3, 0)]);
    assert!(is(&portal, "LicensesValid", "True", "AllLicensesValid"), "{portal:#?}");
    assert_eq!(observed(&portal)["licenses"].as_array().unwrap().len(), 4);
    let status = serde_json::to_string(&portal).unwrap();
    let places = [
        ("status", status),
        ("log", log::text()),
        ("metrics", stage.metrics().await),
        ("change record", serde_json::to_string(&stage.tap.changes.all()).unwrap()),
    ];
    for (place, text) in places {
        assert!(!text.contains("PLANTED"), "the {place} tells a key");
    }
}

#[tokio::test]
async fn other_licences_are_removed_only_where_the_spec_is_authoritative() {
    let stage = licensed(true).await;
    let keys: Vec<String> = stage.there().licenses.into_keys().collect();
    // A trial licence is no licence that somebody forgot to write down.
    assert_eq!(keys, [KEYS[1].1, KEYS[0].1, KEYS[3].1]);
}

#[tokio::test]
async fn a_licence_that_has_ended_is_told() {
    let stage = licensed(false).await;
    for (total, ended, status, reason) in [
        (100, true, "False", "LicenseExpired"),
        (1, false, "False", "LicenseViolated"),
        (100, false, "True", "AllLicensesValid"),
    ] {
        stage.vendor.edit(|state| {
            let license = state.licenses.iter_mut().find(|license| license.key == KEYS[0].1).unwrap();
            license.total = total;
            license.valid_until = ended.then(|| "2020-01-31".parse().unwrap());
        });
        let portal = stage.portals().looked_at(PORTAL).await;
        assert!(is(&portal, "LicensesValid", status, reason), "{portal:#?}");
        assert!(!ended || message(&portal, "LicensesValid").contains("valid until 2020-01-31"), "{portal:#?}");
    }
}
