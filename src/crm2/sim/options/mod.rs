//! Every switch of the simulator: one for each thing that the vendor's documentation leaves open, or that an installation decides.

pub mod answers;
pub mod behaviour;
pub mod server;

use std::fmt;

use clap::Args;

use crate::base::secret::MASK;

pub use answers::Answers;
pub use behaviour::Behaviour;
pub use server::Server;

const AUTH_TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// How one simulated server behaves. The defaults are the documented behaviour, or the likelier guess.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct Options {
    /// The installation: what is there at first, how long things take.
    #[command(flatten)]
    pub server: Server,

    /// What it does where several things are thinkable.
    #[command(flatten)]
    pub behaviour: Behaviour,

    /// How it writes what it answers.
    #[command(flatten)]
    pub answers: Answers,

    /// What it accepts. Last, because its help heading would go on over what follows.
    #[command(flatten)]
    pub credentials: Credentials,
}

/// What the server lets in at first. A token that was reset is told by [`Simulator::credentials`](super::Simulator::credentials).
#[derive(Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "What it lets in")]
pub struct Credentials {
    /// The permanent token of the owner of the client domain
    #[arg(long, default_value = AUTH_TOKEN, value_name = "TOKEN")]
    pub auth_token: String,
}

impl Default for Credentials {
    fn default() -> Self {
        Self { auth_token: AUTH_TOKEN.to_owned() }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("auth_token", &MASK).finish()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::answers::{ErrorShape, ResetTokenShape};
    use super::behaviour::{DeleteParams, ValidateMailbox};
    use super::*;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        options: Options,
    }

    fn parse(arguments: &[&str]) -> Options {
        CommandLine::parse_from([&["sim"], arguments].concat()).options
    }

    #[test]
    fn an_empty_command_line_means_the_defaults() {
        assert_eq!(parse(&[]), Options::default());
    }

    #[test]
    fn switches_are_read() {
        let options = parse(&[
            "--domain=other.example",
            "--owner-lacks=CONTACT_VIEW",
            "--delete-params=body",
            "--validate-mailbox=reject",
            "--accept-smtps=false",
            "--reset-token-shape=string",
            "--error-shape=error-map",
            "--invalid-status=422",
            "--auth-token=another",
        ]);
        assert_eq!(options.server.domains, ["other.example"]);
        assert_eq!(options.server.owner_lacks, ["CONTACT_VIEW"]);
        assert_eq!(options.behaviour.delete_params, DeleteParams::Body);
        assert_eq!(options.behaviour.validate_mailbox, ValidateMailbox::Reject);
        assert!(!options.behaviour.accept_smtps);
        assert_eq!(options.answers.reset_token_shape, ResetTokenShape::String);
        assert_eq!(options.answers.error_shape, ErrorShape::ErrorMap);
        assert_eq!(options.answers.invalid_status, 422);
        assert_eq!(options.credentials.auth_token, "another");
    }

    #[test]
    fn statuses_outside_their_range_are_refused() {
        for argument in ["--denied-status=200", "--forbidden-status=404", "--missing-status=500"] {
            assert!(CommandLine::try_parse_from(["sim", argument]).is_err(), "{argument}");
        }
    }

    #[test]
    fn secrets_stay_out_of_debug_output() {
        assert!(!format!("{:?}", Options::default()).contains(AUTH_TOKEN));
    }
}
