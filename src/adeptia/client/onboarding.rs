//! Onboarding: an internal partner becomes an external one, once and for good: with one first user, or with those of a CSV file, which the
//! vendor reads in the background (contract 2.19, 2.20).
//!
//! What became of an import is asked for without saying of which (trap 20). So at most one is begun at a time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::Instant;

use super::partners::{PartnerId, refused};
use super::{Client, read_nothing};
use crate::adeptia::wire::id::Id;
use crate::adeptia::wire::partners::{CompanyFields, SelfOnboard};
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::http::{Answer, Body, Method, Patience, Request, Source};

/// How long whoever began an import is waited for, when nothing is heard of it any more: its object may be gone.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long whoever waits for another one's import waits before it looks again.
const PAUSE: Duration = Duration::from_secs(5);

/// How long what the vendor says of an import may still be about the one before, unless this one was seen to be under way.
const SETTLED: Duration = Duration::from_secs(60);

/// How the last import stands. The vendor's words for that are kept from everybody: they may tell anything of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportState {
    /// It is under way.
    Running,
    /// It was not seen to be under way, and what is said may be about the one before.
    Early,
    /// It is over, and went well.
    Done,
    /// It is over, and did not.
    Failed,
    /// The vendor says nothing of it, or nothing that can be understood.
    Unclear,
}

/// Whose import is under way. One AdminApi has one.
#[derive(Default)]
pub(crate) struct Imports(Mutex<Option<Turn>>);

struct Turn {
    partner: Id,
    begun: Instant,
    heard: Instant,
    seen: bool,
}

impl Imports {
    /// Takes the turn for a partner, or keeps it. False while another one has it.
    fn take(&self, partner: &PartnerId) -> bool {
        let now = Instant::now();
        let mut turn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = |turn: &Turn| turn.partner == *partner.id() || now.duration_since(turn.heard) > PATIENCE;
        if !turn.as_ref().is_none_or(is_free) {
            return false;
        }
        match turn.as_mut().filter(|turn| turn.partner == *partner.id()) {
            Some(turn) => turn.heard = now,
            None => *turn = Some(Turn { partner: partner.id().clone(), begun: now, heard: now, seen: false }),
        }
        true
    }

    /// The import of whoever has the turn was begun now.
    fn begin(&self) {
        if let Some(turn) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            (turn.begun, turn.seen) = (Instant::now(), false);
        }
    }

    /// What to make of a state that was told to whoever has the turn.
    fn judge(&self, told: ImportState) -> ImportState {
        let mut turn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(turn) = turn.as_mut() else { return told };
        turn.seen |= told == ImportState::Running;
        let settled = turn.seen || turn.begun.elapsed() >= SETTLED;
        if settled { told } else { ImportState::Early }
    }

    /// Whose turn it is.
    fn holder(&self) -> Option<Id> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|turn| turn.partner.clone())
    }

    /// Gives the turn back.
    fn release(&self, partner: &Id) {
        let mut turn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turn.as_ref().is_some_and(|turn| turn.partner == *partner) {
            *turn = None;
        }
    }
}

impl Client {
    /// Makes a partner an external one, with a first user. Not to be repeated.
    ///
    /// # Errors
    /// [`Class::Refused`] with the vendor's words.
    pub async fn convert_partner(&self, partner: &PartnerId, user: &SelfOnboard<'_>) -> Result<(), Fault> {
        let make = || {
            // Misspelt in every version of the vendor's page (trap 2).
            let request = Request::write("convert_partner", Method::POST).at(["rest", "company", "enableSelfOnbaord"]);
            Ok(request.body(Body::json("convert_partner", user)?).secret(Secret::new(user.password)))
        };
        let outcome = self.send(make, read_nothing).await;
        self.note_conversion(partner, outcome.is_ok());
        outcome.map_err(refused)
    }

    /// Begins to import the users of a CSV file, which makes their partner an external one. Not to be repeated. Until
    /// [`Client::import_state`] says that it is over, nobody else's is begun.
    ///
    /// # Errors
    /// [`Class::Throttled`], not sent, while another import is under way; [`Class::Refused`] with the vendor's words.
    pub async fn import_users(&self, partner: &PartnerId, csv: &str, secrets: &[Secret]) -> Result<(), Fault> {
        self.take_turn(partner).await?;
        let outcome = self.begin_import(csv, secrets).await;
        self.imports().begin();
        if outcome.as_ref().is_err_and(|fault| fault.delivery != Delivery::Unknown) {
            self.imports().release(partner.id());
        }
        outcome
    }

    /// Waits for its turn, which comes also when the partner whose turn it is was seen to be external: nobody asks for its import then.
    async fn take_turn(&self, partner: &PartnerId) -> Result<(), Fault> {
        if self.imports().take(partner) {
            return Ok(());
        }
        if let Some(holder) = self.imports().holder()
            && self.partner(holder.as_str()).await.is_ok_and(|company| company.external() == Some(true))
        {
            self.imports().release(&holder);
        }
        let taken = self.imports().take(partner);
        if taken { Ok(()) } else { Err(another("an import of the users of another partner")) }
    }

    async fn begin_import(&self, csv: &str, secrets: &[Secret]) -> Result<(), Fault> {
        if self.look_at_import(&[]).await? == ImportState::Running {
            return Err(another("an import that was begun elsewhere"));
        }
        let make = || {
            let source = Source::bytes(csv.to_owned());
            let form = Body::file("csvFile", "users.csv", "text/csv", source).text_part("isPartner", "true");
            let request = Request::write("import_users", Method::POST).at(["rest", "users", "import"]);
            Ok(naming(request.patience(Patience::Long).body(form), secrets))
        };
        self.send(make, read_nothing).await.map_err(refused)
    }

    /// How the import stands that was begun for a partner. These secrets are in no fault. Once it is over, or nobody can tell, the next one may
    /// be begun.
    ///
    /// # Errors
    /// The fault of the call; [`Class::Throttled`], not sent, while another one's is under way.
    pub async fn import_state(&self, partner: &PartnerId, secrets: &[Secret]) -> Result<ImportState, Fault> {
        self.take_turn(partner).await?;
        let state = self.imports().judge(self.look_at_import(secrets).await?);
        match state {
            ImportState::Running | ImportState::Early => {}
            ImportState::Done | ImportState::Failed | ImportState::Unclear => {
                self.imports().release(partner.id());
                self.lists().partners.invalidate();
            }
        }
        Ok(state)
    }

    /// What the vendor says of the last import. One that has none to tell of may say so with a no.
    async fn look_at_import(&self, secrets: &[Secret]) -> Result<ImportState, Fault> {
        let make = || {
            let request = Request::read("get_import", Method::GET).at(["rest", "users", "checkthreadstatus"]);
            Ok(naming(request.query("isPartner", "true"), secrets))
        };
        match self.send(make, read_state).await {
            Err(fault) if matches!(fault.class, Class::Missing | Class::Refused) => Ok(ImportState::Unclear),
            Err(fault) if fault.class == Class::Broken || fault.code.is_some_and(|code| code >= 500) => {
                let detail = "the vendor does not tell how the import of users stands".to_owned();
                Err(Fault { detail, ..fault })
            }
            outcome => outcome,
        }
    }

    fn note_conversion(&self, partner: &PartnerId, done: bool) {
        if done {
            self.amend_partner(partner, CompanyFields::new().with("enableSelfOnboard", true), None);
        } else {
            self.lists().partners.invalidate();
        }
    }
}

fn naming(request: Request, secrets: &[Secret]) -> Request {
    secrets.iter().fold(request, |request, secret| request.secret(secret.clone()))
}

fn another(what: &str) -> Fault {
    let detail = format!("{what} is under way; the vendor does one at a time, so this one waits for it");
    let fault = Fault::new(Class::Throttled, "import_users", detail).with_delivery(Delivery::NotSent);
    fault.with_retry_after(Some(PAUSE))
}

/// Words for "it goes on", "it went well" and "it went wrong". The shape of the answer is unknown, and so are its words.
const GOES_ON: [&str; 6] = ["running", "progress", "pending", "processing", "queued", "waiting"];
const WENT_WELL: [&str; 6] = ["success", "complete", "done", "finish", "converted", "imported"];
const WENT_WRONG: [&str; 7] = ["fail", "error", "exception", "invalid", "abort", "incomplete", "unsuccess"];

/// What says that a word of those in the same text behind it is not meant.
const NEGATIONS: [&str; 4] = ["not", "no ", "never", "nothing"];

fn read_state(answer: &Answer) -> Result<ImportState, Fault> {
    read_nothing(answer)?;
    let said: Option<Json> = answer.json().ok();
    let mut texts = Vec::new();
    match &said {
        Some(said) => put_texts(said, &mut texts),
        None => texts.push(String::from_utf8_lossy(answer.body()).to_lowercase()),
    }
    let says = |known: &[&str]| texts.iter().any(|text| known.iter().any(|word| is_meant(text, word)));
    let went_wrong = || texts.iter().any(|text| WENT_WRONG.iter().any(|word| text.contains(word)));
    // One that failed may also be called completed, and one that goes on may count those that succeeded.
    Ok(if says(&GOES_ON) {
        ImportState::Running
    } else if went_wrong() {
        ImportState::Failed
    } else if says(&WENT_WELL) || said == Some(Json::Bool(true)) {
        ImportState::Done
    } else {
        ImportState::Unclear
    })
}

/// Whether a text has this word, and nothing before it that takes it back.
fn is_meant(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| !NEGATIONS.iter().any(|no| text[..at].contains(no)))
}

/// Adds the texts in an answer, in lower case.
fn put_texts(said: &Json, texts: &mut Vec<String>) {
    match said {
        Json::String(text) => texts.push(text.to_lowercase()),
        Json::Array(rows) => rows.iter().for_each(|row| put_texts(row, texts)),
        Json::Object(fields) => fields.values().for_each(|value| put_texts(value, texts)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
