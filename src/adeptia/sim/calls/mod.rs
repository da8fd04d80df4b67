//! What each call of the contract does.

pub mod imports;
pub mod invitations;
pub mod linkages;
pub mod onboarding;
pub mod parameters;
pub mod partners;
pub mod session;
pub mod users;

use serde_json::{Value, json};

use crate::adeptia::sim::answer::{Done, Refusal};
use crate::adeptia::sim::endpoints::Query;
use crate::adeptia::sim::entities::{Role, is_email, is_strong};
use crate::adeptia::sim::fields::{IdOf, Sent};
use crate::adeptia::sim::input::Input;
use crate::adeptia::sim::options::Options;
use crate::adeptia::sim::options::behaviour::Repeat;
use crate::adeptia::sim::options::server::Profile;
use crate::adeptia::sim::store::Store;

/// One call on its way: the installation's data, and what the caller sent.
pub(super) struct Call<'a> {
    pub store: &'a mut Store,
    /// The texts in place of the path's segments in braces.
    pub params: &'a [String],
    pub query: &'a Query,
    pub input: Input,
}

impl Call<'_> {
    /// The switches, apart from the store, which changes meanwhile.
    fn options(&self) -> Options {
        self.store.options.clone()
    }

    /// What was sent as JSON.
    fn take_sent(&mut self) -> Value {
        self.input.sent.take()
    }

    /// The id in the path; none when it is no id at all.
    fn id(&self) -> Option<u64> {
        self.params.first()?.parse().ok()
    }

    /// How many a list has: as many as are asked for, or as few as the switches say.
    fn limit(&self) -> Result<usize, Refusal> {
        let server = &self.store.options.server;
        let asked = match self.query.get("limit") {
            None if server.default_limit == 0 => u32::MAX,
            None => server.default_limit,
            Some(text) => text.parse().map_err(|_| Refusal::bad("limit must be a number"))?,
        };
        Ok(usize::try_from(asked.min(server.max_limit.unwrap_or(u32::MAX))).unwrap_or(usize::MAX))
    }

    /// That the query names the resource that the call is about, which the early versions do not ask for.
    fn check_resource(&self, wanted: &str) -> Result<(), Refusal> {
        let given = self.query.get("resourceIdentifier");
        if self.store.options.server.profile == Profile::Legacy || given == Some(wanted) {
            return Ok(());
        }
        Err(Refusal::bad(format!("resourceIdentifier must be {wanted}")))
    }
}

/// What a call does that finds nothing to delete.
fn absent(options: &Options, message: &str) -> Result<Done, Refusal> {
    match options.behaviour.absent_deletion {
        Repeat::NoOp => Ok(Done::Deed),
        Repeat::Refuse => Err(Refusal::missing(message)),
    }
}

fn check_email(sent: &Sent<'_>, field: &str) -> Result<String, Refusal> {
    let email = sent.needed_text(field)?;
    if is_email(email) {
        Ok(email.to_owned())
    } else {
        Err(Refusal::bad(format!("{} must be an e-mail address", sent.name(field))))
    }
}

/// Never tells the password.
fn check_password(options: &Options, password: &str, name: &str) -> Result<(), Refusal> {
    if options.behaviour.weak_passwords || is_strong(password) {
        return Ok(());
    }
    Err(Refusal::bad(format!("{name} must have 8 characters or more, with upper and lower case, a digit and a symbol")))
}

fn check_free(store: &Store, email: &str) -> Result<(), Refusal> {
    match store.state.user_at(email) {
        None => Ok(()),
        Some(_) => Err(Refusal::taken(format!("a user with the e-mail address {email} exists already"))),
    }
}

/// That every role is one of the installation, at a partner of it, and that each partner has one default role.
fn check_roles(store: &Store, roles: &[Role]) -> Result<(), Refusal> {
    for role in roles {
        if store.state.company(role.partner).is_none() {
            return Err(Refusal::bad(format!("there is no partner {}", role.partner)));
        }
        if !store.has_role(role.role) {
            return Err(Refusal::bad(format!("there is no role {}", role.role)));
        }
        let defaults = roles.iter().filter(|other| other.partner == role.partner && other.default).count();
        if defaults != 1 {
            return Err(Refusal::bad(format!("partner {} must have one default role, not {defaults}", role.partner)));
        }
        if roles.iter().filter(|other| (other.partner, other.role) == (role.partner, role.role)).count() > 1 {
            return Err(Refusal::bad(format!("role {} is there twice for partner {}", role.role, role.partner)));
        }
    }
    Ok(())
}

/// The stub by which other objects are named.
fn stub(options: &Options, of: IdOf, id: u64) -> Value {
    json!({ "id": of.write(&options.ids, id) })
}
