//! `provost simulate VENDOR`: a vendor's simulator as a program, with every switch.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{interrupted, say};
use crate::myintranetapps::sim::options::Credentials;
use crate::myintranetapps::sim::{Options, Simulator};
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
    MyIntranetApps(MyIntranetApps),
}

/// Where to listen, and how the installation behaves.
#[derive(Debug, Clone, Args)]
pub struct MyIntranetApps {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,

    /// With --tls: write the authority that clients must trust to this file, as PEM
    #[arg(long, requires = "tls", value_name = "FILE")]
    pub ca_out: Option<PathBuf>,

    /// How it behaves.
    #[command(flatten)]
    pub options: Options,
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
    let Vendor::MyIntranetApps(chosen) = args.vendor;
    let simulator = start(&chosen).await?;
    say(&greeting(&simulator, &chosen)).map_err(SimulateError::Print)?;
    interrupted().await.map_err(SimulateError::Signal)?;
    simulator.stop().await;
    Ok(())
}

async fn start(chosen: &MyIntranetApps) -> Result<Simulator, SimulateError> {
    let simulator = Simulator::start_on(chosen.listen, chosen.options.clone()).await?;
    if let (Some(path), Some(pem)) = (&chosen.ca_out, simulator.ca_pem()) {
        tokio::fs::write(path, pem).await.map_err(|source| SimulateError::WriteCa { path: path.clone(), source })?;
    }
    Ok(simulator)
}

/// What to know about the simulator. Its credentials are in it: they open nothing but this simulator, and who started it needs them.
fn greeting(simulator: &Simulator, chosen: &MyIntranetApps) -> String {
    let (url, curl) = (simulator.url(), curl(simulator, chosen.ca_out.as_deref()));
    let Options { credentials: Credentials { username, password, api_key, account_key }, root_domain, .. } =
        &chosen.options;
    format!(
        "\
MyIntranetApps, region {root_domain}, simulated at {url}

  user name    {username}
  password     {password}
  API key      {api_key}   (as the user name, with a blank password)
  Account-Key  {account_key}

What else you can do to it, what it was asked, what it holds:
  {curl} {url}/_sim/
  {curl} {url}/_sim/journal
  {curl} {url}/_sim/state

To try:
  {curl} -u '{username}:{password}' -H 'Account-Key: {account_key}' -d '{{\"action\":\"list_accounts\"}}' {url}/app/api.php
  {curl} -X POST '{url}/_sim/accounts?subdomain=generalco'
  {curl} -X POST '{url}/_sim/connections?account=generalco'
  {curl} -X POST '{url}/_sim/connections/break?account=generalco'
  {curl} -X POST '{url}/_sim/connections/mend?account=generalco'
  {curl} -X POST '{url}/_sim/trouble?do=loseAnswer&operation=create_account'

Ctrl-C ends it, and all it holds is gone then.
"
    )
}

fn curl(simulator: &Simulator, ca: Option<&Path>) -> String {
    match (simulator.ca_pem(), ca) {
        (None, _) => "curl".to_owned(),
        (Some(_), Some(path)) => format!("curl --cacert '{}'", path.display()),
        (Some(_), None) => "curl --insecure".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

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
        let Vendor::MyIntranetApps(chosen) = args.vendor;
        assert_eq!(chosen.options, Options::region("bossinsights.uk"));

        let simulator = start(&chosen).await.unwrap();
        assert!(simulator.url().starts_with("https://127.0.0.1:"));
        assert_eq!(std::fs::read_to_string(&ca).ok().as_deref(), simulator.ca_pem());
        let greeting = greeting(&simulator, &chosen);
        assert!(greeting.contains(&format!("curl --cacert '{}' {}/_sim/journal", ca.display(), simulator.url())));
        assert!(greeting.contains("correct-horse"));
        simulator.stop().await;
    }

    #[test]
    fn an_authority_needs_tls() {
        assert!(CommandLine::try_parse_from(["provost", "myintranetapps", "--ca-out=x"]).is_err());
    }
}
