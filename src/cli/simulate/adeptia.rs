//! The simulator of Adeptia Connect as a program.

use super::Program;
use crate::adeptia::sim::options::Credentials;
use crate::adeptia::sim::{Options, Simulator};
use crate::sim::server::{Listen, StartError};

impl Program for Simulator {
    type Options = Options;

    async fn start(listen: Listen, options: Options) -> Result<Self, StartError> {
        Self::start_on(listen, options).await
    }

    fn origin(&self) -> &str {
        self.url()
    }

    fn ca_pem(&self) -> Option<&str> {
        Self::ca_pem(self)
    }

    fn greeting(&self, options: &Options, curl: &str) -> String {
        let (url, version) = (self.url(), options.server.version());
        let Credentials { username, password } = &options.credentials;
        let users = match options.server.profile {
            crate::adeptia::sim::options::server::Profile::Current => "users",
            _ => "user",
        };
        format!(
            "\
Adeptia Connect {version}, simulated at {url}

  user name  {username}
  password   {password}

To try:
  TOKEN=$({curl} -s -H 'Content-Type: application/json' -d '{{\"username\":\"{username}\",\"password\":\"{password}\"}}' \\
    {url}/rest/login/user | sed 's/.*ACCESS_TOKEN\":\"\\([^\"]*\\).*/\\1/')
  {curl} -H \"ACCESS_TOKEN: $TOKEN\" '{url}/rest/{users}?limit=10'
  {curl} -X POST '{url}/_sim/partners?name=Walgreens'
  {curl} '{url}/_sim/api/rest/company?limit=10'
  {curl} -X POST '{url}/_sim/trouble?do=loseAnswer&operation=invite'
"
        )
    }

    async fn stop(self) {
        Self::stop(self).await;
    }
}
