//! Plugin: the same program as kubectl finds it, under the name `kubectl-provost`: help that says `kubectl provost`, and what completes it.

use clap::Command;

use super::target::kinds;
use crate::kinds::TABLES;

/// What kubectl adds to a completion: no file names, and no space behind what is still to go on.
const NO_FILES: &str = ":4";
const GOES_ON: &str = ":6";
const FILES: &str = ":0";

/// The commands whose first word is an object.
const OF_OBJECTS: &str = "KIND/NAME";

/// The command line with help that says `kubectl provost`.
pub fn renamed(command: Command) -> Command {
    let told = |text: &clap::builder::StyledStr| {
        let text = text.to_string();
        [("  provost ", "  kubectl provost "), ("| provost ", "| kubectl provost "), ("`provost ", "`kubectl provost ")]
            .iter()
            .fold(text, |text, (plain, ours)| text.replace(plain, ours))
    };
    let (after, after_long) = (command.get_after_help().map(told), command.get_after_long_help().map(told));
    let about = command.get_long_about().map(told);
    let mut command = command.mut_subcommands(renamed);
    if let Some(text) = after {
        command = command.after_help(text);
    }
    if let Some(text) = after_long {
        command = command.after_long_help(text);
    }
    if let Some(text) = about {
        command = command.long_about(text);
    }
    match command.get_name() {
        "provost" => command.bin_name("kubectl provost"),
        "plan" => command.override_usage("kubectl provost plan [OPTIONS] -f <PATH>..."),
        _ => command,
    }
}

/// What `kubectl_complete-provost` answers to the words typed so far, the last of them not yet whole.
pub fn complete(words: &[String]) -> String {
    let (last, before) = words.split_last().map_or(("", [].as_slice()), |(last, before)| (last.as_str(), before));
    let mut command = super::command();
    for word in before {
        if let Some(inner) = command.find_subcommand(word).cloned() {
            command = inner;
        }
    }
    let mut offered: Vec<String> = Vec::new();
    let mut directive = NO_FILES;
    if last.starts_with('-') {
        let flags = command.get_arguments().filter(|argument| !argument.is_hide_set());
        offered.extend(flags.filter_map(|argument| argument.get_long()).map(|long| format!("--{long}")));
    } else if command.has_subcommands() {
        let inner = command.get_subcommands().filter(|inner| !inner.is_hide_set());
        offered.extend(inner.map(|inner| inner.get_name().to_owned()));
    } else if command.get_positionals().any(|argument| is_called(argument, OF_OBJECTS)) {
        offered.extend(kinds(&TABLES).iter().map(|kind| kind.object("")));
        directive = GOES_ON;
    } else {
        directive = FILES;
    }
    let mut told: String = offered.into_iter().filter(|word| word.starts_with(last)).map(|word| word + "\n").collect();
    told.push_str(directive);
    told.push('\n');
    told
}

fn is_called(argument: &clap::Arg, name: &str) -> bool {
    argument.get_value_names().into_iter().flatten().any(|known| known.as_str() == name)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::CommandLine;

    fn completed(words: &[&str]) -> String {
        complete(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn words_flags_and_kinds_are_completed() {
        assert_eq!(completed(&["expl"]), "explain\n:4\n");
        assert_eq!(completed(&["reconcile", "--wa"]), "--wait\n:4\n");
        assert_eq!(completed(&["explain", "tenant"]), "tenantaccount/\n:6\n");
        assert_eq!(completed(&["plan", "-f", ""]), ":0\n");
        assert!(completed(&[]).contains("approve\n"));
    }

    #[test]
    fn help_of_the_plugin_says_kubectl() {
        let mut command = renamed(CommandLine::command());
        let help = command.render_long_help().to_string();
        assert!(help.contains("Usage: kubectl provost"), "{help}");
        command.build();
        for inner in command.get_subcommands_mut() {
            let help = inner.render_long_help().to_string();
            let plain = help.lines().find(|line| line.trim_start().starts_with("provost "));
            assert!(help.contains("Usage: kubectl provost") && plain.is_none(), "{help}");
        }
    }
}
