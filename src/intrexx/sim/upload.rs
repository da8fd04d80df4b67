//! Files that come as `multipart/form-data`.

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::HeaderMap;

use crate::intrexx::sim::answer::{Cause, Refusal};
use crate::sim::multipart::{self, Unreadable};

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
    if usize::try_from(limit).is_ok_and(|limit| body.len() > limit) {
        return Err(Refusal::new(Cause::TooLarge, "the upload is too large"));
    }
    let mut files = Vec::new();
    for part in multipart::read(headers, body).map_err(unreadable)? {
        if part.name != PART {
            return Err(Refusal::bad(format!("the part must be called {PART}")));
        }
        let name = part.file.unwrap_or_default();
        if !name.to_ascii_lowercase().ends_with(".zip") {
            return Err(Refusal::bad("the file name must end with .zip"));
        }
        if !is_zip(part.content) {
            return Err(Refusal::bad(format!("{name} is not a zip file")));
        }
        files.push(File { name, content: part.content.to_vec() });
    }
    if files.is_empty() { Err(Refusal::bad(format!("there is no part {PART}"))) } else { Ok(files) }
}

fn unreadable(error: Unreadable) -> Refusal {
    let cause = match error {
        Unreadable::Type => Cause::MediaType,
        Unreadable::Broken => Cause::Bad,
    };
    Refusal::new(cause, error.to_string())
}

/// By its first bytes: a local file, or the end record that an empty zip consists of.
fn is_zip(content: &[u8]) -> bool {
    content.starts_with(b"PK\x03\x04") || content.starts_with(b"PK\x05\x06")
}

#[cfg(test)]
mod tests {
    use axum::http::header;

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
