//! Rust text as far as the rules need it: what is code, where a function ends, which paths it names. No parser: a file that this
//! misreads is one that a person misreads too.

/// The names of crates that a rule cares for, beside our own.
const CRATES: [&str; 6] = ["crate", "super", "self", "kube", "k8s_openapi", "reqwest"];

/// A file without what is not its code: comments, the insides of texts, and tests are blanks. Lines stay where they are.
pub struct Code {
    chars: Vec<char>,
}

/// A function: its name, the line of its `fn`, and its lines of code.
#[derive(Debug, PartialEq)]
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

impl Code {
    pub fn read(text: &str) -> Self {
        let mut code = Self { chars: blank(&text.chars().collect::<Vec<_>>()) };
        for start in code.find("#[cfg(test)]") {
            let end = code.end_of_item(start + 1);
            code.erase(start, end);
        }
        code
    }

    /// Lines with code on them.
    pub fn lines(&self) -> usize {
        self.lines_between(0, self.chars.len())
    }

    fn lines_between(&self, start: usize, end: usize) -> usize {
        let text: String = self.chars[start..end].iter().collect();
        text.lines().filter(|line| !line.trim().is_empty()).count()
    }

    fn line_of(&self, position: usize) -> usize {
        1 + self.chars[..position].iter().filter(|c| **c == '\n').count()
    }

    pub fn functions(&self) -> impl Iterator<Item = Function> {
        self.find("fn").into_iter().filter(|start| self.is_word(*start, 2)).filter_map(|start| {
            let name: String =
                self.chars[start + 2..].iter().skip_while(|c| c.is_whitespace()).take_while(|c| is_word(**c)).collect();
            // A type such as `fn(&str)` has no name.
            let lines = self.lines_between(start, self.end_of_item(start));
            (!name.is_empty()).then(|| Function { name, line: self.line_of(start), lines })
        })
    }

    /// The paths that the code names, with their lines, as `crate::…` or `kube::…`; `super` and `self` are resolved from `module`.
    pub fn paths(&self, module: &[String]) -> Vec<(usize, Vec<String>)> {
        let mut found = Vec::new();
        for name in CRATES {
            for start in self.find(name) {
                let inside = start > 0 && matches!(self.chars[start - 1], ':' | '.' | '$');
                if !inside && self.is_word(start, name.len()) {
                    let mut paths = Vec::new();
                    self.path(start, &[], &mut paths);
                    found.extend(
                        paths.into_iter().filter(|path| path.len() > 1).map(|path| (self.line_of(start), path)),
                    );
                }
            }
        }
        let mut found: Vec<_> = found.into_iter().map(|(line, path)| (line, resolve(path, module))).collect();
        found.sort();
        found.dedup();
        found
    }

    /// Reads the path that begins at `at`, and all of its `{…}`; returns where it ends.
    fn path(&self, at: usize, before: &[String], found: &mut Vec<Vec<String>>) -> usize {
        let mut at = self.skip_space(at);
        if self.chars.get(at) == Some(&'{') {
            while !matches!(self.chars.get(at), None | Some('}')) {
                at = self.skip_space(self.path(at + 1, before, found));
            }
            return at + 1;
        }
        let segment: String = self.chars[at.min(self.chars.len())..].iter().take_while(|c| is_word(**c)).collect();
        at += segment.chars().count();
        let mut path = before.to_vec();
        path.extend((!segment.is_empty()).then_some(segment));
        let next = self.skip_space(at);
        if self.chars[next.min(self.chars.len())..].starts_with(&[':', ':']) {
            return self.path(next + 2, &path, found);
        }
        found.push(path);
        // On to the comma or the brace of the group that this stands in: past `*` and `as name`.
        if before.is_empty() { at } else { self.end_of_entry(at) }
    }

    fn end_of_entry(&self, at: usize) -> usize {
        let rest = &self.chars[at.min(self.chars.len())..];
        let length = rest.iter().position(|c| matches!(c, ',' | '}' | ';' | '{' | '(' | '<')).unwrap_or(rest.len());
        at + length
    }

    fn skip_space(&self, at: usize) -> usize {
        at + self.chars[at.min(self.chars.len())..].iter().take_while(|c| c.is_whitespace()).count()
    }

    /// Where the item that begins at `start` ends: behind its braces, or behind its semicolon if that comes first.
    fn end_of_item(&self, start: usize) -> usize {
        let (mut braces, mut others) = (0_usize, 0_usize);
        for (index, c) in self.chars.iter().enumerate().skip(start) {
            match c {
                '(' | '[' => others += 1,
                ')' | ']' => others = others.saturating_sub(1),
                '{' => braces += 1,
                '}' if braces <= 1 => return index + 1,
                '}' => braces -= 1,
                // Not the one in `[u8; 4]`.
                ';' if braces == 0 && others == 0 => return index + 1,
                _ => {}
            }
        }
        self.chars.len()
    }

    fn erase(&mut self, start: usize, end: usize) {
        self.chars[start..end].iter_mut().filter(|c| **c != '\n').for_each(|c| *c = ' ');
    }

    fn find(&self, needle: &str) -> Vec<usize> {
        let needle: Vec<char> = needle.chars().collect();
        (0..self.chars.len()).filter(|start| self.chars[*start..].starts_with(&needle)).collect()
    }

    fn is_word(&self, start: usize, length: usize) -> bool {
        let before = start.checked_sub(1).map(|index| self.chars[index]);
        let after = self.chars.get(start + length).copied();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `super::x` in `crate::a::b` is `crate::a::x`.
fn resolve(path: Vec<String>, module: &[String]) -> Vec<String> {
    let mut base: Vec<String> = ["crate".to_owned()].into_iter().chain(module.iter().cloned()).collect();
    let mut rest = path.as_slice();
    match rest.first().map(String::as_str) {
        Some("self") => rest = &rest[1..],
        Some("super") => {}
        _ => return path,
    }
    while rest.first().is_some_and(|segment| segment == "super") {
        base.pop();
        rest = &rest[1..];
    }
    base.extend_from_slice(rest);
    base
}

/// The text with comments and the insides of texts and characters as blanks.
fn blank(text: &[char]) -> Vec<char> {
    let mut code = text.to_vec();
    let mut at = 0;
    while at < text.len() {
        let end = match (text[at], text.get(at + 1)) {
            ('/', Some('/')) => end_of_line(text, at),
            ('/', Some('*')) => end_of_comment(text, at),
            ('r', Some('"' | '#')) if at == 0 || !is_word(text[at - 1]) || text[at - 1] == 'b' => end_of_raw(text, at),
            ('"', _) => end_of_text(text, at, '"'),
            // A lifetime has no second quote where a character's would be.
            ('\'', Some('\\')) => end_of_text(text, at, '\''),
            ('\'', Some(_)) if text.get(at + 2) == Some(&'\'') => at + 3,
            _ => {
                at += 1;
                continue;
            }
        };
        let end = end.min(text.len());
        code[at..end].iter_mut().filter(|c| **c != '\n').for_each(|c| *c = ' ');
        // A text alone on its line is a line of code all the same.
        if !text[at..].starts_with(&['/']) {
            code[at] = '"';
            code[end - 1] = '"';
        }
        at = end;
    }
    code
}

fn end_of_line(text: &[char], start: usize) -> usize {
    start + text[start..].iter().position(|c| *c == '\n').unwrap_or(text.len() - start)
}

fn end_of_comment(text: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (0_usize, start);
    while at < text.len() {
        match (text[at], text.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) if depth == 1 => return at + 2,
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

fn end_of_text(text: &[char], start: usize, quote: char) -> usize {
    let mut at = start + 1;
    while at < text.len() && text[at] != quote {
        at += if text[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// `r"…"` and `r#"…"#`; an `r#name` is no text and is passed over.
fn end_of_raw(text: &[char], start: usize) -> usize {
    let hashes = text[start + 1..].iter().take_while(|c| **c == '#').count();
    if text.get(start + 1 + hashes) != Some(&'"') {
        return start + 1;
    }
    let close: Vec<char> = ['"'].into_iter().chain(std::iter::repeat_n('#', hashes)).collect();
    let inner = start + 2 + hashes;
    let length = text[inner.min(text.len())..].windows(close.len()).position(|window| window == close);
    length.map_or(text.len(), |length| inner + length + close.len())
}
