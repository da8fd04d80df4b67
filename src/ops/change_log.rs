//! Change log: where the change record goes. One JSON line for every write at a vendor, apart from the log.

use std::convert::Infallible;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::record::{Append, ChangeLog};

/// Where lines go, as `--change-log` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Standard output, which nothing else writes to.
    Stdout,
    /// Standard error, between the lines of the log.
    Stderr,
    /// The end of this file.
    File(PathBuf),
    /// Nowhere.
    Nowhere,
}

impl FromStr for Destination {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "stdout" => Self::Stdout,
            "stderr" => Self::Stderr,
            "none" => Self::Nowhere,
            path => Self::File(path.into()),
        })
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::Stderr => f.write_str("stderr"),
            Self::Nowhere => f.write_str("none"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Destination {
    /// The change record that goes there.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn open(&self) -> io::Result<ChangeLog> {
        let sink = match self {
            Self::Nowhere => return Ok(ChangeLog::default()),
            Self::Stdout => Sink::Stdout,
            Self::Stderr => Sink::Stderr,
            Self::File(path) => Sink::File(path.clone(), open(path)?),
        };
        Ok(ChangeLog::to(Arc::new(Stream(Mutex::new(sink)))))
    }
}

enum Sink {
    Stdout,
    Stderr,
    File(PathBuf, File),
}

struct Stream(Mutex<Sink>);

impl Append for Stream {
    fn append(&self, line: &str) {
        // In one piece, so that lines of several processes do not mix.
        let text = format!("{line}\n");
        let result = match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Sink::Stdout => whole(&mut io::stdout().lock(), &text),
            Sink::Stderr => whole(&mut io::stderr().lock(), &text),
            Sink::File(path, file) => reopened(path, file).and_then(|()| whole(file, &text)),
        };
        // The log is the second best place, and better than none.
        if let Err(error) = result {
            tracing::error!(%error, line, "the change record cannot be written, so this line of it stands here");
        }
    }
}

fn whole(to: &mut impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// Opens the file anew when it was moved away or deleted, as whoever rotates it does.
fn reopened(path: &Path, file: &mut File) -> io::Result<()> {
    let same =
        |named: std::fs::Metadata| file.metadata().map(|ours| (ours.dev(), ours.ino()) == (named.dev(), named.ino()));
    if !std::fs::metadata(path).and_then(same).unwrap_or(false) {
        *file = open(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(path: &Path) -> Stream {
        Stream(Mutex::new(Sink::File(path.to_owned(), open(path).unwrap())))
    }

    #[test]
    fn words_are_destinations_and_everything_else_is_a_file() {
        let parse = |text: &str| text.parse::<Destination>().unwrap();
        assert_eq!(parse("stdout"), Destination::Stdout);
        assert_eq!(parse("stderr"), Destination::Stderr);
        assert_eq!(parse("none"), Destination::Nowhere);
        assert_eq!(parse("./none"), Destination::File("./none".into()));
    }

    #[test]
    fn a_file_is_appended_to_and_made_anew_when_it_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let (path, moved) = (dir.path().join("changes.log"), dir.path().join("changes.log.1"));
        std::fs::write(&path, "zero\n").unwrap();
        let log = stream(&path);
        log.append("one");
        std::fs::rename(&path, &moved).unwrap();
        log.append("two");
        assert_eq!(std::fs::read_to_string(&moved).unwrap(), "zero\none\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two\n");
        std::fs::remove_file(&path).unwrap();
        log.append("three");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\n");
    }

    #[test]
    fn a_folder_that_does_not_exist_is_told_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let destination = Destination::File(dir.path().join("none/changes.log"));
        assert_eq!(destination.open().unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
