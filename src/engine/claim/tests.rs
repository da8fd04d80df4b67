//! Tests of the index of claims.

use super::*;

fn item(name: &str) -> Item {
    Item { kind: "T", namespace: "ns".into(), name: name.into() }
}

fn api(name: &str) -> Key {
    ("ns".into(), name.into())
}

fn stake(created: i64) -> Stake {
    Stake {
        admin_api: api("a"),
        natural_key: "subdomain x".to_owned(),
        external_id: None,
        held: false,
        verified: false,
        deleting: false,
        created,
        uid: format!("uid-{created}"),
    }
}

fn holder(created: i64, id: &str) -> Stake {
    Stake { held: true, verified: true, external_id: Some(id.to_owned()), ..stake(created) }
}

fn names(items: Vec<Item>) -> Vec<String> {
    items.into_iter().map(|item| item.name.to_string()).collect()
}

fn owner(claims: &Claims, name: &str) -> Option<String> {
    claims.owner(&item(name)).map(|owner| owner.item.name.to_string())
}

#[test]
fn the_oldest_owns_until_somebody_holds() {
    let claims = Claims::default();
    assert!(claims.set(&item("young"), Some(stake(2))).is_empty());
    assert_eq!(owner(&claims, "young"), None);
    assert_eq!(names(claims.set(&item("old"), Some(stake(1)))), ["young"]);
    assert_eq!((owner(&claims, "old"), owner(&claims, "young")), (None, Some("old".into())));
    // The young one holds it: then age is nothing.
    assert_eq!(names(claims.set(&item("young"), Some(holder(2, "7")))), ["old", "young"]);
    let held_by = claims.owner(&item("old")).unwrap();
    assert_eq!((&*held_by.item.name, held_by.external_id.as_deref()), ("young", Some("7")));
    // Two that hold: the older.
    claims.set(&item("old"), Some(holder(1, "7")));
    assert_eq!((owner(&claims, "old"), owner(&claims, "young")), (None, Some("old".into())));
}

#[test]
fn of_one_age_the_uid_decides() {
    let claims = Claims::default();
    claims.set(&item("b"), Some(Stake { uid: "1".into(), ..stake(5) }));
    claims.set(&item("a"), Some(Stake { uid: "2".into(), ..stake(5) }));
    assert_eq!((owner(&claims, "a"), owner(&claims, "b")), (Some("b".into()), None));
}

#[test]
fn other_keys_kinds_and_accounts_do_not_meet() {
    let claims = Claims::default();
    claims.set(&item("one"), Some(stake(1)));
    claims.set(&item("key"), Some(Stake { natural_key: "subdomain y".into(), ..stake(2) }));
    claims.set(&item("api"), Some(Stake { admin_api: api("b"), ..stake(3) }));
    let kind = Item { kind: "U", ..item("kind") };
    claims.set(&kind, Some(stake(4)));
    assert_eq!((owner(&claims, "key"), owner(&claims, "api"), claims.owner(&kind)), (None, None, None));
    // Until both AdminApis turn out to be for one account.
    assert!(claims.set_realm(&api("a"), "r").is_empty());
    assert_eq!(names(claims.set_realm(&api("b"), "r")), ["api"]);
    assert!(claims.set_realm(&api("b"), "r").is_empty());
    assert_eq!((owner(&claims, "api"), owner(&claims, "key")), (Some("one".into()), None));
    assert_eq!(names(claims.set_realm(&api("b"), "other")), ["api"]);
    assert_eq!(owner(&claims, "api"), None);
}

#[test]
fn one_recorded_id_is_one_external_object_whatever_the_keys_say() {
    let claims = Claims::default();
    claims.set(&item("one"), Some(holder(2, "7")));
    let other = Stake { natural_key: "subdomain y".into(), ..stake(1) };
    claims.set(&item("other"), Some(Stake { external_id: Some("7".into()), ..other.clone() }));
    assert_eq!(owner(&claims, "other"), Some("one".into()));
    claims.set(&item("other"), Some(other));
    assert_eq!(owner(&claims, "other"), None);
    // Nor can it take the id over later.
    assert_eq!(claims.seize(&item("other"), Some("7")).unwrap_err().item, item("one"));
    assert_eq!(claims.seize(&item("other"), Some("8")), Ok(()));
}

#[test]
fn a_typed_id_makes_no_owner() {
    let claims = Claims::default();
    let other = Stake { natural_key: "subdomain y".into(), ..holder(1, "8") };
    claims.set(&item("other"), Some(other.clone()));
    claims.set(&item("owner"), Some(holder(2, "7")));
    let typed = Stake { external_id: Some("7".into()), verified: false, ..other.clone() };
    claims.set(&item("other"), Some(typed));
    assert_eq!((owner(&claims, "owner"), owner(&claims, "other")), (None, Some("owner".into())));
    // What it has by its own key stays its own meanwhile.
    claims.set(&item("late"), Some(Stake { natural_key: "subdomain y".into(), ..stake(0) }));
    assert_eq!(owner(&claims, "late"), Some("other".into()));
    claims.set(&item("other"), Some(other));
    assert_eq!((owner(&claims, "owner"), owner(&claims, "other")), (None, None));
}

#[test]
fn what_was_seized_is_no_longer_once_another_id_is_typed() {
    let claims = Claims::default();
    let typed = |id: &str| Stake { external_id: Some(id.into()), verified: false, ..holder(1, id) };
    let elsewhere = |stake: Stake| Stake { natural_key: "subdomain y".into(), ..stake };
    claims.set(&item("owner"), Some(elsewhere(holder(2, "7"))));
    claims.set(&item("other"), Some(typed("9")));
    claims.seize(&item("other"), Some("9")).unwrap();
    // Seized until the record of it is seen, and for this id alone.
    claims.set(&item("other"), Some(Stake { deleting: true, ..typed("9") }));
    claims.set(&item("thief"), Some(Stake { created: 0, natural_key: "subdomain z".into(), ..typed("9") }));
    assert_eq!(owner(&claims, "thief"), Some("other".into()));
    claims.set(&item("other"), Some(typed("7")));
    assert_eq!((owner(&claims, "owner"), owner(&claims, "other")), (None, Some("owner".into())));
}

#[test]
fn who_goes_brings_the_line_back() {
    let claims = Claims::default();
    claims.set(&item("owner"), Some(holder(1, "7")));
    claims.set(&item("third"), Some(stake(3)));
    claims.set(&item("second"), Some(stake(2)));
    assert_eq!(names(claims.line(&item("owner"))), ["second", "third"]);
    claims.set(&item("owner"), Some(Stake { deleting: true, ..holder(1, "7") }));
    assert_eq!(owner(&claims, "second"), Some("owner".into()));
    assert_eq!(names(claims.set(&item("owner"), None)), ["second", "third"]);
    assert_eq!((owner(&claims, "second"), owner(&claims, "third")), (None, Some("second".into())));
    claims.set(&item("third"), Some(Stake { deleting: true, ..stake(3) }));
    assert!(claims.line(&item("second")).is_empty());
    // A new id of the owner is news to those who wait for the old one.
    assert_eq!(names(claims.set(&item("second"), Some(holder(2, "8")))), ["third"]);
}

#[test]
fn who_is_about_to_hold_is_not_overtaken() {
    let claims = Claims::default();
    claims.set(&item("young"), Some(stake(2)));
    claims.seize(&item("young"), None).unwrap();
    claims.set(&item("old"), Some(stake(1)));
    assert_eq!(claims.seize(&item("old"), None).unwrap_err().item, item("young"));
    // An edit that the watch tells of meanwhile does not undo it.
    claims.set(&item("young"), Some(Stake { deleting: true, ..stake(2) }));
    assert_eq!(owner(&claims, "old"), Some("young".into()));
    assert_eq!(names(claims.unseize(&item("young"))), ["old", "young"]);
    assert!(claims.unseize(&item("young")).is_empty());
    assert_eq!(owner(&claims, "young"), Some("old".into()));
    // Another object of that name starts anew.
    claims.seize(&item("old"), None).unwrap();
    claims.set(&item("old"), Some(Stake { uid: "new".into(), ..stake(9) }));
    assert_eq!(owner(&claims, "old"), Some("young".into()));
}

#[test]
fn nothing_is_left_of_what_is_gone() {
    let claims = Claims::default();
    claims.set(&item("a"), Some(holder(1, "7")));
    claims.seize(&item("a"), None).unwrap();
    claims.set(&item("a"), None);
    let index = claims.0.read().unwrap();
    assert!(index.stakes.is_empty() && index.groups.is_empty() && index.seized.is_empty());
}
