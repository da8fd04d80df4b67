//! How users come to be: an invitation, which goes out by mail, and then the user.

use serde_json::{Value, json};

use crate::adeptia::sim::answer::{Done, Refusal};
use crate::adeptia::sim::calls::users::view;
use crate::adeptia::sim::calls::{Call, check_email, check_free, check_password, check_roles};
use crate::adeptia::sim::entities::{Invitation, Role, User};
use crate::adeptia::sim::fields::{IdOf, Sent};
use crate::adeptia::sim::options::behaviour::{KnownInvitee, UsedInvitation};
use crate::adeptia::sim::store::OWN_COMPANY;

/// The key under which the answer has those who were not invited: an enumeration code of the product.
const NOT_INVITED: &str = "303";
const USER_INVITATION: u64 = 300;
const SUBJECT: u64 = 400;

/// 2.2: sends an invitation. Each call sends a mail.
pub fn invite(call: &mut Call<'_>) -> Result<Done, Refusal> {
    call.check_resource("users")?;
    let (options, body) = (call.options(), call.take_sent());
    let sent = Sent::wrapped(&options, &body, "Invitation")?;
    for (field, wanted) in [("companyID", OWN_COMPANY), ("invitationType", USER_INVITATION), ("subject", SUBJECT)] {
        if sent.number(field)? != Some(wanted) {
            return Err(Refusal::bad(format!("{} must be {wanted}", sent.name(field))));
        }
    }
    sent.text("contactEmail")?;
    let recipient = check_email(&sent, "mailRecipient")?;
    let message = sent.needed_text("message")?.to_owned();
    let sender = check_email(&sent, "senderEmail")?;
    let roles = roles(sent.needed_text("roleInfo")?)?;
    check_roles(call.store, &roles)?;

    let known = call.store.state.user_at(&recipient).is_some();
    let how = options.behaviour.known_invitee;
    if known && how == KnownInvitee::Refused {
        return Err(Refusal::taken(format!("a user with the e-mail address {recipient} exists already")));
    }
    let listed = known && how != KnownInvitee::Mailed;
    let listing = if listed { vec![recipient.clone()] } else { Vec::new() };
    if listed && how == KnownInvitee::ListedOnly {
        return Ok(Done::Plain(json!({ NOT_INVITED: listing })));
    }
    let id = call.store.state.new_id();
    if !listed {
        call.store.state.note(recipient.clone(), 1);
    }
    call.store.state.invitations.push(Invitation { id, recipient, message, sender, roles, used: false });
    Ok(Done::Plain(json!({"invitationId": IdOf::Invitation.write(&options.ids, id), NOT_INVITED: listing})))
}

/// The roles of an invitation: JSON within a text, with numbers in it.
fn roles(text: &str) -> Result<Vec<Role>, Refusal> {
    let wrong = || {
        Refusal::bad("Invitation.roleInfo must be JSON as a text: [{\"partner\":1,\"roles\":[2],\"defaultRole\":2}]")
    };
    let Ok(Value::Array(entries)) = serde_json::from_str(text) else {
        return Err(wrong());
    };
    let mut found = Vec::new();
    for entry in &entries {
        let partner = entry["partner"].as_u64().ok_or_else(wrong)?;
        let default = entry["defaultRole"].as_u64().ok_or_else(wrong)?;
        let roles = entry["roles"].as_array().ok_or_else(wrong)?;
        for role in roles {
            let role = role.as_u64().ok_or_else(wrong)?;
            found.push(Role { partner, role, default: role == default });
        }
    }
    if found.is_empty() { Err(wrong()) } else { Ok(found) }
}

/// 2.3: makes a user of an invitation, which is used then.
pub fn create_user(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let (options, body) = (call.options(), call.take_sent());
    let sent = Sent::wrapped(&options, &body, "IndigoUser")?;
    let (first_name, last_name) = (sent.needed_text("firstName")?, sent.needed_text("lastName")?);
    let password = sent.needed_text("password")?;
    let id = sent.needed_id("invitationId", IdOf::Invitation)?;
    if sent.value("roleId").is_some() {
        return Err(Refusal::bad("IndigoUser.roleId must be null"));
    }
    if options.behaviour.role_id_required && !sent.has("roleId") {
        return Err(sent.missing("roleId"));
    }
    check_password(&options, password, &sent.name("password"))?;
    let unknown = || Refusal::missing(format!("there is no invitation {id}"));
    let state = &call.store.state;
    let invitation = state.invitations.iter().find(|invitation| invitation.id == id).ok_or_else(unknown)?.clone();
    if invitation.used {
        return Err(match options.behaviour.used_invitation {
            UsedInvitation::Used => Refusal::conflict(format!("the invitation {id} was used already")),
            UsedInvitation::Missing => unknown(),
            UsedInvitation::Taken => Refusal::taken("a user with this e-mail address exists already"),
        });
    }
    check_free(call.store, &invitation.recipient)?;

    let user = User {
        first_name: first_name.to_owned(),
        last_name: last_name.to_owned(),
        password: Some(password.to_owned()),
        roles: invitation.roles,
        ..User::invited(call.store.state.new_id(), &invitation.recipient, &options.server.company)
    };
    let told = view(&options, &user, false);
    let state = &mut call.store.state;
    state.users.push(user);
    for invitation in state.invitations.iter_mut().filter(|invitation| invitation.id == id) {
        invitation.used = true;
    }
    Ok(Done::Created("IndigoUser", told))
}
