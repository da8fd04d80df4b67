//! `provost simulate VENDOR`: a vendor's simulator as a program, with every switch.

mod adeptia;
mod crm2;
mod intrexx;
mod myintranetapps;

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{interrupted, say};
use crate::sim::server::{Listen, StartError};

/// Run a simulated vendor on this machine, to try the operator or a manifest without an account there
#[derive(Debug, Clone, Args)]
pub struct SimulateArgs {
    /// Which vendor.
    #[command(subcommand)]
    pub vendor: Vendor,
}

/// The vendors that can be simulated.
#[derive(Debug, Clone, Subcommand)]
pub enum Vendor {
    /// The account administration of MyIntranetApps (Boss Insights): one region's installation
    #[command(name = "myintranetapps")]
    MyIntranetApps(Box<Chosen<crate::myintranetapps::sim::Options>>),
    /// An Intrexx server with its Administration API
    #[command(name = "intrexx")]
    Intrexx(Box<Chosen<crate::intrexx::sim::Options>>),
    /// Adeptia Connect with the users' and partners' part of its REST API
    #[command(name = "adeptia")]
    Adeptia(Box<Chosen<crate::adeptia::sim::Options>>),
    /// An opentaps CRM-2 server with its Administrative API
    #[command(name = "crm2")]
    Crm2(Box<Chosen<crate::crm2::sim::Options>>),
}

/// Where to listen, and how the vendor behaves.
#[derive(Debug, Clone, Args)]
pub struct Chosen<O: Args> {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,

    /// With --tls: write the authority that clients must trust to this file, as PEM
    #[arg(long, requires = "tls", value_name = "FILE")]
    pub ca_out: Option<PathBuf>,

    /// How it behaves.
    #[command(flatten)]
    pub options: O,
}

/// A simulator as this command needs it.
trait Program: Sized {
    /// Its switches.
    type Options: Args + Clone;

    async fn start(listen: Listen, options: Self::Options) -> Result<Self, StartError>;

    /// Scheme, host and port.
    fn origin(&self) -> &str;

    /// The authority that clients must trust, as PEM; none without TLS.
    fn ca_pem(&self) -> Option<&str>;

    /// What to know about it; `curl` is the command that reaches it. Its credentials are in it: they open nothing but this
    /// simulator, and who started it needs them.
    fn greeting(&self, options: &Self::Options, curl: &str) -> String;

    async fn stop(self);
}

/// Why there is no simulator.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// It could not start.
    #[error("cannot start the simulator")]
    Start(#[from] StartError),
    /// The authority could not be written down.
    #[error("cannot write {}", path.display())]
    WriteCa {
        /// Where to.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Nobody would learn its address.
    #[error("cannot print")]
    Print(#[source] io::Error),
    /// It could not be stopped either.
    #[error("cannot wait for Ctrl-C")]
    Signal(#[source] io::Error),
}

/// Starts the simulator, tells on standard output how to use it, and serves until Ctrl-C or SIGTERM.
///
/// # Errors
/// When it cannot start, or cannot tell.
pub async fn run(args: SimulateArgs) -> Result<(), SimulateError> {
    match args.vendor {
        Vendor::MyIntranetApps(chosen) => serve::<crate::myintranetapps::sim::Simulator>(&chosen).await,
        Vendor::Intrexx(chosen) => serve::<crate::intrexx::sim::Simulator>(&chosen).await,
        Vendor::Adeptia(chosen) => serve::<crate::adeptia::sim::Simulator>(&chosen).await,
        Vendor::Crm2(chosen) => serve::<crate::crm2::sim::Simulator>(&chosen).await,
    }
}

async fn serve<P: Program>(chosen: &Chosen<P::Options>) -> Result<(), SimulateError> {
    let program: P = start(chosen).await?;
    say(&greeting(&program, chosen)).map_err(SimulateError::Print)?;
    interrupted().await.map_err(SimulateError::Signal)?;
    program.stop().await;
    Ok(())
}

async fn start<P: Program>(chosen: &Chosen<P::Options>) -> Result<P, SimulateError> {
    let program = P::start(chosen.listen, chosen.options.clone()).await?;
    if let (Some(path), Some(pem)) = (&chosen.ca_out, program.ca_pem()) {
        tokio::fs::write(path, pem).await.map_err(|source| SimulateError::WriteCa { path: path.clone(), source })?;
    }
    Ok(program)
}

/// What to know about the simulator.
fn greeting<P: Program>(program: &P, chosen: &Chosen<P::Options>) -> String {
    let (origin, curl) = (program.origin(), curl(program.ca_pem(), chosen.ca_out.as_deref()));
    format!(
        "\
{}
What else you can do to it, what it was asked, what it holds:
  {curl} {origin}/_sim/
  {curl} {origin}/_sim/journal
  {curl} {origin}/_sim/state

Ctrl-C ends it, and all it holds is gone then.
",
        program.greeting(&chosen.options, &curl)
    )
}

fn curl(served: Option<&str>, written: Option<&Path>) -> String {
    match (served, written) {
        (None, _) => "curl".to_owned(),
        (Some(_), Some(path)) => format!("curl --cacert '{}'", path.display()),
        (Some(_), None) => "curl --insecure".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::{adeptia, crm2, intrexx, myintranetapps};

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        args: SimulateArgs,
    }

    #[test]
    fn the_command_line_is_well_formed() {
        CommandLine::command().debug_assert();
    }

    #[tokio::test]
    async fn starts_as_told_and_writes_the_authority_down() {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.crt");
        let given = ["provost", "myintranetapps", "--tls", "--root-domain=bossinsights.uk", "--ca-out"];
        let args = CommandLine::parse_from(given.map(Into::into).into_iter().chain([ca.clone().into_os_string()])).args;
        let Vendor::MyIntranetApps(chosen) = args.vendor else { panic!("another vendor") };
        assert_eq!(chosen.options, myintranetapps::sim::Options::region("bossinsights.uk"));

        let simulator: myintranetapps::sim::Simulator = start(&chosen).await.unwrap();
        assert!(simulator.url().starts_with("https://127.0.0.1:"));
        assert_eq!(std::fs::read_to_string(&ca).ok().as_deref(), simulator.ca_pem());
        let greeting = greeting(&simulator, &chosen);
        assert!(greeting.contains(&format!("curl --cacert '{}' {}/_sim/journal", ca.display(), simulator.url())));
        assert!(greeting.contains("correct-horse"));
        simulator.stop().await;
    }

    #[tokio::test]
    async fn an_intrexx_server_tells_how_to_come_in() {
        let given = ["provost", "intrexx", "--portal=sales", "--base-path=/irma", "--write-status=204"];
        let Vendor::Intrexx(chosen) = CommandLine::parse_from(given).args.vendor else { panic!("another vendor") };
        assert_eq!(chosen.options.answers.write_status, 204);

        let simulator: intrexx::sim::Simulator = start(&chosen).await.unwrap();
        let greeting = greeting(&simulator, &chosen);
        for needed in ["battery-staple", "IAA-LICENSE-0001", "/irma/auth", "/_sim/journal", "sales"] {
            assert!(greeting.contains(needed), "{needed} in {greeting}");
        }
        assert!(simulator.portal("sales").is_some());
        simulator.stop().await;
    }

    #[tokio::test]
    async fn an_adeptia_connect_tells_how_to_come_in() {
        let given = ["provost", "adeptia", "--profile=current", "--strict-json=false"];
        let Vendor::Adeptia(chosen) = CommandLine::parse_from(given).args.vendor else { panic!("another vendor") };
        assert!(!chosen.options.behaviour.strict_json);

        let simulator: adeptia::sim::Simulator = start(&chosen).await.unwrap();
        let greeting = greeting(&simulator, &chosen);
        for needed in
            ["4.0.0", "adminuser@adeptia.example", "P@ssw0rd", "/rest/login/user", "/rest/users?", "/_sim/state"]
        {
            assert!(greeting.contains(needed), "{needed} in {greeting}");
        }
        simulator.stop().await;
    }

    #[tokio::test]
    async fn a_crm_tells_how_to_come_in() {
        let given = ["provost", "crm2", "--client-domain=other.example", "--activity-type-list=objects"];
        let Vendor::Crm2(chosen) = CommandLine::parse_from(given).args.vendor else { panic!("another vendor") };
        let simulator: crm2::sim::Simulator = start(&chosen).await.unwrap();
        let greeting = greeting(&simulator, &chosen);
        for needed in ["owner@other.example", &chosen.options.credentials.auth_token, "/oauth/temp-token"] {
            assert!(greeting.contains(needed), "{needed} in {greeting}");
        }
        assert!(simulator.domain("other.example").is_some());
        simulator.stop().await;
    }

    #[test]
    fn an_authority_needs_tls() {
        assert!(CommandLine::try_parse_from(["provost", "myintranetapps", "--ca-out=x"]).is_err());
    }
}
