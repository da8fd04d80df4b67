//! Bodies of the type `multipart/form-data` (RFC 7578), read when they are there already.

use axum::http::{HeaderMap, header};

/// One part of such a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// What it is called; blank when it has no name.
    pub name: String,
    /// The name of its file, without folders; none when it is no file.
    pub file: Option<String>,
    /// What is in it.
    pub content: &'a [u8],
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not declared as such a body.
    #[error("the Content-Type must be multipart/form-data with a boundary")]
    Type,
    /// It is declared so, and is none.
    #[error("the multipart body is broken")]
    Broken,
}

/// The parts of a body, in order.
///
/// # Errors
/// When it is of another type, or broken.
pub fn read<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<Vec<Part<'a>>, Unreadable> {
    let boundary = boundary(headers).ok_or(Unreadable::Type)?;
    let parts = split_at(body, &boundary).ok_or(Unreadable::Broken)?;
    let read = |(head, content): (String, &'a [u8])| {
        let disposition = parameters(&head, "content-disposition");
        let file = parameter(&disposition, "filename");
        Part {
            name: parameter(&disposition, "name").unwrap_or_default().to_owned(),
            file: file.map(|file| file.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()),
            content,
        }
    };
    Ok(parts.into_iter().map(read).collect())
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (kind, rest) = value.split_once(';')?;
    let parameters = split(rest);
    kind.trim().eq_ignore_ascii_case("multipart/form-data").then_some(())?;
    parameter(&parameters, "boundary").filter(|boundary| !boundary.is_empty()).map(str::to_owned)
}

/// Each part's header lines and its content; none when the body is broken.
fn split_at<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<(String, &'a [u8])>> {
    let first = format!("--{boundary}");
    let next = format!("\r\n--{boundary}");
    let mut rest = &body[find(body, first.as_bytes())? + first.len()..];
    let mut found = Vec::new();
    while !rest.starts_with(b"--") {
        rest = rest.strip_prefix(b"\r\n")?;
        let head = find(rest, b"\r\n\r\n")?;
        let lines = String::from_utf8(rest[..head].to_vec()).ok()?;
        rest = &rest[head + 4..];
        let end = find(rest, next.as_bytes())?;
        found.push((lines, &rest[..end]));
        rest = &rest[end + next.len()..];
    }
    Some(found)
}

/// The parameters of one header of a part.
fn parameters(head: &str, name: &str) -> Vec<(String, String)> {
    let value = head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then_some(value)
    });
    value.map(split).unwrap_or_default()
}

/// `a=b; c="d;e"` as pairs. What has no `=` is left out.
fn split(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start_matches([';', ' ']);
    while !rest.is_empty() {
        let end = rest.find([';', '=']).unwrap_or(rest.len());
        let name = rest[..end].trim().to_ascii_lowercase();
        if !rest[end..].starts_with('=') {
            rest = rest[end..].trim_start_matches([';', ' ']);
            continue;
        }
        let value = rest[end + 1..].trim_start();
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => value.split_at(value.find(';').unwrap_or(value.len())),
        };
        pairs.push((name, value.trim().to_owned()));
        rest = after.trim_start_matches([';', ' ']);
    }
    pairs
}

fn parameter<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<'a>(content_type: &str, body: &'a str) -> Result<Vec<Part<'a>>, Unreadable> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        read(&headers, body.as_bytes())
    }

    const FORM: &str = "multipart/form-data; boundary=B";

    #[test]
    fn reads_files_and_texts_in_order() {
        let body = "--B\r\nContent-Disposition: form-data; name=\"csvFile\"; filename=\"x/b;c.csv\"\r\n\
                    Content-Type: text/csv\r\n\r\na,b\r\n-- c\r\n\
                    --B\r\ncontent-disposition: form-data; name=isPartner\r\n\r\ntrue\r\n--B--\r\n";
        let parts = [
            Part { name: "csvFile".to_owned(), file: Some("b;c.csv".to_owned()), content: b"a,b\r\n-- c" },
            Part { name: "isPartner".to_owned(), file: None, content: b"true" },
        ];
        assert_eq!(told(FORM, body).as_deref(), Ok(parts.as_slice()));
        assert_eq!(told("Multipart/Form-Data; charset=x; boundary=\"B\"", body).as_deref(), Ok(parts.as_slice()));
    }

    #[test]
    fn says_what_it_cannot_read() {
        assert_eq!(told("text/csv", "a,b"), Err(Unreadable::Type));
        assert_eq!(told("multipart/form-data", "--B--\r\n"), Err(Unreadable::Type));
        assert_eq!(told(FORM, "a,b"), Err(Unreadable::Broken));
        assert_eq!(told(FORM, "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nno end"), Err(Unreadable::Broken));
        assert_eq!(told(FORM, "--B--\r\n"), Ok(vec![]));
    }
}
