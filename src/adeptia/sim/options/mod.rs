//! Every switch of the simulator: one for each thing that the vendor's documentation leaves open, or that an installation decides.

pub mod answers;
pub mod behaviour;
pub mod ids;
pub mod server;

use std::collections::BTreeMap;
use std::fmt;

use clap::Args;

use crate::base::secret::{MASK, Secret};

pub use answers::Answers;
pub use behaviour::Behaviour;
pub use ids::Ids;
pub use server::Server;

const USERNAME: &str = "adminuser@adeptia.example";
const PASSWORD: &str = "P@ssw0rd";

/// How one simulated installation behaves. The defaults are the documented behaviour, or the likelier guess.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct Options {
    /// The installation: which version it is, how long things take, who comes in.
    #[command(flatten)]
    pub server: Server,

    /// What it does where several things are thinkable.
    #[command(flatten)]
    pub behaviour: Behaviour,

    /// How it writes what it answers.
    #[command(flatten)]
    pub answers: Answers,

    /// How it writes ids.
    #[command(flatten)]
    pub ids: Ids,

    /// What it accepts. Last, because its help heading would go on over what follows.
    #[command(flatten)]
    pub credentials: Credentials,
}

/// The login of the operator: a user of the company who is a Sys Admin.
#[derive(Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "What it lets in")]
pub struct Credentials {
    /// The name for POST /rest/login/user, which is the user's e-mail address
    #[arg(long, default_value = USERNAME, value_name = "EMAIL")]
    pub username: String,

    /// The password of that login
    #[arg(long, default_value = PASSWORD, value_name = "PASSWORD")]
    pub password: String,
}

impl Default for Credentials {
    fn default() -> Self {
        Self { username: USERNAME.to_owned(), password: PASSWORD.to_owned() }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).field("password", &MASK).finish()
    }
}

impl Credentials {
    /// The credentials under the keys of a credentials Secret: `username`, `password`.
    pub fn of_user(&self) -> BTreeMap<String, Secret> {
        [("username", &self.username), ("password", &self.password)]
            .map(|(key, value)| (key.to_owned(), Secret::new(value.as_str())))
            .into()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::answers::{ErrorHttp, ErrorShape};
    use super::ids::IdStyle;
    use super::server::Profile;
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
            "--profile=legacy",
            "--error-shape=html",
            "--error-http=500",
            "--id-user=number",
            "--strict-json=false",
            "--import-delay=60",
            "--max-limit=100",
        ]);
        assert_eq!(options.server.profile, Profile::Legacy);
        assert_eq!((options.server.import_delay, options.server.max_limit), (60, Some(100)));
        assert_eq!(options.answers.error_shape, ErrorShape::Html);
        assert_eq!(options.answers.error_http, ErrorHttp::ServerError);
        assert_eq!(options.ids.user, IdStyle::Number);
        assert!(!options.behaviour.strict_json);
    }

    #[test]
    fn statuses_outside_their_range_are_refused() {
        for argument in ["--taken-status=200", "--created-status=204", "--wrong-password-status=302"] {
            assert!(CommandLine::try_parse_from(["sim", argument]).is_err(), "{argument}");
        }
    }

    #[test]
    fn the_password_stays_out_of_debug_output() {
        assert!(!format!("{:?}", Options::default()).contains(PASSWORD));
    }
}
