//! Portals of the server: the list, making one, deleting one.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::intrexx::sim::answer::{Cause, Done, Refusal};
use crate::intrexx::sim::calls::{Call, guid};
use crate::intrexx::sim::options::answers::PortalList;
use crate::intrexx::sim::options::server::{CreateAnswer, NewPortals};
use crate::intrexx::sim::portal::Portal;
use crate::intrexx::sim::shape::{Field, Kind, Purpose, at};
use crate::intrexx::sim::store::{Fields, Store};

const PORT: Kind = Kind::Int(1, 65535);

const NEW: [Field; 28] = [
    Field::required("template_path", Kind::Name),
    Field::required("portal_path", Kind::Name),
    Field::required("portal.display_name", Kind::Name),
    Field::new("portal.default_language", Kind::Text),
    Field::new("portal.web_server_host_name", Kind::Text),
    Field::new("portal.web_default_base_url", Kind::Url),
    Field::new("portal.web_connector_host", Kind::Text),
    Field::new("portal.web_connector_port", PORT),
    Field::new("portal.rest_connector_port", PORT),
    Field::new("portal.rest_connector_bind_address", Kind::Text),
    Field::new("portal.search_configuration.server_configuration.url", Kind::Url),
    Field::new("portal.search_configuration.server_configuration.base_directory", Kind::Text),
    Field::new("portal.search_configuration.server_configuration.server_type", Kind::OneOf(&["http", "cloud"])),
    Field::new("portal.search_configuration.server_configuration.authentication_type", Kind::OneOf(&["none", "basic"])),
    Field::new("portal.search_configuration.server_configuration.user", Kind::Text),
    Field::new("portal.search_configuration.server_configuration.password", Kind::Text),
    Field::new("database.type", Kind::OneOf(&["postgresql", "mssql", "oracle", "mysql", "derby"])),
    Field::new("database.host", Kind::Text),
    Field::new("database.port", PORT),
    Field::new("database.database_name", Kind::Text),
    Field::new("database.user", Kind::Text),
    Field::new("database.password", Kind::Text),
    Field::new("database.create", Kind::Flag),
    Field::new("database.timezone", Kind::Text),
    Field::new("database.ssl", Kind::Text),
    Field::new("database.character_set", Kind::Text),
    Field::new("database.admin_user", Kind::Text),
    Field::new("database.admin_password", Kind::Text),
];

const DELETE: [Field; 2] =
    [Field::new("delete_database", Kind::Flag), Field::new("delete_portal_directory", Kind::Flag)];

/// 2: all portals of the server, those of which the Administration API knows nothing too.
pub fn list(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let portals = &call.store.state.portals;
    Ok(Done::List("portals", portals.iter().map(|portal| view(call.store, portal)).collect()))
}

fn view(store: &Store, portal: &Portal) -> Value {
    let answers = &store.options.answers;
    let mut shown = json!({
        "id": guid(answers, &portal.id),
        "display_name": portal.display_name,
        "portal_path": portal.portal_path,
    });
    if answers.portal_list == PortalList::Full {
        shown["name"] = json!(portal.name);
        shown["base_url"] = json!(portal.base_url);
        shown["version"] = json!(portal.version);
        shown["status"] = json!(portal.status(store.state.now()));
    }
    shown
}

/// What a new portal must have for itself.
struct Site {
    path: String,
    /// The technical name.
    name: String,
    ports: Vec<i64>,
    /// As `host:port/name`; blank when none is named.
    database: String,
}

impl Site {
    fn of(sent: &Fields) -> Result<Self, Refusal> {
        let path = text(sent, "portal_path").trim_end_matches(['/', '\\']).to_owned();
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(Refusal::bad("portal_path has no last element"));
        }
        let ports = ["portal.web_connector_port", "portal.rest_connector_port"];
        let ports = ports.into_iter().filter_map(|port| at(sent, port)?.as_i64()).collect();
        let port = at(sent, "database.port").and_then(Value::as_i64).unwrap_or_default();
        let database = match text(sent, "database.database_name") {
            "" => String::new(),
            name => format!("{}:{port}/{name}", text(sent, "database.host")),
        };
        Ok(Self { path, name, ports, database })
    }

    fn check_free(&self, store: &mut Store, with_database: bool) -> Result<(), Refusal> {
        if store.state.directories.contains(&self.path) || store.portal(&self.name).is_some() {
            return Err(Refusal::taken("portal_path is already used"));
        }
        if store.state.portals.iter().any(|portal| self.ports.iter().any(|port| portal.ports.contains(port))) {
            return Err(Refusal::taken("a port is already used"));
        }
        if with_database && store.state.databases.contains(&self.database) {
            return Err(Refusal::taken("database.database_name is already used"));
        }
        Ok(())
    }
}

fn text<'a>(sent: &'a Fields, path: &str) -> &'a str {
    at(sent, path).and_then(Value::as_str).unwrap_or_default()
}

/// 3: makes a portal. Its directory, its ports and a database to be created must be free.
pub fn create(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let sent = call.checked(&NEW, Purpose::Create)?;
    let site = Site::of(&sent)?;
    let template = text(&sent, "template_path").trim_end_matches('/');
    if !call.store.state.templates.iter().any(|known| known.path.trim_end_matches('/') == template) {
        return Err(Refusal::missing("template_path does not exist"));
    }
    site.check_free(call.store, at(&sent, "database.create") == Some(&Value::Bool(true)))?;
    let store = &mut *call.store;
    let mut portal = Portal::new(&mut store.state, &site.name, &store.options.server.intrexx_version);
    portal.display_name = text(&sent, "portal.display_name").to_owned();
    for (property, path) in [
        (&mut portal.default_language, "portal.default_language"),
        (&mut portal.base_url, "portal.web_default_base_url"),
        (&mut portal.database_password, "database.password"),
    ] {
        let value = text(&sent, path);
        if !value.is_empty() {
            value.clone_into(property);
        }
    }
    portal.portal_path.clone_from(&site.path);
    portal.database.clone_from(&site.database);
    portal.ports.extend(site.ports);
    if !call.by_hand {
        let takes = SignedDuration::from_secs(store.options.server.create_seconds.into());
        portal.ready_at = (!takes.is_zero()).then(|| store.state.now() + takes);
        portal.known = store.options.server.new_portals == NewPortals::Known;
    }
    let id = portal.id.clone();
    store.state.directories.insert(site.path);
    if !site.database.is_empty() {
        store.state.databases.insert(site.database);
    }
    store.state.portals.push(portal);
    store.state.note(&site.name, "created");
    Ok(Done::Building { id })
}

/// What is answered for a portal when it is made; none before. Who makes one by hand is told at once.
pub fn built(store: &Store, id: &str, by_hand: bool) -> Option<Done> {
    let Some(portal) = store.state.portals.iter().find(|portal| portal.id == id) else {
        // Somebody deleted it meanwhile: there is nobody to tell about.
        return Some(Done::Silent);
    };
    match store.options.server.create_answer {
        _ if by_hand => Some(Done::Object(view(store, portal))),
        CreateAnswer::Accepted => Some(Done::Promised),
        _ if portal.is_being_made(store.state.now()) => None,
        CreateAnswer::Never => Some(Done::Silent),
        CreateAnswer::Created => {
            let at = format!("portals/{}", guid(&store.options.answers, id));
            Some(Done::Created { at: Some(at), object: view(store, portal) })
        }
    }
}

/// 4: deletes a portal by its GUID. The database stays unless told otherwise, the directory goes unless told otherwise.
pub fn delete(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let sent = call.checked(&DELETE, Purpose::Change)?;
    let flag = |key: &str, otherwise| sent.get(key).and_then(Value::as_bool).unwrap_or(otherwise);
    let (id, now) = (call.param(0).to_owned(), call.now());
    let state = &mut call.store.state;
    let place = state.portals.iter().position(|portal| portal.id.eq_ignore_ascii_case(&id));
    let place = place.ok_or_else(|| Refusal::gone("there is no portal with this id"))?;
    if state.portals[place].is_being_made(now) {
        return Err(Refusal::new(Cause::Busy, "the portal is being created"));
    }
    let portal = state.portals.remove(place);
    if flag("delete_database", false) {
        state.databases.remove(&portal.database);
    }
    if flag("delete_portal_directory", true) {
        state.directories.remove(&portal.portal_path);
    }
    state.note(&portal.name, "deleted");
    Ok(Done::Nothing)
}
