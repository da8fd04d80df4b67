//! Where the zip of a template or a package comes from: what the two kinds that upload one have in common.

use super::client::Client;
use super::client::uploads::Source;
use crate::base::fault::{Class, Delivery, Fault};
use crate::engine::kind::{Content, File, FileSource};

/// The path of the field that names the zip.
pub const PATH: &str = "source";

/// The content of a file to send; one behind a URL is fetched, and found to be the one that is meant.
///
/// # Errors
/// Nothing was sent: the file cannot be had, or is another one.
pub async fn content(client: &Client, operation: &'static str, file: Option<&File>) -> Result<Source, Fault> {
    match file {
        Some(File { content: Content::Bytes(bytes), .. }) => Ok(Client::content(bytes.clone())),
        Some(File { content: Content::Url(url), digest }) => client.fetched(url, digest).await,
        None => {
            let fault = Fault::new(Class::Broken, operation, "spec.source was not read");
            Err(fault.with_delivery(Delivery::NotSent))
        }
    }
}

/// What a source is called: by its ConfigMap or Secret. A URL may hold a signature, and is not repeated.
pub fn spoken(source: &FileSource) -> String {
    match (&source.config_map_ref, &source.secret_ref) {
        (Some(key), _) => format!("the ConfigMap {}'s {}", key.name, key.key),
        (None, Some(key)) => format!("the Secret {}'s {}", key.name, key.key),
        (None, None) => "the file behind the URL".to_owned(),
    }
}

/// The name of the file without `.zip`: that of its key, or the last word of its URL. What a form cannot carry becomes `_`.
pub fn file_stem(source: &FileSource) -> String {
    let key = source.config_map_ref.as_ref().or(source.secret_ref.as_ref()).map(|key| key.key.as_str());
    let name = key.or_else(|| source.url.as_deref().and_then(last_word)).unwrap_or_default();
    let stem = name.strip_suffix(".zip").unwrap_or(name);
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' };
    let stem: String = stem.chars().map(plain).collect();
    if stem.trim_matches(['.', ' ']).is_empty() { "package".to_owned() } else { stem }
}

fn last_word(url: &str) -> Option<&str> {
    let path = url.split(['?', '#']).next()?;
    path.rsplit('/').next().filter(|name| name.ends_with(".zip"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(json: serde_json::Value) -> FileSource {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_file_has_a_name_that_a_form_can_carry() {
        let url = |url: &str| source(serde_json::json!({"url": url, "sha256": "00"}));
        for (source, stem) in [
            (source(serde_json::json!({"configMapRef": {"name": "a", "key": "blank.zip"}})), "blank"),
            (source(serde_json::json!({"secretRef": {"name": "a", "key": "blank"}})), "blank"),
            (url("https://files.example/x/holiday%20app.zip?signature=a/b.zip"), "holiday_20app"),
            (url("https://files.example/x/\"\r\n.zip"), "___"),
            (url("https://files.example/download/17"), "package"),
            (url("https://files.example/.zip"), "package"),
        ] {
            assert_eq!(file_stem(&source), stem);
        }
    }

    #[test]
    fn a_url_is_not_repeated() {
        let source = source(serde_json::json!({"url": "https://files.example/planted.zip?planted", "sha256": "00"}));
        assert!(!spoken(&source).contains("planted"));
    }
}
