//! PortalGroup: what cannot be changed is told, and what belongs to the product stays.

use provost::intrexx::sim::{Portal, Simulator};
use provost::sim::trouble::{Act, Order};
use serde_json::json;

use super::{PORTAL, example, seeded};
use crate::objects::{Objects, annotation, is, message};
use crate::stage::Stage;
use crate::testbed::scene::EXTERNAL_ID;

const KIND: &str = "PortalGroup";

async fn stage() -> (Stage<Simulator>, Objects) {
    let stage = Stage::intrexx(seeded(), &[KIND]).await;
    let groups = stage.objects(KIND);
    (stage, groups)
}

fn portal(stage: &Stage<Simulator>) -> Portal {
    stage.vendor.portal(PORTAL).unwrap()
}

/// The vendor has no call that changes a group: a difference is told with the two ways out, and each of them helps.
#[tokio::test]
async fn what_differs_is_told_and_ends_when_either_side_gives_way() {
    let (stage, groups) = stage().await;
    stage.given(KIND, "editors", json!({"priority": 5})).await;
    let describe = |words: &'static str| {
        let change = move |portal: &mut Portal| {
            let group = portal.groups.iter_mut().find(|group| group.name() == "Editors").unwrap();
            group.fields["general_settings"]["description"] = json!(words);
        };
        stage.vendor.edit_portal(PORTAL, change).unwrap();
    };
    describe("Changed by hand");
    let object = groups.looked_at("editors").await;
    assert!(is(&object, "Ready", "False", "ImmutableDiffers"), "{object:#?}");
    let said = message(&object, "Ready");
    assert!(said.contains("description is \"Changed by hand\"") && said.contains("policy.drift"), "{said}");
    groups.edit("editors", json!({"description": "Changed by hand"})).await;
    groups.ready("editors").await;
    groups.edit("editors", json!({"description": "Wanted otherwise"})).await;
    groups.unready("editors", "ImmutableDiffers").await;
    describe("Wanted otherwise");
    groups.looked_at("editors").await;
    let object = groups.ready("editors").await;
    assert_eq!(object.data["status"]["observed"]["memberCount"], 0);
    assert_eq!(object.data["status"]["observed"]["system"], false);
    assert_eq!(stage.vendor.journal().count("create_group"), 1);
}

#[tokio::test]
async fn built_in_groups_are_never_deleted() {
    let (stage, groups) = stage().await;
    for (id, name) in [("3", "Administrators"), ("4", "Users")] {
        let object = name.to_lowercase();
        let fields = json!({"groupName": name, "description": null, "policy": {"deletion": "Delete"}});
        let mut manifest = example(KIND, &object, fields);
        manifest["metadata"]["annotations"] = json!({EXTERNAL_ID: format!("sales/{id}")});
        stage.apply(&manifest).await;
        let seen = groups.until(&object, |object| object.data["status"]["observed"]["system"] == true).await;
        assert_eq!(seen.data["status"]["externalId"], format!("sales/{id}"));
        groups.delete(&object).await;
        let held = groups.unready(&object, "Refused").await;
        assert!(message(&held, "Ready").contains("comes with each portal and is never deleted"), "{held:#?}");
    }
    assert_eq!((stage.vendor.journal().count("delete_group"), portal(&stage).groups.len()), (0, 2));
}

/// Trap 8 for groups: by default nothing at the vendor goes with the object, and nothing is made twice.
#[tokio::test]
async fn a_group_is_left_by_default_and_taken_up_by_its_id() {
    let (stage, groups) = stage().await;
    stage.vendor.trouble().place(Order::next_of("create_group", Act::LoseAnswer));
    stage.apply(&example(KIND, "editors", json!({}))).await;
    let object = groups.unready("editors", "CreateOutcomeUnknown").await;
    assert!(message(&object, "Ready").contains("PORTAL/ID"), "{object:#?}");
    groups.annotate("editors", EXTERNAL_ID, Some("sales/5")).await;
    groups.taken_over("editors").await;
    groups.ready("editors").await;
    groups.delete("editors").await;
    groups.gone("editors").await;
    stage.apply(&example(KIND, "editors", json!({}))).await;
    let object = groups.unready("editors", "KeyTaken").await;
    assert!(message(&object, "Ready").contains("PORTAL/ID"), "{object:#?}");
    assert_eq!(annotation(&object, EXTERNAL_ID), None);
    assert_eq!(portal(&stage).groups.len(), 3);
}
