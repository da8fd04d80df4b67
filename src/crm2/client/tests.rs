//! Tests of the client over real HTTP; the trap numbers are those of the contract's section 4.

use crate::base::access::Access;
use crate::crm2::client::Client;
use crate::crm2::config::Config;
use crate::http::tests::access;

/// The permanent token of the tests with a made-up server.
pub(crate) const PERMANENT: &str = "0123456789abcdef0123456789abcdef";

/// What a client with that token is built from.
pub(crate) fn with_token() -> Access {
    access(&[("authToken", PERMANENT)])
}

/// A client with that token.
pub(crate) fn client_at(url: &str) -> Client {
    Client::new(&Config::new(url, "acme.example"), with_token()).unwrap()
}

/// Two AdminApis that mean one domain have one realm, whatever token they have.
#[test]
fn the_realm_is_the_domain_at_its_server() {
    let realm = |url: &str, domain: &str, token: &str| {
        let client = Client::new(&Config::new(url, domain), access(&[("authToken", token)])).unwrap();
        client.realm().expose().to_owned()
    };
    let one = realm("https://crm2.example", "acme.example", "a-token");
    assert_eq!(one, realm("https://CRM2.example/admin/", "Acme.example", "another-token"));
    assert_ne!(one, realm("https://crm2.example", "other.example", "a-token"));
    assert_ne!(one, realm("https://crm3.example", "acme.example", "a-token"));
}

#[test]
fn a_missing_token_is_named() {
    let error = Client::new(&Config::new("https://crm2.example", "acme.example"), access(&[])).err().unwrap();
    assert!(error.to_string().contains("authToken"), "{error}");
}
