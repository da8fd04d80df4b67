//! Page: a page of the documentation as its checks read it: fenced blocks, headings and links.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::harness::root;

/// The languages of fenced blocks. What a reader would type stands in `console`, so that it is run.
const LANGUAGES: [&str; 9] = ["yaml", "console", "json", "promql", "text", "lua", "rust", "go-template", ""];

/// What commands begin with. One that is run stands in a `console` block; one with a placeholder in capitals stands in a `text` block.
const PROGRAMS: [&str; 8] = ["kubectl ", "provost ", "helm ", "make ", "curl ", "docker ", "argocd ", "flux "];

/// One page.
#[derive(Debug)]
pub struct Page {
    /// Its path in the repository, such as `docs/concepts.md`.
    pub path: String,
    pub text: String,
}

/// A fenced block.
#[derive(Debug, PartialEq)]
pub struct Block {
    /// The line of its fence, from 1.
    pub line: usize,
    pub language: String,
    /// What follows the language on that line.
    pub info: String,
    pub text: String,
}

/// Every page: those of the top folder, of docs/, and what explains a folder of deploy/ or charts/.
pub fn all() -> Vec<Page> {
    let mut paths = Vec::new();
    markdown(root(), 1, &mut paths);
    for folder in ["docs", "deploy", "charts"] {
        markdown(&root().join(folder), 8, &mut paths);
    }
    paths.sort();
    let name = |path: &PathBuf| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| Page { path: name(path), text: std::fs::read_to_string(path).unwrap() }).collect()
}

fn markdown(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() && depth > 1 {
            markdown(&path, depth - 1, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

impl Page {
    /// Its fenced blocks.
    pub fn blocks(&self) -> Vec<Block> {
        self.parts().0
    }

    /// Its blocks, and the lines that are in none, numbered.
    fn parts(&self) -> (Vec<Block>, Vec<(usize, &str)>) {
        let (mut blocks, mut prose) = (Vec::new(), Vec::new());
        let mut open: Option<(String, usize, Block)> = None;
        for (index, line) in self.text.lines().enumerate() {
            let (bare, indent) = (line.trim_start(), line.len() - line.trim_start().len());
            match open.as_mut() {
                Some((fence, _, _)) if bare.starts_with(fence.as_str()) && bare.trim_matches('`').trim().is_empty() => {
                    blocks.extend(open.take().map(|(_, _, block)| block));
                }
                Some((_, indent, block)) => {
                    let cut = line.char_indices().take_while(|(at, char)| at < indent && *char == ' ').count();
                    block.text.push_str(&line[cut..]);
                    block.text.push('\n');
                }
                None if bare.starts_with("```") => {
                    let fence: String = bare.chars().take_while(|char| *char == '`').collect();
                    let info = bare[fence.len()..].trim();
                    let (language, info) = info.split_once(' ').unwrap_or((info, ""));
                    let (language, info) = (language.to_owned(), info.trim().to_owned());
                    open = Some((fence, indent, Block { line: index + 1, language, info, text: String::new() }));
                }
                None => prose.push((index + 1, line)),
            }
        }
        // A fence that nothing closes reaches to the end of the page, for readers as well.
        blocks.extend(open.map(|(_, _, block)| block));
        (blocks, prose)
    }

    /// The anchors that GitHub gives its headings, and those that it sets itself.
    pub fn anchors(&self) -> BTreeSet<String> {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut anchors = BTreeSet::new();
        for (_, line) in self.parts().1 {
            let level = line.chars().take_while(|char| *char == '#').count();
            if (1..=6).contains(&level) && line[level..].starts_with(' ') {
                let slug = slug(&line[level..]);
                let count = seen.entry(slug.clone()).or_default();
                anchors.insert(if *count == 0 { slug } else { format!("{slug}-{count}") });
                *count += 1;
            }
            for part in line.split("<a id=\"").skip(1) {
                anchors.insert(part.split('"').next().unwrap_or_default().to_owned());
            }
        }
        anchors
    }

    /// Where its links lead, with the line of each.
    pub fn links(&self) -> Vec<(usize, String)> {
        let mut links = Vec::new();
        for (number, line) in self.parts().1 {
            let line = without_code(line);
            for part in line.split("](").skip(1) {
                let target = part.split(')').next().unwrap_or_default();
                // A title may follow.
                links.push((number, target.split(' ').next().unwrap_or_default().to_owned()));
            }
        }
        links
    }

    /// What is wrong with its fences. What the program says of itself, on a generated page, is no command to run.
    pub fn strange_fences(&self) -> Vec<String> {
        let generated = self.text.contains("<!-- Generated by ");
        let strange = |block: &Block| block.strange().or_else(|| block.escapes().filter(|_| !generated));
        let tell = |block: &Block| Some(format!("{}:{}: {}", self.path, block.line, strange(block)?));
        self.blocks().iter().filter_map(tell).collect()
    }
}

impl Block {
    /// That no check knows its language.
    fn strange(&self) -> Option<String> {
        let known = LANGUAGES.contains(&self.language.as_str());
        let tell = || format!("no check knows blocks of `{}`; there are {}", self.language, LANGUAGES.join(", "));
        (!known).then(tell)
    }

    /// That it has commands, and nothing runs them.
    fn escapes(&self) -> Option<String> {
        let command = |line: &str| PROGRAMS.iter().any(|program| line.trim_start().starts_with(program));
        let placeholder = |word: &str| word.len() > 1 && word.chars().all(|char| char.is_ascii_uppercase());
        let plain = ["", "text"].contains(&self.language.as_str());
        let filled_in = !self.text.split(|char: char| !char.is_ascii_alphanumeric()).any(placeholder);
        let escapes = plain && filled_in && self.text.lines().any(command);
        escapes.then(|| "commands stand in a `console` block, where they are run".to_owned())
    }
}

/// A line without what stands between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// The anchor of a heading.
fn slug(heading: &str) -> String {
    let mut words = String::new();
    let mut rest = heading.trim();
    // Of a link, its words count.
    while let Some((before, after)) = rest.split_once("](") {
        words.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    words.push_str(rest);
    let kept = words.to_lowercase();
    let kept = kept.chars().filter(|char| char.is_alphanumeric() || [' ', '-', '_'].contains(char));
    kept.map(|char| if char == ' ' { '-' } else { char }).collect()
}

/// A page for a test.
pub fn page(text: &str) -> Page {
    Page { path: "docs/planted.md".to_owned(), text: text.to_owned() }
}

#[test]
fn blocks_are_found_with_their_line_and_without_their_indent() {
    let page = page("# A\n\n1. x\n   ```yaml values\n   a:\n     b: 1\n   ```\n\n````text\n```yaml\n````\n");
    let yaml = Block { line: 4, language: "yaml".into(), info: "values".into(), text: "a:\n  b: 1\n".into() };
    let text = Block { line: 9, language: "text".into(), info: String::new(), text: "```yaml\n".into() };
    assert_eq!(page.blocks(), [yaml, text]);
}

#[test]
fn anchors_are_those_of_github() {
    let page = page(
        "# What it *does*, and `will` not\n## Reasons\n```text\n# no\n```\n## Reasons\n### [A](b.md) & c\n<a id=\"x1\"></a>\n",
    );
    let expected = ["a--c", "reasons", "reasons-1", "what-it-does-and-will-not", "x1"];
    assert_eq!(page.anchors().into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn links_are_found_outside_of_code() {
    let page = page("[a](b.md) and `[c](d)` and [e](#f \"title\")\n```text\n[g](h)\n```\n");
    assert_eq!(page.links(), [(1, "b.md".to_owned()), (1, "#f".to_owned())]);
}

#[test]
fn a_block_that_nothing_would_check_is_told() {
    let told = |text: &str| page(text).strange_fences().join("\n");
    assert!(told("```bash\nprovost run\n```\n").starts_with("docs/planted.md:1: no check knows blocks of `bash`"));
    assert!(told("```\nkubectl get pods\n```\n").contains("docs/planted.md:1: commands stand in a `console` block"));
    assert_eq!(told("```text\nkubectl get KIND NAME\n```\n```\nholder    renewal sent\n```\n"), "");
}
