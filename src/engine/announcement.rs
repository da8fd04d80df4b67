//! Announcement: the annotation that stands while a create is under way: which attempt it is, and what its last step returned. Pure.

/// In place of the attempt, a person's word that the step which may have been carried out was not: it may be taken.
const AGAIN: &str = "again";

/// An announced create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// The attempt: its own id and, behind a dot, the lease epoch.
    pub attempt: String,
    /// What the last step that is done returned.
    pub recorded: Option<String>,
}

impl Announcement {
    /// Reads the annotation's value. Words of a step that a person changed beyond recognition are handed on as they are.
    pub fn read(text: &str) -> Self {
        let (attempt, words) = text.split_once(' ').map_or((text, None), |(attempt, words)| (attempt, Some(words)));
        let decoded = |words: &str| serde_json::from_str(words).unwrap_or_else(|_| words.to_owned());
        Self { attempt: attempt.to_owned(), recorded: words.map(decoded) }
    }

    /// Whether a person says that the present step was not carried out.
    pub fn is_again(&self) -> bool {
        self.attempt == AGAIN
    }

    /// The annotation's value that says so, and keeps what earlier steps returned.
    pub fn again(&self) -> String {
        Self { attempt: AGAIN.to_owned(), recorded: self.recorded.clone() }.text()
    }

    /// The annotation's value. What a step returned stands in it as a JSON string, so that any text comes back as it was.
    pub fn text(&self) -> String {
        match &self.recorded {
            None => self.attempt.clone(),
            Some(words) => format!("{} {}", self.attempt, serde_json::Value::from(words.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_step_returned_comes_back() {
        for words in ["", " ", "invited 7", "\"quoted\" ", "two\nlines\t\u{0}", "null", "ü \\u00fc"] {
            let announcement = Announcement { attempt: "a1.0".to_owned(), recorded: Some(words.to_owned()) };
            assert_eq!(Announcement::read(&announcement.text()), announcement);
        }
        let bare = Announcement { attempt: "a1.0".to_owned(), recorded: None };
        assert_eq!((bare.text().as_str(), Announcement::read("a1.0")), ("a1.0", bare));
    }

    #[test]
    fn a_persons_word_keeps_what_was_done() {
        let announcement = Announcement { attempt: "a1.0".to_owned(), recorded: Some("invited 7".to_owned()) };
        assert_eq!(announcement.again(), "again \"invited 7\"");
        let read = Announcement::read(&announcement.again());
        assert!(read.is_again() && !announcement.is_again());
        assert_eq!(read.recorded, announcement.recorded);
    }

    #[test]
    fn an_annotation_by_hand_is_an_announcement_too() {
        let read = Announcement::read("by hand");
        assert_eq!((read.attempt.as_str(), read.recorded.as_deref()), ("by", Some("hand")));
    }
}
