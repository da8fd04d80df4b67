//! A call of the API as data: what it does, where it goes, and its parameters. The session adds the domain and the token.

use crate::base::secret::Secret;
use crate::crm2::config::DeleteParameters;
use crate::http::{Body, Method, Patience, Request};

/// One call. Its parameters travel in the query string of a GET, and in the form of a POST or PUT; those of a DELETE in either, as the
/// AdminApi says (contract 1.2, trap 1).
#[derive(Clone)]
pub struct Call {
    operation: &'static str,
    method: Method,
    path: Vec<String>,
    parameters: Vec<(&'static str, String)>,
    secrets: Vec<Secret>,
    patience: Patience,
}

impl Call {
    /// Reads.
    pub fn get(operation: &'static str, path: &[&str]) -> Self {
        Self::new(operation, Method::GET, path)
    }

    /// Adds.
    pub fn post(operation: &'static str, path: &[&str]) -> Self {
        Self::new(operation, Method::POST, path)
    }

    /// Changes.
    pub fn put(operation: &'static str, path: &[&str]) -> Self {
        Self::new(operation, Method::PUT, path)
    }

    /// Removes.
    pub fn delete(operation: &'static str, path: &[&str]) -> Self {
        Self::new(operation, Method::DELETE, path)
    }

    fn new(operation: &'static str, method: Method, path: &[&str]) -> Self {
        let path = path.iter().map(|&segment| segment.to_owned()).collect();
        Self { operation, method, path, parameters: Vec::new(), secrets: Vec::new(), patience: Patience::Call }
    }

    /// The same call, with one more parameter.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.parameters.push((name, value.into()));
        self
    }

    /// The same call, with one more parameter that nobody may see.
    #[must_use]
    pub fn with_secret(mut self, name: &'static str, value: &Secret) -> Self {
        self.secrets.push(value.clone());
        self.with(name, value.expose())
    }

    /// The same call, with another idea of how long the answer may take.
    #[must_use]
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Whether it is one of the Administrative API's own, and not of what lies beside it.
    pub(super) fn is_administrative(&self) -> bool {
        self.path.first().is_some_and(|first| first == "admin")
    }

    /// Whether it removes something.
    pub(super) fn is_delete(&self) -> bool {
        self.method == Method::DELETE
    }

    /// The request, for this domain and in the name of this token.
    pub(super) fn signed(&self, client_domain: &str, token: &Secret, deletes: DeleteParameters) -> Request {
        let request = match self.method {
            Method::GET => Request::read(self.operation, Method::GET),
            _ => Request::write(self.operation, self.method.clone()),
        };
        let own = self.parameters.iter().map(|(name, value)| (*name, value.as_str()));
        let parameters = [("clientDomain", client_domain), ("authToken", token.expose())].into_iter().chain(own);
        let in_query = match self.method {
            Method::GET => true,
            Method::DELETE => deletes == DeleteParameters::Query,
            _ => false,
        };
        let request = match in_query {
            true => parameters.fold(request, |request, (name, value)| request.query(name, value)),
            false => request.body(Body::form(parameters.map(|(name, value): (&str, &str)| (name, value)))),
        };
        let request = request.at(&self.path).patience(self.patience).secret(token.clone());
        self.secrets.iter().fold(request, |request, secret| request.secret(secret.clone()))
    }
}
