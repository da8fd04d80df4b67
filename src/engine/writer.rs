//! Writer: what must not be written to by two at the same time, such as all of one portal. Who finds it taken ends its pass, and so holds
//! nobody up, and is called when its turn comes. Pure.
//!
//! The turn is an object's from its first wish to write until its pass ends. After that it is kept for whoever waits longest, until that one
//! had a pass of its own: nobody comes before those who wait, however often it tries.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::queue::Item;

/// What is written to by one at a time: the account, and what the kind says ([`Kind::writer`](super::kind::Kind::writer)).
type Subject = (Arc<str>, Arc<str>);

/// Whose turn it is, and who is next.
struct Line {
    first: Item,
    /// It was called and did not come yet.
    called: bool,
    waiting: VecDeque<Item>,
}

#[derive(Default)]
struct Lines {
    lines: HashMap<Subject, Line>,
    /// Those whose present pass found something taken. A call that reaches them in it is for their next one.
    refused: HashSet<Item>,
}

/// Who writes to what.
#[derive(Default)]
pub struct Writers(Mutex<Lines>);

impl Writers {
    /// Whether an object, in a pass, may write to a subject of an account from now until that pass ends. Otherwise it has a place in the
    /// line, and its pass is to end.
    pub fn admit(&self, item: &Item, account: &str, subject: &str) -> bool {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Lines { lines, refused } = &mut *lines;
        let line = lines.entry((account.into(), subject.into())).or_insert_with(|| Line {
            first: item.clone(),
            called: false,
            waiting: VecDeque::new(),
        });
        if line.first == *item {
            line.called = false;
            return true;
        }
        if !line.waiting.contains(item) {
            line.waiting.push_back(item.clone());
        }
        refused.insert(item.clone());
        false
    }

    /// An object's pass has ended. Returns those whose turn it is now, to be asked for.
    pub fn ended(&self, item: &Item) -> Vec<Item> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let comes_again = lines.refused.remove(item);
        lines.pass_on(|line| line.first == *item && !(line.called && comes_again))
    }

    /// An object is gone, or cannot be called. What it writes just now goes on until its pass ends. Returns as [`Writers::ended`] does.
    pub fn forget(&self, item: &Item) -> Vec<Item> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for line in lines.lines.values_mut() {
            line.waiting.retain(|waiting| waiting != item);
        }
        lines.pass_on(|line| line.first == *item && line.called)
    }
}

impl Lines {
    /// Gives each of these turns to whoever waits longest for it.
    fn pass_on(&mut self, over: impl Fn(&Line) -> bool) -> Vec<Item> {
        let mut called = Vec::new();
        self.lines.retain(|_, line| {
            if !over(line) {
                return true;
            }
            let Some(next) = line.waiting.pop_front() else { return false };
            called.push(next.clone());
            (line.first, line.called) = (next, true);
            true
        });
        called
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str) -> Item {
        Item { kind: "Tool", namespace: "n".into(), name: name.into() }
    }

    fn names(items: &[Item]) -> Vec<&str> {
        items.iter().map(|item| item.name.as_ref()).collect()
    }

    fn admits(writers: &Writers, name: &str, subject: &str) -> bool {
        writers.admit(&item(name), "account", subject)
    }

    #[test]
    fn one_writes_and_the_others_are_called_in_the_order_in_which_they_came() {
        let writers = Writers::default();
        assert!(admits(&writers, "a", "sales"));
        assert!(admits(&writers, "a", "sales"), "until its pass ends it may write more than once");
        for waiting in ["b", "c", "b"] {
            assert!(!admits(&writers, waiting, "sales"));
            assert_eq!(names(&writers.ended(&item(waiting))), [""; 0]);
        }
        assert_eq!(names(&writers.ended(&item("a"))), ["b"]);
        assert!(!admits(&writers, "a", "sales"), "whoever comes back stands behind those who wait");
        writers.ended(&item("a"));
        assert!(admits(&writers, "b", "sales"));
        assert_eq!(names(&writers.ended(&item("b"))), ["c"]);
        assert!(admits(&writers, "c", "sales"));
        assert_eq!(names(&writers.ended(&item("c"))), ["a"]);
        assert_eq!(names(&writers.ended(&item("a"))), [""; 0], "who has nothing to write any more lets go");
        assert!(admits(&writers, "d", "sales"));
    }

    #[test]
    fn subjects_and_accounts_are_apart() {
        let writers = Writers::default();
        assert!(admits(&writers, "a", "sales") && admits(&writers, "b", "hr"));
        assert!(writers.admit(&item("c"), "another account", "sales"));
        assert_eq!(names(&writers.ended(&item("b"))), [""; 0]);
        assert!(!admits(&writers, "d", "sales"), "b had another turn than a");
    }

    #[test]
    fn a_call_that_comes_before_the_end_of_the_pass_that_was_refused_is_for_the_next_one() {
        let writers = Writers::default();
        assert!(admits(&writers, "a", "sales"));
        assert!(!admits(&writers, "b", "sales"));
        assert_eq!(names(&writers.ended(&item("a"))), ["b"]);
        assert_eq!(names(&writers.ended(&item("b"))), [""; 0]);
        assert!(!admits(&writers, "c", "sales"), "it is kept for b");
        assert!(admits(&writers, "b", "sales"));
    }

    #[test]
    fn a_call_that_is_not_followed_goes_to_the_next() {
        let writers = Writers::default();
        assert!(admits(&writers, "a", "sales"));
        for waiting in ["b", "c", "d"] {
            assert!(!admits(&writers, waiting, "sales"));
            writers.ended(&item(waiting));
        }
        assert_eq!(names(&writers.forget(&item("c"))), [""; 0], "it only waited");
        assert_eq!(names(&writers.forget(&item("a"))), [""; 0], "its call is under way");
        assert_eq!(names(&writers.ended(&item("a"))), ["b"]);
        assert_eq!(names(&writers.forget(&item("b"))), ["d"], "it is gone");
        assert_eq!(names(&writers.ended(&item("d"))), [""; 0], "it had a pass and wrote nothing");
        assert!(admits(&writers, "e", "sales"));
    }
}
