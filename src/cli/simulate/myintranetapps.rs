//! The simulator of MyIntranetApps as a program.

use super::Program;
use crate::myintranetapps::sim::options::Credentials;
use crate::myintranetapps::sim::{Options, Simulator};
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
        let url = self.url();
        let Options { credentials: Credentials { username, password, api_key, account_key }, root_domain, .. } =
            options;
        format!(
            "\
MyIntranetApps, region {root_domain}, simulated at {url}

  user name    {username}
  password     {password}
  API key      {api_key}   (as the user name, with a blank password)
  Account-Key  {account_key}

To try:
  {curl} -u '{username}:{password}' -H 'Account-Key: {account_key}' -d '{{\"action\":\"list_accounts\"}}' {url}/app/api.php
  {curl} -X POST '{url}/_sim/accounts?subdomain=generalco'
  {curl} -X POST '{url}/_sim/connections?account=generalco'
  {curl} -X POST '{url}/_sim/connections/break?account=generalco'
  {curl} -X POST '{url}/_sim/connections/mend?account=generalco'
  {curl} -X POST '{url}/_sim/trouble?do=loseAnswer&operation=create_account'
"
        )
    }

    async fn stop(self) {
        Self::stop(self).await;
    }
}
