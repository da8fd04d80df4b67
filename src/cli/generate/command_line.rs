//! The page of the command line: every command with its flags, from the same text as its help.

use std::fmt::Write;

use clap::builder::PossibleValue;
use clap::{Arg, Command, CommandFactory};

use super::HEAD;
use crate::cli::CommandLine;

pub(super) fn page() -> Result<String, std::fmt::Error> {
    let mut text = format!(
        "# The command line\n\n<!-- {HEAD} -->\n\nOne program, `provost`. Linked as `kubectl-provost` into a folder of `PATH` (`make install` \
         does that) it is `kubectl provost` too;\nlinked as `kubectl_complete-provost` as well, kubectl completes it.\n\n"
    );
    let mut root = CommandLine::command().bin_name("provost");
    root.build();
    for command in visible(&root) {
        let name = format!("provost {}", command.get_name());
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        writeln!(text, "- [`{name}`](#{}): {about}", name.replace(' ', "-"))?;
    }
    for command in visible(&root) {
        section(&mut text, command, &format!("provost {}", command.get_name()), 2)?;
    }
    Ok(text)
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help")
}

fn section(text: &mut String, command: &Command, name: &str, level: usize) -> std::fmt::Result {
    writeln!(text, "\n{} {name}\n", "#".repeat(level))?;
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    writeln!(text, "{}\n", about.trim_end())?;
    let usage = command.clone().render_usage().to_string();
    writeln!(text, "```text\n{}\n```", usage.trim_start_matches("Usage: ").trim_end())?;
    let mut rows =
        command.get_arguments().filter(|argument| !argument.is_hide_set() && argument.get_id() != "help").peekable();
    if rows.peek().is_some() {
        writeln!(text, "\n| argument | meaning |\n| --- | --- |")?;
    }
    for argument in rows {
        writeln!(text, "| `{}` | {} |", spelled(argument), cell(&meaning(argument)))?;
    }
    if let Some(after) = command.get_after_long_help().or(command.get_after_help()) {
        writeln!(text, "\n```text\n{}\n```", after.to_string().trim_end())?;
    }
    for inner in visible(command) {
        section(text, inner, &format!("{name} {}", inner.get_name()), level + 1)?;
    }
    Ok(())
}

/// How an argument is typed.
fn spelled(argument: &Arg) -> String {
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let takes = argument.get_action().takes_values();
    let names = argument.get_value_names().filter(|_| takes).into_iter().flatten();
    let values: Vec<String> = names.map(|name| format!("<{name}>")).collect();
    let flags: Vec<String> = short.into_iter().chain(long).collect();
    let parts = [flags.join(", "), values.join(" ")];
    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    cell(&parts.join(" "))
}

fn meaning(argument: &Arg) -> String {
    let mut told = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    if !argument.get_action().takes_values() {
        return told;
    }
    let values = argument.get_possible_values();
    let values: Vec<&str> = values.iter().filter(|value| !value.is_hide_set()).map(PossibleValue::get_name).collect();
    if !values.is_empty() {
        told.push_str(&format!(". One of: {}", values.join(", ")));
    }
    let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if !defaults.is_empty() && !argument.is_hide_default_value_set() {
        told.push_str(&format!(". Default: `{}`", defaults.join(" ")));
    }
    if let Some(variable) = argument.get_env() {
        told.push_str(&format!(". Environment: `{}`", variable.to_string_lossy()));
    }
    told
}

/// Text as it may stand in a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_flag_stands_on_the_page() {
        let page = page().unwrap();
        for wanted in
            ["## provost explain", "### provost simulate crm2", "`-n, --namespace <NAMESPACE>`", "`PROVOST_LEASE_NAME`"]
        {
            assert!(page.contains(wanted), "{wanted}");
        }
        assert!(page.lines().filter(|line| line.starts_with("| ")).all(|line| line.ends_with(" |")));
    }
}
