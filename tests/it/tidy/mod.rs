//! What review would otherwise have to watch: every file says what it is for, none grows too large, and each layer names only the
//! layers that it may. DESIGN's layout and words, as a test.

mod names;
mod text;

use std::fmt;
use std::path::Path;

use crate::harness::root;
use text::Code;

/// Lines of code that a file may have: without blank lines, comments and tests.
const FILE_LINES: usize = 400;

/// Lines of code that a function may have, from `fn` to its last brace.
const FUNCTION_LINES: usize = 60;

/// Words that say nothing about what is in a file or folder.
const EMPTY_WORDS: [&str; 8] = ["utils", "util", "common", "helpers", "helper", "manager", "managers", "misc"];

/// A rule that is broken, and where.
#[derive(Debug, PartialEq)]
struct Violation {
    path: String,
    line: usize,
    rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.rule)
    }
}

/// Everything that a file of ours breaks. `path` is relative to the repository, such as `src/engine/plan.rs`.
fn check(path: &str, text: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut tell = |line: usize, rule: String| found.push(Violation { path: path.to_owned(), line, rule });
    if let Some(word) = path.split(['/', '.']).find(|part| EMPTY_WORDS.contains(part)) {
        tell(1, format!("a file or folder is named after what is in it, and `{word}` says nothing"));
    }
    if !text.trim_start().starts_with("//!") {
        tell(1, "a file begins with a //! comment that says what it is for".to_owned());
    }
    // Tests may be long, and may name whom they test with.
    if !path.starts_with("src/") || path.ends_with("/tests.rs") {
        return found;
    }
    let code = Code::read(text);
    let lines = code.lines();
    if lines > FILE_LINES {
        tell(
            1,
            format!("a file has at most {FILE_LINES} lines of code, this one has {lines}: cut it where its parts end"),
        );
    }
    for function in code.functions().filter(|function| function.lines > FUNCTION_LINES) {
        let (name, lines) = (function.name, function.lines);
        tell(function.line, format!("a function has at most {FUNCTION_LINES} lines of code, {name} has {lines}"));
    }
    let module = names::module(path);
    for (line, named) in code.paths(&module) {
        if let Some(rule) = names::broken_rule(&module, &named) {
            tell(line, format!("{rule}: `{}`", named.join("::")));
        }
    }
    found
}

/// All Rust files below a folder, relative to the repository.
fn files(folder: &Path, found: &mut Vec<String>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
        }
    }
}

#[test]
fn the_sources_keep_the_rules() {
    let mut paths = Vec::new();
    for folder in ["src", "tests"] {
        files(&root().join(folder), &mut paths);
    }
    assert!(paths.iter().any(|path| path == "src/lib.rs"), "{paths:?}");
    let broken: Vec<_> = paths
        .iter()
        .flat_map(|path| check(path, &std::fs::read_to_string(root().join(path)).unwrap()))
        .map(|violation| violation.to_string())
        .collect();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[cfg(test)]
mod tests;
