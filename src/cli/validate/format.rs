//! The formats of strings that the API server checks, as it checks them: by the parsers of Go, which are more lenient than the
//! standards of the same names.
//!
//! Not checked here: `bsonobjectid`, `isbn`, `isbn10`, `isbn13`, `creditcard`, `ssn`, `hexcolor`, `rgbcolor`. All formats that
//! the API server does not know (`int32`, `uint8`, …) are free text to it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use k8s_openapi::ByteString;
use serde_json::Value;

/// A format: its name without dashes, an example for messages, and the check.
pub(super) struct Format {
    pub(super) name: &'static str,
    pub(super) example: &'static str,
    pub(super) check: fn(&str) -> bool,
}

/// The formats that are checked.
pub(super) const FORMATS: [Format; 16] = [
    Format { name: "datetime", example: "2026-01-31T12:00:00Z", check: is_date_time },
    Format { name: "date", example: "2026-01-31", check: is_date },
    Format { name: "duration", example: "10m or 1h30m", check: is_duration },
    Format { name: "uri", example: "https://example.com/path", check: is_uri },
    Format { name: "email", example: "ann@example.com", check: is_email },
    Format { name: "hostname", example: "host.example.com", check: is_hostname },
    Format { name: "ipv4", example: "192.0.2.1", check: |text| text.parse::<Ipv4Addr>().is_ok() },
    Format { name: "ipv6", example: "2001:db8::1", check: |text| text.parse::<Ipv6Addr>().is_ok() },
    Format { name: "cidr", example: "192.0.2.0/24", check: is_cidr },
    Format { name: "mac", example: "00:00:5e:00:53:01", check: is_mac },
    Format { name: "uuid", example: "0b0d2c2c-5f5e-4b43-9f0e-5d7a4e1f2a3b", check: |text| is_uuid(text, None) },
    Format { name: "uuid3", example: "a version 3 UUID", check: |text| is_uuid(text, Some(b'3')) },
    Format { name: "uuid4", example: "a version 4 UUID", check: |text| is_uuid(text, Some(b'4')) },
    Format { name: "uuid5", example: "a version 5 UUID", check: |text| is_uuid(text, Some(b'5')) },
    Format { name: "byte", example: "aGVsbG8=", check: is_base64 },
    Format { name: "k8sshortname", example: "my-name", check: is_short_name },
];

/// The format that a schema names, if it is checked.
pub(super) fn find(name: &str) -> Option<&'static Format> {
    let name = name.replace('-', "");
    FORMATS.iter().find(|format| format.name == name)
}

fn is_date_time(text: &str) -> bool {
    text.contains(['T', 't']) && text.parse::<jiff::Timestamp>().is_ok()
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

/// Go's durations (`1h30m`) and the wordy ones of its OpenAPI library (`2 days`), which finds them anywhere in a text.
fn is_duration(text: &str) -> bool {
    const UNITS: [&str; 11] = ["ns", "us", "µs", "μs", "ms", "s", "m", "h", "hr", "d", "w"];
    const WORDS: [&str; 8] = ["nano", "micro", "milli", "sec", "min", "hour", "day", "week"];
    let is_unit = |unit: &str| UNITS.contains(&unit) || WORDS.iter().any(|word| unit.starts_with(word));
    let after_number = |(index, _): (usize, &str)| {
        let rest = text[index..].trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        let unit: String = rest.chars().take_while(|c| c.is_alphabetic()).collect();
        is_unit(&unit.to_lowercase())
    };
    text.trim_start_matches(['+', '-']) == "0" || text.match_indices(|c: char| c.is_ascii_digit()).any(after_number)
}

fn is_uri(text: &str) -> bool {
    text.starts_with('/') || reqwest::Url::parse(text).is_ok()
}

/// An address, bare or behind a name: `Ann <ann@example.com>`.
fn is_email(text: &str) -> bool {
    let address = text.strip_suffix('>').map_or(text, |text| text.rsplit('<').next().unwrap_or_default());
    address.rsplit_once('@').is_some_and(|(local, domain)| {
        let clean = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
        clean(local) && clean(domain) && !local.contains('@')
    })
}

fn is_hostname(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // With dots, the last label is a top-level domain: an IPv4 address is no host name.
    let last_is_sound =
        text.rsplit_once('.').is_none_or(|(_, last)| last.len() > 1 && last.chars().all(char::is_alphabetic));
    text.len() <= 255 && last_is_sound && text.split('.').all(is_label)
}

fn is_cidr(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, length)| {
        let most = address.parse::<IpAddr>().map(|address| if address.is_ipv4() { 32 } else { 128 });
        most.is_ok_and(|most| length.parse::<u8>().is_ok_and(|length| length <= most))
    })
}

fn is_mac(text: &str) -> bool {
    let octets = |separator: char| {
        let octets: Vec<_> = text.split(separator).collect();
        let sound = |octet: &&str| octet.len() == 2 && octet.chars().all(|c| c.is_ascii_hexdigit());
        [6, 8, 20].contains(&octets.len()) && octets.iter().all(sound)
    };
    octets(':') || octets('-')
}

fn is_uuid(text: &str, version: Option<u8>) -> bool {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
    digits.len() == 32
        && digits.iter().all(u8::is_ascii_hexdigit)
        && version.is_none_or(|version| digits[12] == version)
}

fn is_base64(text: &str) -> bool {
    serde_json::from_value::<ByteString>(Value::String(text.to_owned())).is_ok()
}

fn is_short_name(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_takes_its_own_kind_and_no_other() {
        let cases = [
            ("date-time", "2026-01-31T12:00:00.5+01:00", "2026-01-31 12:00:00Z"),
            ("date", "2026-01-31", "2026-02-31"),
            ("duration", "1h30m", "10"),
            ("duration", "2 days", "soon"),
            ("duration", "-0", ""),
            ("uri", "https://example.com/a?b=c", "example.com/a"),
            ("uri", "/only/a/path", "a path"),
            ("email", "Ann <ann@example.com>", "ann@"),
            ("email", "ann@example.com", "a b@example.com"),
            ("hostname", "host-1.example.com", "192.0.2.1"),
            ("hostname", "localhost", "-a"),
            ("ipv4", "192.0.2.1", "192.0.2.01"),
            ("ipv6", "::1", "1"),
            ("cidr", "2001:db8::/64", "192.0.2.0/33"),
            ("mac", "00-00-5e-00-53-01", "00:00:5e:00:53"),
            ("uuid", "0b0d2c2c5f5e4b439f0e5d7a4e1f2a3b", "0b0d"),
            ("uuid4", "0b0d2c2c-5f5e-4b43-9f0e-5d7a4e1f2a3b", "0b0d2c2c-5f5e-3b43-9f0e-5d7a4e1f2a3b"),
            ("byte", "aGVsbG8=", "hello"),
            ("k8s-short-name", "a-1", "A"),
        ];
        for (name, good, bad) in cases {
            let check = find(name).unwrap_or_else(|| panic!("{name}")).check;
            assert!(check(good), "{name} {good}");
            assert!(!check(bad), "{name} {bad}");
        }
        assert!(find("int32").is_none());
    }
}
