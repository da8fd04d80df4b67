//! Files that come as `multipart/form-data` (RFC 7578), read from a body that is there already.

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderMap, header};

use crate::intrexx::sim::answer::{Cause, Refusal};

/// The name of the part that carries a file; there may be several of that name.
const PART: &str = "files";

/// One uploaded file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct File {
    /// Its name without folders.
    pub name: String,
    pub content: Vec<u8>,
}

impl File {
    /// The SHA-256 of its content, in hexadecimal.
    pub fn sha256(&self) -> String {
        digest(&SHA256, &self.content).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The name without `.zip`.
    pub fn stem(&self) -> &str {
        self.name.strip_suffix(".zip").unwrap_or(&self.name)
    }
}

/// The files of an upload: at least one, each a zip.
pub(super) fn read(headers: &HeaderMap, body: &[u8], limit: u32) -> Result<Vec<File>, Refusal> {
    let boundary = boundary(headers).ok_or_else(|| {
        Refusal::new(Cause::MediaType, "the Content-Type must be multipart/form-data with a boundary")
    })?;
    if usize::try_from(limit).is_ok_and(|limit| body.len() > limit) {
        return Err(Refusal::new(Cause::TooLarge, "the upload is too large"));
    }
    let mut files = Vec::new();
    for (head, content) in parts(body, &boundary)? {
        let disposition = parameters(&head, "content-disposition");
        if parameter(&disposition, "name") != Some(PART) {
            return Err(Refusal::bad(format!("the part must be called {PART}")));
        }
        let name = parameter(&disposition, "filename").unwrap_or_default();
        let name = name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        if !name.to_ascii_lowercase().ends_with(".zip") {
            return Err(Refusal::bad("the file name must end with .zip"));
        }
        if !is_zip(content) {
            return Err(Refusal::bad(format!("{name} is not a zip file")));
        }
        files.push(File { name, content: content.to_vec() });
    }
    if files.is_empty() { Err(Refusal::bad(format!("there is no part {PART}"))) } else { Ok(files) }
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (kind, rest) = value.split_once(';')?;
    let parameters = split(rest);
    kind.trim().eq_ignore_ascii_case("multipart/form-data").then_some(())?;
    parameter(&parameters, "boundary").filter(|boundary| !boundary.is_empty()).map(str::to_owned)
}

/// Each part's header lines and its content.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<(String, &'a [u8])>, Refusal> {
    let broken = || Refusal::bad("the multipart body is broken");
    let first = format!("--{boundary}");
    let next = format!("\r\n--{boundary}");
    let mut rest = &body[find(body, first.as_bytes()).ok_or_else(broken)? + first.len()..];
    let mut found = Vec::new();
    while !rest.starts_with(b"--") {
        rest = rest.strip_prefix(b"\r\n").ok_or_else(broken)?;
        let head = find(rest, b"\r\n\r\n").ok_or_else(broken)?;
        let lines = String::from_utf8(rest[..head].to_vec()).map_err(|_| broken())?;
        rest = &rest[head + 4..];
        let end = find(rest, next.as_bytes()).ok_or_else(broken)?;
        found.push((lines, &rest[..end]));
        rest = &rest[end + next.len()..];
    }
    Ok(found)
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

/// By its first bytes: a local file, or the end record that an empty zip consists of.
fn is_zip(content: &[u8]) -> bool {
    content.starts_with(b"PK\x03\x04") || content.starts_with(b"PK\x05\x06")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(content_type: &str, body: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        let files = read(&headers, body.as_bytes(), 1000).map_err(|refusal| refusal.message)?;
        Ok(files.into_iter().map(|file| (file.name, file.content)).collect())
    }

    fn part(name: &str, file: &str, content: &str) -> String {
        let disposition = format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"");
        format!("--B\r\n{disposition}\r\nContent-Type: application/zip\r\n\r\n{content}\r\n")
    }

    const FORM: &str = "multipart/form-data; boundary=B";
    const ZIP: &str = "PK\x03\x04 a\r\n-- b";

    #[test]
    fn reads_every_file_whole() {
        let body = format!("{}{}--B--\r\n", part("files", "a.zip", ZIP), part("files", "x/b;c.ZIP", "PK\x05\x06"));
        let files = [("a.zip", ZIP), ("b;c.ZIP", "PK\x05\x06")];
        let files = files.map(|(name, content)| (name.to_owned(), content.as_bytes().to_vec()));
        assert_eq!(told(FORM, &body), Ok(files.to_vec()));
        assert_eq!(told("Multipart/Form-Data; charset=x; boundary=\"B\"", &body), Ok(files.to_vec()));
    }

    #[test]
    fn says_what_is_wrong() {
        let whole = |part: String| format!("{part}--B--\r\n");
        for (body, message) in [
            (whole(part("file", "a.zip", ZIP)), "the part must be called files"),
            (whole(part("files", "a.jar", ZIP)), "the file name must end with .zip"),
            (whole(part("files", "a.zip", "no zip")), "a.zip is not a zip file"),
            (whole(String::new()), "there is no part files"),
            (part("files", "a.zip", ZIP), "the multipart body is broken"),
            ("nothing".to_owned(), "the multipart body is broken"),
            (whole(part("files", "a.zip", &ZIP.repeat(100))), "the upload is too large"),
        ] {
            assert_eq!(told(FORM, &body), Err(message.to_owned()), "{body}");
        }
        let message = "the Content-Type must be multipart/form-data with a boundary";
        assert_eq!(told("application/zip", ZIP), Err(message.to_owned()));
    }
}
