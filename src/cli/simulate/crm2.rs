//! The simulator of CRM-2 as a program.

use super::Program;
use crate::crm2::sim::{Options, Simulator};
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
        let (url, token) = (self.url(), &options.credentials.auth_token);
        let domain = &options.server.client_domain;
        format!(
            "\
opentaps CRM-2 with its Administrative API, simulated at {url}

  clientDomain  {domain}
  authToken     {token}   (the permanent token of owner@{domain}, until it is reset)

To try:
  {curl} '{url}/admin/activity-type?clientDomain={domain}&authToken={token}'
  {curl} -d 'clientDomain={domain}&authToken={token}&activityType=pinned' {url}/admin/activity-type
  {curl} -d 'authToken={token}' {url}/oauth/temp-token
  {curl} -X DELETE '{url}/_sim/api/admin/activity-type?activityType=PINNED'
  {curl} {url}/_sim/my-account
  {curl} -X POST '{url}/_sim/trouble?do=loseAnswer&operation=reset_token'
"
        )
    }

    async fn stop(self) {
        Self::stop(self).await;
    }
}
