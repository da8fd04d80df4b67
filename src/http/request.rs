//! A vendor call as data: what it does, where it goes, what it carries.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;

use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::http::body::Body;

pub use reqwest::Method;

/// Whether a call may change anything at the vendor. Verbs do not tell: some vendors list with POST and delete with PUT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Changes nothing, so it needs no leave and may be tried again.
    Read,
    /// May change something: asked of the gate, and never sent twice for one request.
    Write,
}

/// How long an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// A call about one object.
    Call,
    /// One large answer.
    List,
    /// Work that the vendor does while we wait, such as building a portal. Where content is streamed, this is for what comes after it.
    Long,
}

/// One call to be sent.
///
/// Not `Debug`: headers, query and body may hold secrets.
#[derive(Clone)]
pub struct Request {
    /// The vendor operation, such as `list_accounts`; one of a small fixed set.
    pub operation: &'static str,
    /// Whether it may change anything.
    pub intent: Intent,
    /// The HTTP method.
    pub method: Method,
    /// Path segments below the base URL, unescaped.
    pub path: Vec<String>,
    /// Query parameters, unescaped.
    pub query: Vec<(&'static str, String)>,
    /// Headers beside those that the transport sends with every call. Treated as secrets.
    pub headers: Vec<(&'static str, Secret)>,
    /// What it carries.
    pub body: Body,
    /// Secrets in the path, query or body, to be blotted out of whatever the vendor answers.
    pub secrets: Vec<Secret>,
    /// How long the answer may take.
    pub patience: Patience,
    /// Whether it carries a token that may have run out: a 401 then says nothing about the credentials.
    pub renewable: bool,
    /// Whether a redirect with 302 is an answer to be read, and not followed.
    pub reads_redirect: bool,
}

impl Request {
    /// A call that changes nothing.
    pub fn read(operation: &'static str, method: Method) -> Self {
        Self::new(operation, method, Intent::Read)
    }

    /// A call that may change something.
    pub fn write(operation: &'static str, method: Method) -> Self {
        Self::new(operation, method, Intent::Write)
    }

    fn new(operation: &'static str, method: Method, intent: Intent) -> Self {
        Self {
            operation,
            intent,
            method,
            path: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::empty(),
            secrets: Vec::new(),
            patience: Patience::Call,
            renewable: false,
            reads_redirect: false,
        }
    }

    /// The same call, at these path segments below the base URL.
    #[must_use]
    pub fn at<S: Into<String>>(mut self, segments: impl IntoIterator<Item = S>) -> Self {
        self.path.extend(segments.into_iter().map(Into::into));
        self
    }

    /// The same call, with one more query parameter.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// The same call, with one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: Secret) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same call, with a token that may have run out, or with a fresh one ([`Login`](crate::http::login::Login) says which).
    #[must_use]
    pub fn renewable(mut self, renewable: bool) -> Self {
        self.renewable = renewable;
        self
    }

    /// The same call, to a vendor that sends whoever is not logged in to a page with 302: that is then an answer, and is not followed.
    #[must_use]
    pub fn reads_redirect(mut self) -> Self {
        self.reads_redirect = true;
        self
    }

    /// The same call, carrying `body`.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// The same call, naming a secret that it carries.
    #[must_use]
    pub fn secret(mut self, secret: Secret) -> Self {
        self.secrets.push(secret);
        self
    }

    /// The same call, with another idea of how long the answer may take.
    #[must_use]
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Where the call goes.
    ///
    /// # Errors
    /// For a segment that a URL would not keep as it is (blank, `.` and `..`): the call would reach another object, or all of them.
    pub(crate) fn url(&self, base: &Url) -> Result<Url, Fault> {
        let mut url = base.clone();
        if !self.path.is_empty() {
            if self.path.iter().any(|segment| matches!(segment.trim(), "" | "." | "..")) {
                let detail = "a part of the path is blank or a dot, so the call would reach something else";
                return Err(Fault::new(Class::Refused, self.operation, detail).with_delivery(Delivery::NotSent));
            }
            if let Ok(mut path) = url.path_segments_mut() {
                path.pop_if_empty().extend(&self.path);
            }
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }

    /// The fault of a call that never left.
    pub(crate) fn not_sent(&self, class: Class, detail: impl Into<String>) -> Fault {
        Fault::new(class, self.operation, detail).with_delivery(Delivery::NotSent)
    }

    /// What is known about a call whose answer is missing or unreadable. A read cannot have done anything.
    pub(crate) fn unanswered(&self) -> Delivery {
        match self.intent {
            Intent::Write => Delivery::Unknown,
            Intent::Read => Delivery::Answered,
        }
    }
}

/// The value of an `Authorization` header for HTTP Basic.
pub fn basic_authorization(username: &str, password: &str) -> Secret {
    Secret::new(format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))))
}

pub(crate) fn form_encode<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    // The one way to this encoding that needs no further crate: a URL's query is written in it.
    let Ok(mut url) = Url::parse("form://encode") else { return String::new() };
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_keeps_its_segments_whole() {
        let base = Url::parse("https://vendor.example/api/").unwrap();
        let url = Request::read("get", Method::GET).at(["users", "a/b c"]).query("q", "x&y").url(&base).unwrap();
        assert_eq!(url.as_str(), "https://vendor.example/api/users/a%2Fb%20c?q=x%26y");
        for segment in ["", " ", ".", ".."] {
            let fault = Request::write("delete", Method::DELETE).at(["users", segment]).url(&base).unwrap_err();
            assert_eq!((fault.class, fault.delivery), (Class::Refused, Delivery::NotSent));
        }
    }

    #[test]
    fn a_form_is_escaped() {
        assert_eq!(form_encode([("a", "1 2"), ("b&", "=")]), "a=1+2&b%26=%3D");
    }
}
