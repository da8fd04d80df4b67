//! The bodies are those of the vendor's page, as the contract has them.

use super::*;

fn role(partner: &str, role: &str, default: bool) -> Role {
    Role { partner: Id::new(partner), role: Id::new(role), default }
}

fn seen() -> Map<String, Json> {
    let user = json!({"firstName": "Test", "lastName": "User", "email": "new@adeptia.com", "company": "Adeptia",
        "id": "11567413236623", "userPartnerRole": [{"partner": {"id": 1}, "role": {"id": 2},
        "user": {"id": "11567413236623"}, "defaultRole": true}]});
    serde_json::from_value(user).unwrap()
}

/// Traps 10, 15 and 16: JSON in a text, with numbers; `companyID`; and codes that are no statuses.
#[test]
fn an_invitation_is_as_the_page_has_it() {
    let roles = BTreeSet::from([role("1", "2", true)]);
    let invitation = Invitation {
        email: "new@adeptia.com",
        message: "Adeptia has invited you to use Adeptia Connect",
        sender: "adminuser@adeptia.com",
        roles: &roles,
    };
    let mut body = invitation.body();
    let role_info = body["Invitation"]["roleInfo"].take();
    let expected = json!({"Invitation": {"companyID": 1, "contactEmail": "", "invitationType": 300,
        "mailRecipient": "new@adeptia.com", "message": "Adeptia has invited you to use Adeptia Connect", "roleInfo": null,
        "senderEmail": "adminuser@adeptia.com", "subject": 400}});
    assert_eq!(body, expected);
    let role_info: Json = serde_json::from_str(role_info.as_str().unwrap()).unwrap();
    assert_eq!(role_info, json!([{"partner": 1, "roles": [2], "defaultRole": 2}]));
}

/// Trap 10.
#[test]
fn roles_of_several_partners_are_several_entries() {
    let roles = BTreeSet::from([role("1", "2", false), role("1", "3", true), role("11535091945351", "4", true)]);
    let invitation = Invitation { email: "", message: "", sender: "", roles: &roles };
    let expected = json!([
        {"partner": 1, "roles": [2, 3], "defaultRole": 3},
        {"partner": 11_535_091_945_351_u64, "roles": [4], "defaultRole": 4},
    ]);
    assert_eq!(invitation.role_info(), expected);
}

/// Trap 14.
#[test]
fn the_answer_to_an_invitation_tells_whom_it_reached() {
    let read = |answer: Json| Invited::read(answer.as_object().unwrap(), "New@adeptia.com");
    let sent = Some(Invited::Sent(Id::new("11567494226899")));
    assert_eq!(read(json!({"invitationId": "11567494226899", "303": []})), sent);
    assert_eq!(read(json!({"invitationId": 11_567_494_226_899_u64})), sent);
    assert_eq!(read(json!({"invitationId": "1", "303": ["new@adeptia.com"]})), Some(Invited::NotInvited));
    assert_eq!(read(json!({"303": [{"email": "new@adeptia.com"}]})), Some(Invited::NotInvited));
    assert_eq!(read(json!({"invitationId": "11567494226899", "303": ["other@adeptia.com"]})), sent);
    for odd in [json!({}), json!({"303": []}), json!({"invitationId": null}), json!({"invitationId": " ", "303": []})] {
        assert_eq!(read(odd.clone()), None, "{odd}");
    }
}

/// Traps 11 and 23.
#[test]
fn a_new_user_names_its_invitation_by_number() {
    let id = Id::new("11567494226899");
    let user = NewUser { first_name: "Test", last_name: "User", invitation_id: &id, password: "P@ssw0rd", role_id: () };
    let expected = json!({"firstName": "Test", "lastName": "User", "invitationId": 11_567_494_226_899_u64,
        "password": "P@ssw0rd", "roleId": null});
    assert_eq!(serde_json::to_value(&user).unwrap(), expected);
}

/// Trap 12.
#[test]
fn a_user_is_read_whatever_types_its_ids_have() {
    let (user, _) = WholeUser::new(seen()).unwrap();
    assert_eq!(user.roles().unwrap(), BTreeSet::from([role("1", "2", true)]));
    let mut odd = seen();
    odd.insert("id".into(), json!(11_567_413_236_623_u64));
    odd.insert("userPartnerRole".into(), json!([{"partner": {"id": "1"}, "role": {"id": "2"}, "defaultRole": "true"}]));
    let (odd, _) = WholeUser::new(odd).unwrap();
    assert_eq!((odd.id.as_str(), odd.roles()), ("11567413236623", user.roles()));
    assert_eq!(WholeUser::new([("id".to_owned(), json!(7))].into_iter().collect()).unwrap().0.roles(), None);
    assert!(WholeUser::new(Map::new()).is_none());
}

#[test]
fn whether_a_user_is_active_is_read_where_it_is_shown() {
    let active = |more: Json| {
        let mut fields = seen();
        fields.extend(more.as_object().cloned().unwrap());
        WholeUser::new(fields).unwrap().0.active()
    };
    for (more, expected) in [
        (json!({}), None),
        (json!({"status": 200}), Some(true)),
        (json!({"status": "201"}), Some(false)),
        (json!({"status": "ACTIVE"}), Some(true)),
        (json!({"status": "Inactive"}), Some(false)),
        (json!({"status": 7}), None),
        (json!({"status": null}), None),
        (json!({"active": false}), Some(false)),
        (json!({"isActive": 1}), Some(true)),
        (json!({"active": "maybe"}), None),
    ] {
        assert_eq!(active(more.clone()), expected, "{more}");
    }
}

/// Trap 12: whatever types the ids came in.
#[test]
fn a_change_has_ids_as_the_page_has_them() {
    let mut fields = seen();
    let expected = json!({"IndigoUser": fields});
    fields.insert("id".into(), json!(11_567_413_236_623_u64));
    fields["userPartnerRole"][0] = json!({"partner": {"id": "1"}, "role": {"id": "2"}, "user": {"id": 11_567_413_236_623_u64},
        "defaultRole": "true"});
    let (user, whole) = WholeUser::new(fields).unwrap();
    assert_eq!(whole.changed(&user, &UserChange::default()), expected);
}

/// The whole object goes back (contract 2.4), and what nobody knows with it.
#[test]
fn a_change_keeps_everything_else() {
    let mut fields = seen();
    fields.insert("timeZone".into(), json!("CET"));
    fields.insert("password".into(), json!("*****"));
    fields["userPartnerRole"][0]["since"] = json!(2019);
    let (user, whole) = WholeUser::new(fields.clone()).unwrap();
    fields.remove("password");
    assert_eq!(whole.changed(&user, &UserChange::default()), json!({"IndigoUser": fields}));

    let (_, whole) = WholeUser::new(fields.clone()).unwrap();
    let roles = BTreeSet::from([role("1", "2", false), role("1", "3", true)]);
    let change = UserChange { first_name: Some("Ada"), last_name: None, roles: Some(&roles) };
    fields["firstName"] = json!("Ada");
    fields["userPartnerRole"] = json!([
        {"partner": {"id": 1}, "role": {"id": 2}, "user": {"id": "11567413236623"}, "defaultRole": false, "since": 2019},
        {"partner": {"id": 1}, "role": {"id": 3}, "user": {"id": "11567413236623"}, "defaultRole": true},
    ]);
    assert_eq!(whole.changed(&user, &change), json!({"IndigoUser": fields}));
}
