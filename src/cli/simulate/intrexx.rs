//! The simulator of Intrexx as a program.

use super::Program;
use crate::intrexx::sim::options::Credentials;
use crate::intrexx::sim::{Options, Simulator};
use crate::sim::server::{Listen, StartError};

impl Program for Simulator {
    type Options = Options;

    async fn start(listen: Listen, options: Options) -> Result<Self, StartError> {
        Self::start_on(listen, options).await
    }

    fn origin(&self) -> &str {
        Self::origin(self)
    }

    fn ca_pem(&self) -> Option<&str> {
        Self::ca_pem(self)
    }

    fn greeting(&self, options: &Options, curl: &str) -> String {
        let (url, origin) = (self.url(), Self::origin(self));
        let Credentials { username, password, license } = &options.credentials;
        let portals = match options.server.portals.as_slice() {
            [] => "none yet".to_owned(),
            portals => portals.join(", "),
        };
        let licensed = if options.server.unlicensed { "not installed yet" } else { "installed" };
        format!(
            "\
Intrexx with its Administration API, simulated at {url}

  name      {username}
  password  {password}
  licence   {license}   ({licensed})
  portals   {portals}

To try:
  TOKEN=$({curl} -s -d '{{\"name\":\"{username}\",\"password\":\"{password}\"}}' {url}/auth)
  {curl} -H \"Authorization: Bearer $TOKEN\" {url}/portals
  {curl} -X POST '{origin}/_sim/portals?name=sales'
  {curl} -X PATCH -d '{{\"session_timeout_sek\": 60}}' {origin}/_sim/api/sales/settings
  {curl} -X POST '{origin}/_sim/portals/sales?condition=STOPPED'
  {curl} -X POST '{origin}/_sim/trouble?do=loseAnswer&operation=create_user'
"
        )
    }

    async fn stop(self) {
        Self::stop(self).await;
    }
}
