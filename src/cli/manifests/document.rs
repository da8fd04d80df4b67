//! The documents of one file, each parsed by itself: a mistake in one does not hide the mistakes in the others.

use std::borrow::Cow;
use std::path::Path;

use serde_json::Value;

use super::{ManifestError, Place, place, type_name};

/// One object, and where it stands, or why it is none.
pub(super) type Found = Result<(Place, Value), ManifestError>;

/// The objects of a file, lists unfolded.
pub(super) fn parse(file: &Path, text: &str) -> Vec<Found> {
    let json = file.extension().is_some_and(|extension| extension == "json");
    let documents = if json { parse_json(file, text) } else { parse_yaml(file, text) };
    documents.into_iter().flat_map(unfold).collect()
}

fn parse_json(file: &Path, text: &str) -> Vec<Found> {
    let mut documents = Vec::new();
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    loop {
        let rest = &text[stream.byte_offset()..];
        let start = text.len() - rest.trim_start().len();
        let line = 1 + text[..start].matches('\n').count();
        let place = place(file, documents.len() + 1, line);
        match stream.next() {
            None => return documents,
            Some(Ok(value)) => documents.push(Ok((place, value))),
            Some(Err(error)) => {
                let (line, column) = (error.line(), error.column());
                let reason = error.to_string();
                let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
                documents.push(Err(ManifestError::Syntax { place, line, column, reason }));
                return documents;
            }
        }
    }
}

fn parse_yaml(file: &Path, text: &str) -> Vec<Found> {
    let mut documents = Vec::new();
    for (line, document) in split(text) {
        let place = place(file, documents.len() + 1, line);
        match serde_yaml::from_str_with_options::<Value>(document, options()) {
            Ok(Value::Null) => {}
            Ok(value) => documents.push(Ok((place, value))),
            Err(error) => documents.push(Err(syntax(place, line, &error))),
        }
    }
    documents
}

/// The dialect that kubectl reads: YAML 1.1's booleans and octal numbers.
fn options() -> serde_yaml::Options {
    // A snippet in an error would show lines of a Secret.
    serde_yaml::options! { legacy_octal_numbers: true, strict_booleans: false, with_snippet: false }
}

fn syntax(place: Place, first_line: usize, error: &serde_yaml::Error) -> ManifestError {
    let error = error.without_snippet();
    let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let (line, column) = error.location().map_or((1, 1), |at| (number(at.line()), number(at.column())));
    let reason = error.render_with_formatter(&serde_yaml::UserMessageFormatter.with_localizer(&WithoutPlace));
    ManifestError::Syntax { place, line: first_line + line.saturating_sub(1), column, reason }
}

/// The place stands in our message already, counted from the beginning of the file.
struct WithoutPlace;

impl serde_yaml::Localizer for WithoutPlace {
    fn attach_location<'a>(&self, base: Cow<'a, str>, _: serde_yaml::Location) -> Cow<'a, str> {
        base
    }
}

/// The documents with content, and the line each begins in. Cut at the lines that begin with `---`, as kubectl does it.
fn split(text: &str) -> Vec<(usize, &str)> {
    let mut documents = Vec::new();
    let (mut start, mut first_line, mut offset) = (0, 1, 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if let Some(rest) = line.strip_prefix("---")
            && (rest.is_empty() || rest.starts_with(char::is_whitespace))
        {
            documents.push((first_line, &text[start..offset]));
            // What follows on the same line belongs to the document that begins there.
            (start, first_line) = (offset + 3, index + 1);
        }
        offset += line.len();
    }
    documents.push((first_line, &text[start..]));
    documents.into_iter().filter_map(trim_start).collect()
}

/// Without the lines before the content; none when there is no content at all.
fn trim_start((mut first_line, mut document): (usize, &str)) -> Option<(usize, &str)> {
    for line in document.split_inclusive('\n') {
        let content = line.trim();
        // `%YAML 1.2` and the like stand before the first `---`.
        if !content.is_empty() && !content.starts_with(['#', '%']) {
            return Some((first_line, document));
        }
        first_line += usize::from(line.ends_with('\n'));
        document = &document[line.len()..];
    }
    None
}

/// The items of a list (`kind: List`, or `PodList` and the like), or the object itself.
fn unfold(found: Found) -> Vec<Found> {
    let (place, mut value) = match found {
        Ok(found) => found,
        Err(error) => return vec![Err(error)],
    };
    let Value::Object(object) = &mut value else {
        return vec![Err(ManifestError::NotAnObject { place, found: type_name(&value) })];
    };
    let is_list = object.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    match object.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) if is_list => items
            .into_iter()
            .enumerate()
            .flat_map(|(index, item)| unfold(Ok((Place { item: Some(index + 1), ..place.clone() }, item))))
            .collect(),
        Some(items) => {
            object.insert("items".to_owned(), items);
            vec![Ok((place, value))]
        }
        None => vec![Ok((place, value))],
    }
}
