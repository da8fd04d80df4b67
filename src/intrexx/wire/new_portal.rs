//! What making and deleting a portal sends (contract 3 and 4).

use serde::Serialize;

/// The body of `POST /portals`. It has passwords in it, so it cannot be printed.
#[derive(Clone, Serialize)]
pub struct NewPortal<'a> {
    /// The directory of the template.
    pub template_path: &'a str,
    /// The directory to make.
    pub portal_path: &'a str,
    /// The portal itself.
    pub portal: NewPortalSite<'a>,
    /// Its database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<NewDatabase<'a>>,
}

/// The portal itself.
#[derive(Clone, Serialize)]
pub struct NewPortalSite<'a> {
    /// What people see.
    pub display_name: &'a str,
    /// Two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_language: Option<&'a str>,
    /// The host name of the web server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_server_host_name: Option<&'a str>,
    /// Where people reach it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_default_base_url: Option<&'a str>,
    /// The host of its own web server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_connector_host: Option<&'a str>,
    /// The port of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_connector_port: Option<u16>,
    /// The port of the REST connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest_connector_port: Option<u16>,
    /// The address that this listens on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest_connector_bind_address: Option<&'a str>,
    /// The search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_configuration: Option<NewSearch<'a>>,
}

/// The search of a new portal.
#[derive(Clone, Serialize)]
pub struct NewSearch<'a> {
    /// Its server.
    pub server_configuration: NewSearchServer<'a>,
}

/// A search server.
#[derive(Clone, Serialize)]
pub struct NewSearchServer<'a> {
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<&'a str>,
    /// The directory of its configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_directory: Option<&'a str>,
    /// `http` or `cloud`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_type: Option<&'a str>,
    /// `none` or `basic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication_type: Option<&'a str>,
    /// Who logs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<&'a str>,
    /// With what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<&'a str>,
}

/// The database of a new portal.
#[derive(Clone, Serialize)]
pub struct NewDatabase<'a> {
    /// The product.
    #[serde(rename = "type")]
    pub database_type: &'a str,
    /// Its host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<&'a str>,
    /// Its port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The name of the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_name: Option<&'a str>,
    /// The portal's user there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<&'a str>,
    /// That user's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<&'a str>,
    /// Whether to create it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create: Option<bool>,
    /// Its time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<&'a str>,
    /// How the connection is encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl: Option<&'a str>,
    /// Its character set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub character_set: Option<&'a str>,
    /// Who may create databases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_user: Option<&'a str>,
    /// That user's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_password: Option<&'a str>,
}

/// The body of `DELETE /portals/{id}`: the vendor's sample sends an empty object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Demolition {
    /// Whether the database goes too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_database: Option<bool>,
    /// Whether the directory goes too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_portal_directory: Option<bool>,
}
