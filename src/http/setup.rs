//! What is checked before the first call: the address, the credentials, the trusted authorities, and the proxy.

use std::net::IpAddr;

use reqwest::{Certificate, NoProxy, Proxy, Url};

use crate::base::access::Access;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;

/// Why a client cannot be built. Nothing but an edit of the AdminApi, its Secret or the operator's surroundings helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The vendor's address is not usable.
    #[error("the URL cannot be used: {problem}")]
    Url {
        /// What is wrong with it, and what to write instead.
        problem: String,
    },
    /// The credentials lack a key.
    #[error("the credentials have no key `{key}`: {way_out}")]
    MissingCredential {
        /// The missing key.
        key: &'static str,
        /// Where to find its value, or what to set instead.
        way_out: &'static str,
    },
    /// A key of the credentials has a value that cannot be sent, or contradicts another one.
    #[error("the credentials' key `{key}` cannot be used: {problem}")]
    Credential {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The CA bundle is not usable.
    #[error("the CA bundle cannot be used: {problem}")]
    CaBundle {
        /// What is wrong with it.
        problem: String,
    },
    /// `HTTPS_PROXY` is not usable.
    #[error("the proxy in HTTPS_PROXY cannot be used: it is not a URL such as http://proxy.example:3128")]
    Proxy,
    /// TLS cannot be set up, for example because the system trusts nobody.
    #[error("TLS cannot be set up: {problem}")]
    Tls {
        /// What the TLS library says.
        problem: String,
    },
}

impl From<SetupError> for Fault {
    /// The fault of every call that needs the client that could not be built.
    fn from(error: SetupError) -> Self {
        let class = match &error {
            SetupError::MissingCredential { .. } => Class::Denied,
            SetupError::Url { .. }
            | SetupError::Credential { .. }
            | SetupError::CaBundle { .. }
            | SetupError::Proxy
            | SetupError::Tls { .. } => Class::Refused,
        };
        Self::new(class, "setup", error.to_string()).with_delivery(Delivery::NotSent)
    }
}

/// A vendor's base URL, checked: HTTPS, or HTTP to this very machine, where credentials cannot be overheard.
///
/// # Errors
/// [`SetupError::Url`] that says what to write instead. It never repeats the URL, which may hold a password.
pub fn parse_url(text: &str) -> Result<Url, SetupError> {
    let bad = |problem: &str| Err(SetupError::Url { problem: problem.to_owned() });
    let url = parse_file_url(text)?;
    if !url.username().is_empty() || url.password().is_some() {
        return bad("it holds a user name or a password; they belong in the credentials Secret");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return bad("it has a part after ? or #; leave it out");
    }
    Ok(url)
}

/// The address of one file, checked: HTTPS, or HTTP to this very machine. Unlike [`parse_url`], it may have a query and a password.
///
/// # Errors
/// As those of [`parse_url`].
pub(crate) fn parse_file_url(text: &str) -> Result<Url, SetupError> {
    let bad = |problem: String| Err(SetupError::Url { problem });
    let url = match Url::parse(text.trim()) {
        Ok(url) => url,
        Err(error) => return bad(format!("{error}; it should look like https://vendor.example")),
    };
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
        return bad("it names no host; it should look like https://vendor.example".into());
    };
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(host) => {}
        "http" => {
            return bad(format!(
                "what is said would travel to {host} in clear text; write https:// (http:// is for loopback only)"
            ));
        }
        scheme => return bad(format!("its scheme is {scheme}; write https://")),
    }
    Ok(url)
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// A key of the credentials, without the blanks and line ends around it that files and `echo` leave; none when nothing remains.
pub fn credential(access: &Access, key: &str) -> Option<Secret> {
    let value = access.credentials.get(key)?.expose().trim();
    (!value.is_empty()).then(|| Secret::new(value))
}

/// The certificates of a PEM bundle.
///
/// # Errors
/// [`SetupError::CaBundle`] when it is not PEM, or holds no certificate.
pub(crate) fn certificates(bundle: &[u8]) -> Result<Vec<Certificate>, SetupError> {
    let bad = |problem: &str| SetupError::CaBundle { problem: problem.to_owned() };
    let certificates =
        Certificate::from_pem_bundle(bundle).map_err(|_| bad("it is not PEM (-----BEGIN CERTIFICATE-----)"))?;
    if certificates.is_empty() {
        return Err(bad("it holds no certificate (-----BEGIN CERTIFICATE-----)"));
    }
    Ok(certificates)
}

/// The proxy for HTTPS that the surroundings name in `HTTPS_PROXY` or `https_proxy`, minus the hosts in `NO_PROXY`.
///
/// Nothing else is looked at: not `HTTP_PROXY`, since clear text goes to loopback only, and not the settings of a desktop.
///
/// # Errors
/// [`SetupError::Proxy`], without the value, which may hold a password.
pub(crate) fn proxy(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Proxy>, SetupError> {
    let Some(address) =
        variable("HTTPS_PROXY").or_else(|| variable("https_proxy")).filter(|value| !value.trim().is_empty())
    else {
        return Ok(None);
    };
    let proxy = Proxy::https(address.trim()).map_err(|_| SetupError::Proxy)?;
    let exceptions = variable("NO_PROXY").or_else(|| variable("no_proxy")).unwrap_or_default();
    Ok(Some(proxy.no_proxy(NoProxy::from_string(&exceptions))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_https_or_loopback() {
        for good in [
            "https://admin.example",
            " https://admin.example:4242/x/ ",
            "http://localhost:1",
            "http://127.0.0.1:80",
            "http://[::1]:8080/",
        ] {
            assert!(parse_url(good).is_ok(), "{good}");
        }
        for (bad, word) in [
            ("admin.example", "https://"),
            ("", "https://"),
            ("ftp://admin.example", "ftp"),
            ("http://admin.example", "clear text"),
            ("http://localhost.example", "clear text"),
            ("https://user:hunter22@admin.example", "Secret"),
            ("https://admin.example/?token=hunter22", "after ?"),
            ("https://admin.example/#x", "after ?"),
            ("https://", "https://"),
        ] {
            let problem = parse_url(bad).unwrap_err().to_string();
            assert!(problem.contains(word) && !problem.contains("hunter22"), "{bad}: {problem}");
        }
    }

    #[test]
    fn a_bundle_without_certificates_is_named() {
        for bundle in [
            "",
            "hello",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "-----BEGIN CERTIFICATE-----\n!!\n",
        ] {
            assert!(matches!(certificates(bundle.as_bytes()), Err(SetupError::CaBundle { .. })), "{bundle}");
        }
    }

    #[test]
    fn a_proxy_is_used_when_it_is_named() {
        let with =
            |name: &'static str, value: &'static str| move |asked: &str| (asked == name).then(|| value.to_owned());
        assert!(proxy(|_| None).unwrap().is_none());
        assert!(proxy(with("HTTP_PROXY", "http://p:1")).unwrap().is_none());
        assert!(proxy(with("https_proxy", "http://p:1")).unwrap().is_some());
        let error = proxy(with("HTTPS_PROXY", "http://u:hunter22@:x")).unwrap_err();
        assert!(!error.to_string().contains("hunter22"));
    }
}
