//! Console: the commands of a page, as its `console` blocks show them, and whether what they say is what is shown.

use super::page::{Block, Page, page};

/// A command, with what a page says of it.
#[derive(Debug, PartialEq)]
pub struct Command {
    /// Where it stands, as page and line.
    pub place: String,
    pub text: String,
    /// The status with which it ends: 0, unless the page says `# exits with 2`.
    pub status: i32,
    /// The output that the page shows.
    pub shown: Vec<String>,
}

/// Commands that only look, so that they may be repeated until what they wait for is there.
const LOOKS: [&str; 12] = [
    "kubectl get ",
    "kubectl describe ",
    "kubectl explain ",
    "kubectl logs ",
    "kubectl diff ",
    "curl -s \"$",
    "curl -s $",
    "provost explain ",
    "provost export ",
    "provost plan ",
    "provost uninstall-check",
    "kubectl provost explain ",
];

impl Command {
    /// Every command of a page, in order.
    pub fn all(page: &Page) -> Result<Vec<Self>, String> {
        let blocks = page.blocks().into_iter().filter(|block| block.language == "console");
        let mut commands = Vec::new();
        for block in blocks {
            commands.extend(Self::of(&page.path, &block)?);
        }
        Ok(commands)
    }

    fn of(path: &str, block: &Block) -> Result<Vec<Self>, String> {
        let mut commands: Vec<Self> = Vec::new();
        let mut lines = block.text.lines().enumerate();
        while let Some((index, line)) = lines.next() {
            let place = format!("{path}:{}", block.line + 1 + index);
            let Some(first) = line.strip_prefix("$ ") else {
                let Some(command) = commands.last_mut() else {
                    return Err(format!("{place}: a console block begins with a command, `$ …`"));
                };
                command.shown.push(line.to_owned());
                continue;
            };
            let mut text = first.to_owned();
            while text.ends_with('\\')
                && let Some((_, line)) = lines.next()
            {
                text.push('\n');
                text.push_str(line);
            }
            if let Some((_, end)) = text.clone().split_once("<<") {
                let end = end.trim_matches(['-', '\'', '"', ' ']);
                for (_, line) in lines.by_ref() {
                    text.push('\n');
                    text.push_str(line);
                    if line == end {
                        break;
                    }
                }
            }
            let status = match text.split_once("# exits with ") {
                Some((_, rest)) => rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse(),
                None => Ok(0),
            };
            let status = status.map_err(|_| format!("{place}: `# exits with` needs a number"))?;
            commands.push(Self { place, text, status, shown: Vec::new() });
        }
        Ok(commands)
    }

    /// Whether it may be repeated until what it shows is there.
    pub fn looks(&self) -> bool {
        LOOKS.iter().any(|look| self.text.starts_with(look))
    }

    /// The words that the page shows and the output lacks. Words with digits in them (ids, ages, counts, addresses) vary, and dots stand
    /// for what is left out.
    pub fn missing(&self, output: &str) -> Vec<&str> {
        let words = self.shown.iter().flat_map(|line| line.split_whitespace());
        let words = words.map(|word| word.trim_matches('.'));
        let stable =
            words.filter(|word| word.len() > 2 && !word.chars().any(|char| char.is_ascii_digit() || char == '…'));
        stable.filter(|word| !output.contains(word)).collect()
    }
}

fn commands(text: &str) -> Vec<Command> {
    Command::all(&page(&format!("```console\n{text}```\n"))).unwrap()
}

#[test]
fn commands_have_their_lines_their_status_and_their_output() {
    let found = commands("$ a \\\n    b\n$ c <<'EOF'\nx: 1\n$ y\nEOF\nsaid\n$ d   # exits with 2: there is more\n");
    let of = |line: usize, text: &str, status: i32, shown: &[&str]| Command {
        place: format!("docs/planted.md:{line}"),
        text: text.to_owned(),
        status,
        shown: shown.iter().map(|&line| line.to_owned()).collect(),
    };
    let expected = [
        of(2, "a \\\n    b", 0, &[]),
        of(4, "c <<'EOF'\nx: 1\n$ y\nEOF", 0, &["said"]),
        of(9, "d   # exits with 2: there is more", 2, &[]),
    ];
    assert_eq!(found, expected);
}

#[test]
fn words_that_a_command_does_not_say_are_told() {
    let found = commands("$ kubectl get provost\nNAME   READY   AGE\nacme   True    4s\n...\n");
    assert!(found[0].looks());
    assert_eq!(found[0].missing("NAME READY REASON AGE\nacme True Converged 1m"), Vec::<&str>::new());
    assert_eq!(found[0].missing("NAME READY AGE\nacme False 1m"), ["True"]);
}

#[test]
fn output_before_any_command_is_told() {
    let error = Command::all(&page("```console\nNAME\n```\n")).unwrap_err();
    assert!(error.starts_with("docs/planted.md:2:"), "{error}");
}
