//! What one server holds, as plain data: it can be saved as JSON and put back, and nothing in it moves but by its own clock.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::rand;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::base::clock::precisely_now;
use crate::crm2::sim::domain::{BUILT_IN_TYPES, Contact, Domain, Email, Login, PERMISSIONS};
use crate::crm2::sim::options::Options;

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A server: how it behaves, and what it holds.
pub(super) struct Store {
    pub options: Options,
    pub state: State,
}

/// What a server holds. It has secrets in it.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// The client domains, oldest first.
    pub domains: Vec<Domain>,
    /// How often something was done that cannot be undone, by natural key and deed, such as `acme.example token reset`.
    pub effects: BTreeMap<String, u64>,
    /// The permanent tokens: one of each login that ever was.
    pub(super) permanent: Vec<Permanent>,
    /// The temporary tokens, the old ones among them.
    pub(super) temporary: Vec<Temporary>,
    ahead: SignedDuration,
    last: u32,
}

/// The permanent token of a login.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Permanent {
    pub login: Login,
    pub token: String,
}

/// A temporary token of a login.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Temporary {
    pub login: Login,
    pub token: String,
    pub until: Timestamp,
}

/// Who comes in with a token.
pub(super) struct Bearer {
    pub login: Login,
    pub temporary: bool,
}

impl Store {
    /// A new server with the domains that the options name.
    pub fn new(options: Options) -> Self {
        let mut store = Self { options, state: State::default() };
        let name = store.options.server.client_domain.clone();
        let login = store.add_domain(&name).owner.clone();
        let token = store.options.credentials.auth_token.clone();
        store.state.set_token(&login, token);
        for name in store.options.server.domains.clone() {
            store.add_domain(&name);
        }
        store
    }

    /// Makes a domain with an owner; one that exists stays as it is.
    pub fn add_domain(&mut self, name: &str) -> &mut Domain {
        let place = self.state.domains.iter().position(|domain| domain.name == name).unwrap_or_else(|| {
            let domain = self.new_domain(name);
            self.state.domains.push(domain);
            self.state.domains.len() - 1
        });
        &mut self.state.domains[place]
    }

    fn new_domain(&mut self, name: &str) -> Domain {
        let owner = Login::google(format!("owner@{name}"));
        let lacks = &self.options.server.owner_lacks;
        let permissions: BTreeSet<String> =
            PERMISSIONS.map(str::to_owned).into_iter().filter(|permission| !lacks.contains(permission)).collect();
        let contact = Contact {
            id: self.state.new_id(),
            first_name: "Domain".to_owned(),
            last_name: "Owner".to_owned(),
            emails: vec![Email { email: owner.user_id.clone(), purpose: "PRIMARY".to_owned() }],
            logins: vec![owner.clone()],
            permissions,
            made: self.state.now(),
            ..Contact::default()
        };
        self.state.token_of(&owner);
        Domain {
            name: name.to_owned(),
            owner,
            contacts: vec![contact],
            notifications: None,
            mailboxes: Vec::new(),
            activity_types: BUILT_IN_TYPES.map(str::to_owned).into(),
            twitter: Vec::new(),
        }
    }

    /// The login whose permanent token an operator is given: that of the owner of the client domain of the options.
    pub fn owner(&self) -> Option<&Login> {
        let name = &self.options.server.client_domain;
        self.state.domains.iter().find(|domain| domain.name == *name).map(|domain| &domain.owner)
    }

    /// Ends the permanent token of a login, and returns the new one.
    pub fn reset(&mut self, login: &Login, ends_temporary: bool) -> String {
        let token = self.state.new_token();
        self.state.set_token(login, token.clone());
        if ends_temporary {
            self.state.temporary.retain(|temporary| temporary.login != *login);
        }
        token
    }

    /// The permissions that are valid.
    pub fn permissions(&self) -> impl Iterator<Item = &str> {
        PERMISSIONS.into_iter().chain(self.options.server.more_permissions.iter().map(String::as_str))
    }
}

impl State {
    /// The server's time: the machine's, plus what it was advanced by.
    pub fn now(&self) -> Timestamp {
        precisely_now().checked_add(self.ahead).unwrap_or(Timestamp::MAX)
    }

    /// A domain by its name.
    pub fn domain(&mut self, name: &str) -> Option<&mut Domain> {
        self.domains.iter_mut().find(|domain| domain.name == name)
    }

    /// The permanent token of a login, which is made if there is none.
    pub fn token_of(&mut self, login: &Login) -> String {
        if let Some(permanent) = self.permanent.iter().find(|permanent| permanent.login == *login) {
            return permanent.token.clone();
        }
        let token = self.new_token();
        self.set_token(login, token.clone());
        token
    }

    fn set_token(&mut self, login: &Login, token: String) {
        self.permanent.retain(|permanent| permanent.login != *login);
        self.permanent.push(Permanent { login: login.clone(), token });
    }

    /// A new temporary token.
    pub(super) fn issue(&mut self, login: Login, seconds: u32) -> String {
        let now = self.now();
        self.temporary.retain(|temporary| temporary.until > now);
        let token = self.new_token();
        let until = now.checked_add(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MAX);
        self.temporary.push(Temporary { login, token: token.clone(), until });
        token
    }

    /// Who comes in with a token; nobody with one that is unknown, was reset or is too old.
    pub(super) fn bearer(&self, token: &str) -> Option<Bearer> {
        let now = self.now();
        let permanent = self.permanent.iter().find(|permanent| permanent.token == token);
        let permanent = permanent.map(|permanent| Bearer { login: permanent.login.clone(), temporary: false });
        permanent.or_else(|| {
            let temporary = self.temporary.iter().find(|temporary| temporary.token == token && temporary.until > now);
            temporary.map(|temporary| Bearer { login: temporary.login.clone(), temporary: true })
        })
    }

    /// Every secret that it holds: tokens, good or not, and passwords.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let permanent = self.permanent.iter().map(|permanent| permanent.token.as_str());
        let temporary = self.temporary.iter().map(|temporary| temporary.token.as_str());
        permanent.chain(temporary).chain(self.domains.iter().flat_map(Domain::secrets))
    }

    /// Moves the clock.
    pub(super) fn advance(&mut self, by: SignedDuration) {
        self.ahead = self.ahead.saturating_add(by);
    }

    /// An id as the product's database makes them: 24 hex digits that begin with the time, unique on this server.
    pub(super) fn new_id(&mut self) -> String {
        self.last += 1;
        let mut bytes = [0; 5];
        // Without randomness ids are still unique on this server: no two share their count.
        rand::fill(&mut bytes).ok();
        let random: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{:08x}{random}{:06x}", self.now().as_second(), self.last)
    }

    /// A long random alphanumeric text, unique on this server.
    fn new_token(&mut self) -> String {
        self.last += 1;
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).ok();
        let letter = |byte: &u8| char::from(ALPHANUMERIC[usize::from(*byte) % ALPHANUMERIC.len()]);
        let random: String = bytes.iter().map(letter).collect();
        format!("{random}{:08x}", self.last)
    }

    /// Notes that something was done which cannot be undone.
    pub(super) fn note(&mut self, key: &str, deed: &str) {
        *self.effects.entry(format!("{key} {deed}")).or_default() += 1;
    }

    /// Puts everything back that people would miss: not the clock, the counts, what is counted, nor the tokens.
    pub(super) fn put_back(&mut self, kept: Self) {
        self.domains = kept.domains;
    }
}
