//! Making a vendor's words fit to be shown: without secrets, markup or control characters, and short.

use std::sync::Arc;

use crate::base::secret::{Secret, scrub};

/// Knows the secrets of a call, in every form in which a vendor may echo them.
#[derive(Clone)]
pub(crate) struct Redactor {
    /// Longest first: a short secret within a longer one would leave the longer one's rest readable.
    forms: Arc<[Secret]>,
}

impl Redactor {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        Self { forms: ordered(secrets.into_iter().flat_map(|secret| forms(secret.expose())).collect()) }
    }

    /// This redactor, with more secrets.
    pub(crate) fn with<'a>(&self, more: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut all: Vec<Secret> = more.into_iter().flat_map(|secret| forms(secret.expose())).collect();
        if all.is_empty() {
            return self.clone();
        }
        all.extend(self.forms.iter().cloned());
        Self { forms: ordered(all) }
    }

    /// The readable part of `text`, at most `limit` characters long.
    pub(crate) fn quote(&self, text: &str, limit: usize) -> String {
        // Twice, because taking out characters that do not show can put the halves of a secret together.
        let clean = scrub(text, self.forms.iter());
        let clean = scrub(&plain(&clean), self.forms.iter());
        shorten(&clean, limit)
    }
}

fn ordered(mut forms: Vec<Secret>) -> Arc<[Secret]> {
    forms.sort_by_key(|form| std::cmp::Reverse(form.expose().len()));
    forms.into()
}

/// A secret as itself, without the line end that its file had, behind an authentication scheme, and escaped for JSON, HTML and URLs.
fn forms(secret: &str) -> Vec<Secret> {
    let bare = secret.trim();
    let mut texts = vec![secret.to_owned(), bare.to_owned()];
    if let Some((_scheme, token)) = bare.split_once(' ') {
        texts.push(token.to_owned());
    }
    if let Ok(json) = serde_json::to_string(bare) {
        texts.push(json.trim_matches('"').to_owned());
    }
    let html = bare.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    texts.push(html.replace('\'', "&#039;"));
    texts.push(html.replace('\'', "&#39;"));
    let form = super::request::form_encode([("", bare)]);
    let form = form.trim_start_matches('=');
    texts.push(form.replace('+', "%20"));
    texts.push(form.to_owned());
    texts.sort();
    texts.dedup();
    texts.into_iter().filter(|text| !text.is_empty()).map(Secret::new).collect()
}

/// `text` without HTML tags, with each run of blanks and control characters as one blank.
fn plain(text: &str) -> String {
    let mut words = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        words.push_str(&rest[..start]);
        let tag = &rest[start..];
        let opens = tag[1..].starts_with(|next: char| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?'));
        match tag.find('>') {
            Some(end) if opens => {
                words.push(' ');
                rest = &tag[end + 1..];
            }
            _ => {
                words.push('<');
                rest = &tag[1..];
            }
        }
    }
    words.push_str(rest);
    let shown: String = words
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c })
        .collect();
    shown.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Characters without a glyph that reorder or split the text around them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => {
            let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
            format!("{}…", kept.trim_end())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_echoed_form_of_a_secret_goes() {
        let secrets = [Secret::new("p&ss \"w<o>rd'\n"), Secret::new("Basic dXNlcjpwYXNz"), Secret::new("p&ss")];
        let redactor = Redactor::new(&secrets);
        for echo in [
            "p&ss \"w<o>rd'",
            "p&amp;ss &quot;w&lt;o&gt;rd&#039;",
            "p&ss \\\"w<o>rd'",
            "p%26ss+%22w%3Co%3Erd%27",
            "p%26ss%20%22w%3Co%3Erd%27",
            "dXNlcjpwYXNz",
            "Basic dXNlcjpwYXNz",
            "p&\u{200b}ss",
        ] {
            let quoted = redactor.quote(&format!("no {echo}"), 300);
            assert!(
                !quoted.contains("rd") && !quoted.contains("dXN") && !quoted.contains("ss"),
                "{echo} became {quoted}"
            );
        }
    }

    #[test]
    fn markup_and_control_characters_go_and_the_rest_stays() {
        let redactor = Redactor::new([]);
        assert_eq!(redactor.quote("<h1>Bad\r\n\tgateway</h1>\u{1b}[31m 1 < 2\u{202e}", 300), "Bad gateway [31m 1 < 2");
        assert_eq!(redactor.quote("a<b", 300), "a<b");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let quoted = Redactor::new([]).quote(&"é".repeat(400), 300);
        assert_eq!(quoted.chars().count(), 300);
        assert!(quoted.ends_with('…'));
    }
}
