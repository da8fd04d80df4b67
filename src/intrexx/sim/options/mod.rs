//! Every switch of the simulator: one for each thing that the vendor's documentation leaves open, or that an installation decides.

pub mod answers;
pub mod behaviour;
pub mod server;

use std::collections::BTreeMap;
use std::fmt;

use clap::Args;

use crate::base::secret::{MASK, Secret};

pub use answers::Answers;
pub use behaviour::Behaviour;
pub use server::Server;

const USERNAME: &str = "iaa-admin";
const PASSWORD: &str = "battery-staple";
const LICENSE: &str = "IAA-LICENSE-0001";

/// How one simulated server behaves. The defaults are the documented behaviour, or the likelier guess.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct Options {
    /// The installation: what is there at first, how long things take, who comes in.
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

/// What the server lets in: the one login of the Administration API, and the licence that it needs.
#[derive(Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "What it lets in")]
pub struct Credentials {
    /// The name for POST /auth
    #[arg(long, default_value = USERNAME, value_name = "NAME")]
    pub username: String,

    /// The password of that login
    #[arg(long, default_value = PASSWORD, value_name = "PASSWORD")]
    pub password: String,

    /// The licence of the Administration API itself that is accepted
    #[arg(long, default_value = LICENSE, value_name = "KEY")]
    pub license: String,
}

impl Default for Credentials {
    fn default() -> Self {
        let [username, password, license] = [USERNAME, PASSWORD, LICENSE].map(str::to_owned);
        Self { username, password, license }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .field("password", &MASK)
            .field("license", &MASK)
            .finish()
    }
}

impl Credentials {
    /// The credentials under the keys of a credentials Secret: `username`, `password`, `license`.
    pub fn of_user(&self) -> BTreeMap<String, Secret> {
        [("username", &self.username), ("password", &self.password), ("license", &self.license)]
            .map(|(key, value)| (key.to_owned(), Secret::new(value.as_str())))
            .into()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::answers::{ErrorStyle, LocationStyle};
    use super::server::CreateAnswer;
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
            "--portal=sales",
            "--portal=intranet",
            "--containers=501",
            "--create-answer=accepted",
            "--license-endpoint=false",
            "--location-style=absolute",
            "--error-style=detail",
            "--refused-status=400",
            "--lenient-json",
        ]);
        assert_eq!(options.server.portals, ["sales", "intranet"]);
        assert_eq!(options.server.containers, Some(501));
        assert_eq!(options.server.create_answer, CreateAnswer::Accepted);
        assert!(!options.server.license_endpoint);
        assert_eq!(options.answers.location_style, LocationStyle::Absolute);
        assert_eq!(options.answers.error_style, ErrorStyle::Detail);
        assert_eq!(options.answers.refused_status, 400);
        assert!(options.behaviour.lenient_json);
    }

    #[test]
    fn statuses_outside_their_range_are_refused() {
        for argument in ["--containers=200", "--refused-status=500", "--gone-status=500", "--created-status=301"] {
            assert!(CommandLine::try_parse_from(["sim", argument]).is_err(), "{argument}");
        }
    }

    #[test]
    fn secrets_stay_out_of_debug_output() {
        let text = format!("{:?}", Options::default());
        assert!([PASSWORD, LICENSE].iter().all(|secret| !text.contains(secret)));
    }
}
