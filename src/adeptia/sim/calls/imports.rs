//! Users by the file: made in the background, which makes their partners external.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::adeptia::sim::answer::{Done, Refusal};
use crate::adeptia::sim::calls::Call;
use crate::adeptia::sim::calls::onboarding::make_external;
use crate::adeptia::sim::csv;
use crate::adeptia::sim::entities::{Import, ImportState, Role, User, is_email, is_strong};
use crate::adeptia::sim::options::answers::ImportStatus;
use crate::adeptia::sim::options::server::Server;
use crate::adeptia::sim::store::{FIRST_MADE, IT_USER, OWN_COMPANY, ROLES, SYS_ADMIN, Store};

const COLUMNS: [&str; 6] = ["First Name", "Last Name", "User Id", "Email Id", "Role Name", "Password"];
/// The column that partner users have besides.
const PARTNER: &str = "Partner's Name";
/// A role of partners' users, which has no id that is known.
const PARTNER_ROLES: [&str; 2] = ["Partner IT User", "Partner Business User"];

/// 2.20: starts an import. One at a time, for nothing tells two apart.
pub fn start(call: &mut Call<'_>) -> Result<Done, Refusal> {
    if call.store.options.server.multi_mode_authentication {
        return Err(Refusal::forbidden("imports of users are not available with multi-mode authentication"));
    }
    let part = |name: &str| call.input.parts.iter().find(|(part, _)| part == name).map(|(_, text)| text.as_str());
    let text = part("csvFile").ok_or_else(|| Refusal::bad("there is no part csvFile"))?.to_owned();
    let of_partners = match part("isPartner").map(str::trim) {
        Some("true") => true,
        None | Some("false") => false,
        Some(_) => return Err(Refusal::bad("the part isPartner must be true or false")),
    };
    if of_partners && !call.store.options.server.self_managed_partners {
        return Err(Refusal::forbidden("this edition has no self-managed partners"));
    }
    if call.store.state.imports.iter().any(|import| import.state == ImportState::Running) {
        return Err(Refusal::conflict("an import is under way"));
    }
    let takes = SignedDuration::from_secs(call.store.options.server.import_delay.into());
    let until = call.store.state.now().checked_add(takes).unwrap_or(Timestamp::MAX);
    call.store.state.imports.push(Import { of_partners, text, until, state: ImportState::Running });
    call.store.state.note("imports".to_owned(), 1);
    call.store.settle();
    Ok(Done::Deed)
}

/// The state of the last import; whose it is nothing tells.
pub fn status(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let of_partners = call.query.get("isPartner") == Some("true");
    let answers = &call.store.options.answers;
    let mut imports = call.store.state.imports.iter().rev().filter(|import| import.of_partners == of_partners);
    let (word, message) = match imports.next().map(|import| &import.state) {
        None => (&answers.import_none, None),
        Some(ImportState::Running) => (&answers.import_running, None),
        Some(ImportState::Done) => (&answers.import_done, None),
        Some(ImportState::Failed(reason)) => (&answers.import_failed, Some(reason)),
    };
    Ok(match (answers.import_status, message) {
        (ImportStatus::Text, _) => Done::Word(word.clone()),
        (ImportStatus::Object, None) => Done::Plain(json!({ "status": word })),
        (ImportStatus::Object, Some(message)) => Done::Plain(json!({"status": word, "message": message})),
    })
}

impl Store {
    /// Ends the imports that are due: all users of a file are made, or none.
    pub(in crate::adeptia::sim) fn settle(&mut self) {
        let now = self.state.now();
        let due = |import: &Import| import.state == ImportState::Running && import.until <= now;
        while let Some(place) = self.state.imports.iter().position(due) {
            let import = &self.state.imports[place];
            let (of_partners, text) = (import.of_partners, import.text.clone());
            let state = match users(self, &text, of_partners) {
                Err(reason) => ImportState::Failed(reason),
                Ok(users) => {
                    self.take_in(users);
                    ImportState::Done
                }
            };
            self.state.imports[place].state = state;
        }
    }

    fn take_in(&mut self, mut users: Vec<User>) {
        while let Some(first) = users.first() {
            let partner = first.partner;
            let (together, rest) = users.into_iter().partition(|user| user.partner == partner);
            users = rest;
            match partner {
                Some(partner) => make_external(self, partner, together),
                None => self.state.users.extend(together),
            }
        }
    }
}

/// The users of a file, or why there are none. Passwords are not in the reason.
fn users(store: &mut Store, text: &str, of_partners: bool) -> Result<Vec<User>, String> {
    let rows = csv::read(text).ok_or("the file is no CSV: a quote is out of place")?;
    let header: Vec<&str> = COLUMNS.into_iter().chain(of_partners.then_some(PARTNER)).collect();
    let Some((first, rows)) = rows.split_first() else {
        return Err("the file is empty".to_owned());
    };
    if *first != header {
        return Err(format!("the columns must be {}", header.join(", ")));
    }
    if rows.is_empty() {
        return Err("the file has no users".to_owned());
    }
    let mut found: Vec<User> = Vec::new();
    for (number, row) in (2..).zip(rows) {
        let user = user(store, row, header.len()).map_err(|reason| format!("line {number}: {reason}"))?;
        let same = |other: &User| other.email.eq_ignore_ascii_case(&user.email) || other.user_id == user.user_id;
        if found.iter().any(same) {
            return Err(format!("line {number}: the user is there twice"));
        }
        found.push(user);
    }
    Ok(found)
}

fn user(store: &mut Store, row: &[String], columns: usize) -> Result<User, String> {
    if row.len() != columns {
        return Err(format!("there are {} columns, not {columns}", row.len()));
    }
    let [first_name, last_name, user_id, email, roles, password, partner @ ..] = row else {
        return Err("columns are missing".to_owned());
    };
    for (name, column) in [(first_name, COLUMNS[0]), (last_name, COLUMNS[1])] {
        if name.is_empty() || !name.chars().all(char::is_alphanumeric) {
            return Err(format!("{column} must have letters and digits only"));
        }
    }
    if user_id.is_empty() || user_id.contains(|sign: char| !matches!(sign, 'a'..='z' | '0'..='9' | '_')) {
        return Err("User Id must have small letters, digits and _ only".to_owned());
    }
    if !is_email(email) {
        return Err("Email Id must be an e-mail address".to_owned());
    }
    if !store.options.behaviour.weak_passwords && !is_strong(password) {
        return Err(
            "Password must have 8 characters or more, with upper and lower case, a digit and a symbol".to_owned()
        );
    }
    if store.state.users.iter().any(|other| other.user_id == *user_id || other.email.eq_ignore_ascii_case(email)) {
        return Err(format!("a user {user_id} or {email} exists already"));
    }
    let company = match partner {
        [] => store.state.company(OWN_COMPANY),
        [name, ..] => store.state.company_named(name).filter(|company| company.id >= FIRST_MADE),
    };
    let company = company.ok_or("there is no such partner")?;
    let (home, company) = (company.id, company.name.clone());
    let roles = self::roles(&store.options.server, roles, home)?;
    let id = store.state.new_id();
    Ok(User {
        partner: Some(home).filter(|home| *home != OWN_COMPANY),
        user_id: user_id.clone(),
        first_name: first_name.clone(),
        last_name: last_name.clone(),
        password: Some(password.clone()),
        roles,
        ..User::invited(id, email, &company)
    })
}

/// The roles of one cell: several only with granular access control.
fn roles(server: &Server, cell: &str, partner: u64) -> Result<Vec<Role>, String> {
    let names: Vec<&str> = cell.split(',').map(str::trim).collect();
    if names.len() > 1 && !server.gac {
        return Err("Role Name must be one role: several need granular access control".to_owned());
    }
    let role = |(place, name): (usize, &&str)| {
        let of_partners = PARTNER_ROLES.contains(name).then_some(IT_USER);
        let known = ROLES.iter().find(|(_, known)| known == name).map(|(id, _)| *id).or(of_partners);
        match known {
            Some(SYS_ADMIN) if partner != OWN_COMPANY => Err("a partner's user cannot be Sys Admin".to_owned()),
            Some(role) => Ok(Role { partner, role, default: place == 0 }),
            None => Err(format!("there is no role {name}")),
        }
    };
    names.iter().enumerate().map(role).collect()
}
