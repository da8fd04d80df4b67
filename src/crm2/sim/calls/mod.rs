//! What each call of the contract does.

pub mod activity_types;
pub mod contacts;
pub mod mail;
pub mod session;
pub mod twitter;
pub mod users;

use crate::crm2::sim::answer::{Done, Refusal};
use crate::crm2::sim::domain::{Domain, Login};
use crate::crm2::sim::input::Params;
use crate::crm2::sim::options::behaviour::{DuplicatePost, MissingDelete, Repeated};
use crate::crm2::sim::options::{Answers, Behaviour};
use crate::crm2::sim::store::Store;

/// One call on its way: the server's data, and what the caller sent.
pub(super) struct Call<'a> {
    pub store: &'a mut Store,
    pub params: Params,
    /// The text in place of the path's segment in braces.
    pub inner: Option<String>,
    /// The domain that the caller is in; blank where none is asked for.
    pub domain: String,
    /// Who calls; none where anyone may.
    pub caller: Option<Login>,
}

impl Call<'_> {
    fn behaviour(&self) -> &Behaviour {
        &self.store.options.behaviour
    }

    fn answers(&self) -> &Answers {
        &self.store.options.answers
    }

    /// The domain that the caller is in.
    fn domain(&mut self) -> Result<&mut Domain, Refusal> {
        self.store.state.domain(&self.domain).ok_or_else(|| Refusal::missing("there is no such clientDomain"))
    }

    /// The answer to a DELETE of what is not there.
    fn nothing_to_remove(&self, sentence: &str) -> Result<Done, Refusal> {
        match self.behaviour().missing_delete {
            MissingDelete::Ok => Ok(Done::Removed),
            MissingDelete::Error => Err(Refusal::missing(sentence)),
        }
    }

    /// Whether something may be posted that is there already.
    fn may_post_again(&self, by_itself: bool) -> bool {
        match self.behaviour().duplicate_post {
            DuplicatePost::Mixed => by_itself,
            DuplicatePost::Ok => true,
            DuplicatePost::Error => false,
        }
    }
}

impl Repeated {
    /// Refuses with `sentence` what was done before, or lets it pass.
    fn check(self, sentence: &str) -> Result<(), Refusal> {
        match self {
            Self::Ok => Ok(()),
            Self::Error => Err(Refusal::taken(sentence)),
        }
    }
}
