//! Creation: what `POST /portals` is sent, made from the spec.

use std::collections::BTreeMap;

use super::spec::{IntrexxPortalSpec, PortalCreation, PortalDatabase, SearchServer};
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::Secret;
use crate::engine::kind::Wanted;
use crate::intrexx::client::Client;
use crate::intrexx::wire::new_portal::{NewDatabase, NewPortal, NewPortalSite, NewSearch, NewSearchServer};

/// The path of the password of the database's user.
pub const DATABASE_PASSWORD: &str = "create.database.password";
/// The path of the password of the database's administrator.
pub const ADMIN_PASSWORD: &str = "create.database.adminPassword";
/// The path of the password of the search server.
pub const SEARCH_PASSWORD: &str = "create.search.authentication.password";

type Secrets = BTreeMap<String, Secret>;

/// Makes the portal, and returns its GUID where the answer tells it.
///
/// # Errors
/// [`Class::Refused`], not sent, when the spec does not say how; else as [`Client::create_portal`].
pub async fn create(client: &Client, wanted: &Wanted<'_, IntrexxPortalSpec>) -> Result<Option<String>, Fault> {
    let name = &wanted.spec.portal_name;
    let Some(create) = &wanted.spec.create else {
        let detail = format!(
            "there is no portal {name}, and spec.create, which would say how to make it, is absent; add it, or correct spec.portalName \
             in a new object"
        );
        return Err(Fault::new(Class::Refused, "create_portal", detail).with_delivery(Delivery::NotSent));
    };
    let secrets: Vec<Secret> = [DATABASE_PASSWORD, ADMIN_PASSWORD, SEARCH_PASSWORD]
        .into_iter()
        .filter_map(|path| wanted.secrets.get(path).cloned())
        .collect();
    client.create_portal(name, &body(create, wanted.spec.base_url.as_deref(), wanted.secrets), &secrets).await
}

fn body<'a>(create: &'a PortalCreation, base_url: Option<&'a str>, secrets: &'a Secrets) -> NewPortal<'a> {
    NewPortal {
        template_path: &create.template_path,
        portal_path: &create.portal_path,
        portal: NewPortalSite {
            display_name: &create.display_name,
            default_language: create.default_language.as_deref(),
            web_server_host_name: create.web_server_host_name.as_deref(),
            web_default_base_url: base_url,
            web_connector_host: create.web_connector.as_ref().and_then(|connector| connector.host.as_deref()),
            web_connector_port: create.web_connector.as_ref().and_then(|connector| connector.port),
            rest_connector_port: create.rest_connector_port,
            rest_connector_bind_address: create.rest_connector_bind_address.as_deref(),
            search_configuration: create.search.as_ref().map(|search| self::search(search, secrets)),
        },
        database: create.database.as_ref().map(|database| self::database(database, secrets)),
    }
}

fn search<'a>(search: &'a SearchServer, secrets: &'a Secrets) -> NewSearch<'a> {
    let login = search.authentication.as_ref();
    NewSearch {
        server_configuration: NewSearchServer {
            url: search.url.as_deref(),
            base_directory: search.base_directory.as_deref(),
            server_type: search.server_type.as_deref(),
            authentication_type: login.map(|_| "basic"),
            user: login.map(|login| login.user.as_str()),
            password: secrets.get(SEARCH_PASSWORD).map(Secret::expose),
        },
    }
}

fn database<'a>(database: &'a PortalDatabase, secrets: &'a Secrets) -> NewDatabase<'a> {
    NewDatabase {
        database_type: &database.database_type,
        host: database.host.as_deref(),
        port: database.port,
        database_name: database.name.as_deref(),
        user: database.user.as_deref(),
        password: secrets.get(DATABASE_PASSWORD).map(Secret::expose),
        create: database.create,
        timezone: database.timezone.as_deref(),
        ssl: database.ssl.as_deref(),
        character_set: database.character_set.as_deref(),
        admin_user: database.admin_user.as_deref(),
        admin_password: secrets.get(ADMIN_PASSWORD).map(Secret::expose),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The vendor's sample, word for word, and what the builder of portals takes beside.
    #[test]
    fn the_body_has_the_contracts_names() {
        let create: PortalCreation = serde_json::from_value(json!({
            "templatePath": "/t/", "portalPath": "/o/sales", "displayName": "Sales", "defaultLanguage": "en",
            "webServerHostName": "localhost", "webConnector": {"host": "localhost", "port": 1337}, "restConnectorPort": 8101,
            "restConnectorBindAddress": "0.0.0.0",
            "search": {"url": "http://solr:8983", "baseDirectory": "/solr", "serverType": "cloud",
                "authentication": {"user": "solr", "password": {"secretRef": {"name": "s", "key": "search"}}}},
            "database": {"type": "postgresql", "host": "db", "port": 5432, "name": "ixsales", "user": "postgres", "create": true,
                "password": {"secretRef": {"name": "s", "key": "db"}}, "timezone": "UTC", "ssl": "DISABLED",
                "characterSet": "UTF8", "adminUser": "root", "adminPassword": {"secretRef": {"name": "s", "key": "admin"}}},
        }))
        .unwrap();
        let secrets = [(DATABASE_PASSWORD, "one"), (ADMIN_PASSWORD, "two"), (SEARCH_PASSWORD, "three")];
        let secrets: Secrets = secrets.map(|(path, value)| (path.to_owned(), Secret::new(value))).into();
        let body = serde_json::to_value(body(&create, Some("https://sales.example.com"), &secrets)).unwrap();
        let expected = json!({
            "template_path": "/t/",
            "portal_path": "/o/sales",
            "portal": {
                "display_name": "Sales",
                "default_language": "en",
                "web_server_host_name": "localhost",
                "web_default_base_url": "https://sales.example.com",
                "web_connector_host": "localhost",
                "web_connector_port": 1337,
                "rest_connector_port": 8101,
                "rest_connector_bind_address": "0.0.0.0",
                "search_configuration": {"server_configuration": {
                    "url": "http://solr:8983",
                    "base_directory": "/solr",
                    "server_type": "cloud",
                    "authentication_type": "basic",
                    "user": "solr",
                    "password": "three",
                }},
            },
            "database": {
                "type": "postgresql",
                "host": "db",
                "port": 5432,
                "database_name": "ixsales",
                "user": "postgres",
                "password": "one",
                "create": true,
                "timezone": "UTC",
                "ssl": "DISABLED",
                "character_set": "UTF8",
                "admin_user": "root",
                "admin_password": "two",
            },
        });
        assert_eq!(body, expected);
        let least = json!({"templatePath": "/t", "portalPath": "/o/sales", "displayName": "Sales"});
        let least: PortalCreation = serde_json::from_value(least).unwrap();
        let body = serde_json::to_value(self::body(&least, None, &Secrets::new())).unwrap();
        let expected = json!({"template_path": "/t", "portal_path": "/o/sales", "portal": {"display_name": "Sales"}});
        assert_eq!(body, expected);
    }
}
