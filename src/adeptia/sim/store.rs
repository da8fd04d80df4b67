//! What one installation holds, as plain data: it can be saved as JSON and put back, and nothing in it moves but by its own clock.

use std::collections::BTreeMap;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::adeptia::sim::entities::{Company, Definition, Import, Invitation, Network, ParameterType, Template, User};
use crate::adeptia::sim::options::Options;
use crate::base::clock::precisely_now;

/// The partner that is the company itself.
pub(super) const OWN_COMPANY: u64 = 1;
/// What is below this came with the product.
pub(super) const FIRST_MADE: u64 = 1000;
/// The role of a Sys Admin.
pub(super) const SYS_ADMIN: u64 = 1;
/// The role of an IT User.
pub(super) const IT_USER: u64 = 2;

/// The company's roles, by id.
pub(super) const ROLES: [(u64, &str); 6] = [
    (SYS_ADMIN, "Sys Admin"),
    (IT_USER, "IT User"),
    (3, "Business User"),
    (4, "View Only User"),
    (5, "Monitor"),
    (6, "Monitor Limited"),
];

/// An installation: how it behaves, and what it holds.
pub(super) struct Store {
    pub options: Options,
    pub state: State,
}

/// What an installation holds. It has secrets in it.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// The company itself and its partners, oldest first.
    pub companies: Vec<Company>,
    /// The users of the company and of its partners, oldest first.
    pub users: Vec<User>,
    /// The invitations that were sent, oldest first.
    pub invitations: Vec<Invitation>,
    /// The networks that partners can be in.
    pub networks: Vec<Network>,
    /// The parameters that networks ask their partners for.
    pub definitions: Vec<Definition>,
    /// The templates that partners can be granted.
    pub templates: Vec<Template>,
    /// The imports of users, oldest first.
    pub imports: Vec<Import>,
    /// How often something was done that cannot be undone: mails by address, conversions by the partner's name, deleted transactions by
    /// the partner's name and ` transactions`, objects that changed hands by the new owner's address and ` objects`, and `imports`.
    pub effects: BTreeMap<String, u64>,
    /// Who is logged in, by token.
    pub(super) tokens: BTreeMap<String, Session>,
    ahead: SignedDuration,
    last_id: u64,
}

/// What a token is good for.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Session {
    pub user: u64,
    pub until: Timestamp,
}

impl Store {
    /// A new installation: the company with its administrator and the operator's own user, four networks, of which the first has
    /// parameters, and an active template in it.
    pub fn new(options: Options) -> Self {
        let mut state = State {
            companies: vec![Company { id: OWN_COMPANY, ..Company::named(&options.server.company) }],
            networks: ["Internal", "Customers", "Suppliers", "Vendors"]
                .into_iter()
                .zip(1..)
                .map(|(name, id)| Network { id, name: name.to_owned() })
                .collect(),
            definitions: [ParameterType::Text, ParameterType::Text, ParameterType::Password]
                .into_iter()
                .zip(11_518_430_417_328..)
                .map(|(r#type, id)| Definition {
                    id,
                    network: 1,
                    r#type,
                    max_length: None,
                    choices: vec![],
                    unique: false,
                })
                .collect(),
            templates: vec![Template { id: 11_535_091_945_352, active: true, networks: vec![1] }],
            ..State::default()
        };
        let company = &options.server.company;
        state.users.push(User::administrator(1, "admin@adeptia.example", company));
        state.users.push(User::administrator(11_518_430_417_001, &options.credentials.username, company));
        Self { options, state }
    }

    /// The user whom a name and a password let in.
    pub fn lets_in(&self, name: &str, password: &str) -> Option<u64> {
        let mut users = self.state.users.iter().filter(|user| user.active);
        let named = |user: &&User| user.email.eq_ignore_ascii_case(name) || (!name.is_empty() && user.user_id == name);
        users.find(named).filter(|user| self.password_of(user) == Some(password)).map(|user| user.id)
    }

    /// The password that a user logs in with: the operator's is among the options.
    fn password_of<'a>(&'a self, user: &'a User) -> Option<&'a str> {
        let own = &self.options.credentials;
        if self.is_operator(user) { Some(&own.password) } else { user.password.as_deref() }
    }

    /// Whether a user is the one that the operator logs in as.
    pub fn is_operator(&self, user: &User) -> bool {
        user.email.eq_ignore_ascii_case(&self.options.credentials.username)
    }

    /// Whether a role exists.
    pub fn has_role(&self, id: u64) -> bool {
        ROLES.iter().any(|(known, _)| *known == id) || self.options.server.roles.contains(&id)
    }
}

impl State {
    /// The installation's time: the machine's, plus what it was advanced by.
    pub fn now(&self) -> Timestamp {
        precisely_now().checked_add(self.ahead).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock.
    pub(super) fn advance(&mut self, by: SignedDuration) {
        self.ahead = self.ahead.saturating_add(by);
    }

    /// An id as the product makes them: 1 and the milliseconds since 1970, or the next one when that is given already.
    pub(super) fn new_id(&mut self) -> u64 {
        let millis = u64::try_from(self.now().as_millisecond()).unwrap_or_default();
        self.last_id = (10_000_000_000_000 + millis).max(self.last_id + 1);
        self.last_id
    }

    /// Notes that something was done which cannot be undone, `times` times.
    pub(super) fn note(&mut self, key: String, times: u64) {
        if times > 0 {
            *self.effects.entry(key).or_default() += times;
        }
    }

    /// A company or partner by id.
    pub fn company(&self, id: u64) -> Option<&Company> {
        self.companies.iter().find(|company| company.id == id)
    }

    /// A company or partner by id, to be changed.
    pub fn company_mut(&mut self, id: u64) -> Option<&mut Company> {
        self.companies.iter_mut().find(|company| company.id == id)
    }

    /// A company or partner by its name, in any case.
    pub fn company_named(&self, name: &str) -> Option<&Company> {
        self.companies.iter().find(|company| company.name.eq_ignore_ascii_case(name))
    }

    /// A user by id.
    pub fn user(&self, id: u64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// A user by id, to be changed.
    pub fn user_mut(&mut self, id: u64) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.id == id)
    }

    /// A user by e-mail address, in any case.
    pub fn user_at(&self, email: &str) -> Option<&User> {
        self.users.iter().find(|user| user.email.eq_ignore_ascii_case(email))
    }

    /// Makes a partner by hand: active, internal, in the first network.
    pub fn add_partner(&mut self, name: &str) -> &mut Company {
        let company = Company { id: self.new_id(), networks: vec![1], ..Company::named(name) };
        self.companies.push(company);
        let last = self.companies.len() - 1;
        &mut self.companies[last]
    }

    /// Makes a user of the company by hand: active, an IT User.
    pub fn add_user(&mut self, email: &str) -> &mut User {
        let company = self.company(OWN_COMPANY).map(|company| company.name.clone()).unwrap_or_default();
        let user = User::invited(self.new_id(), email, &company);
        self.users.push(user);
        let last = self.users.len() - 1;
        &mut self.users[last]
    }

    /// Removes a partner with all that is of it; how many of its transactions went with it, none when there was no such partner.
    pub(super) fn remove_partner(&mut self, id: u64) -> Option<(String, u64)> {
        let place = self.companies.iter().position(|company| company.id == id && id != OWN_COMPANY)?;
        let company = self.companies.remove(place);
        self.users.retain(|user| user.partner != Some(id));
        for user in &mut self.users {
            user.roles.retain(|role| role.partner != id);
        }
        Some((company.name, company.transactions))
    }

    /// Opens a session: the token that stands for it.
    pub(super) fn open(&mut self, user: u64, until: Timestamp, alone: bool) -> String {
        if alone {
            self.tokens.retain(|_, session| session.user != user);
        }
        let mut bytes = [0; 800];
        // Without randomness tokens are still different: no two share their id.
        rand::fill(&mut bytes).ok();
        let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","enc":"SHA-256"}"#);
        let token = format!("A4{head}.{}{}", self.new_id(), URL_SAFE_NO_PAD.encode(bytes));
        self.tokens.insert(token.clone(), Session { user, until });
        token
    }

    /// Puts everything back that people would miss: not the clock, what is counted, what was sent, nor who is logged in.
    pub(super) fn put_back(&mut self, kept: Self) {
        (self.companies, self.users) = (kept.companies, kept.users);
        (self.networks, self.definitions, self.templates) = (kept.networks, kept.definitions, kept.templates);
    }
}
