//! Every decoder of this vendor's answers, against answers that nobody would send. The samples are those of the contract.

use super::*;
use crate::http::fuzz::fuzz_decoder;

fn listed(answer: &Answer) -> Result<Vec<Account>, Fault> {
    Ok(read_accounts(answer)?.iter().cloned().collect())
}

fn created(answer: &Answer) -> Result<CreatedAccount, Fault> {
    Ok(read_created(answer)?.into_created("generalco"))
}

fn updated(answer: &Answer) -> Result<(), Fault> {
    succeeded(answer).map(|_| ())
}

fn connections(answer: &Answer) -> Result<Vec<Connection>, Fault> {
    read_connections(answer, None, StatusFilter::all())
}

fuzz_decoder!(
    list_accounts,
    listed,
    [
        r#"{"status_code": 200, "message": "Accounts list successfully generated", "accounts": [
            {"name": "General Company Ltd", "key": "5a70d8fcd44aa9.76285892", "subdomain": "generalco", "domain": "",
             "package_id": "93", "email_admin": "cfo@example.com"},
            {"name": "Other", "key": "5a70d8fcd44aa9.76285893", "subdomain": "other", "domain": "books.example.com",
             "package_id": 7, "email_admin": null}]}"#,
        r#"{"status_code": "200", "message": "", "accounts": {}}"#,
    ]
);
fuzz_decoder!(
    create_account,
    created,
    [r#"{"status_code": 200, "message": "Account successfully created", "account_key": "5a70d8fcd44aa9.76285892",
        "subdomain": "generalco", "account_domain": "generalco.myintranetapps.com", "name": "General Company Ltd",
        "admin_email": "cfo@example.com", "admin_url": "https://generalco.myintranetapps.com/admin"}"#]
);
fuzz_decoder!(
    update_account,
    updated,
    [r#"{"status_code": 200, "message": "Account successfully updated"}"#, r#"{"status_code": "200"}"#]
);
fuzz_decoder!(
    connection_health,
    connections,
    [
        r#"{"status_code": 200, "message": "Connection health generated", "count": 1, "connections": [
            {"integration": "quickbooks", "property": "Boss Widgets Inc", "expires": "2021-11-05 19:02:23",
             "created": "2021-11-05 18:02:23", "status": "ACTIVE", "environment": "production",
             "last_sync": "2022-05-02 04:05:59", "last_sync_error": "2022-01-20 04:05:50", "last_sync_error_count": "0",
             "last_sync_error_message": "warning: failed to make request to quickbooks, code:200", "active": true,
             "name": "testborrower", "account_key": "5a70d8fcd44aa9.76285892", "in_error_state": false}]}"#,
        r#"{"status_code": 200, "count": 0, "connections": []}"#,
    ]
);
