//! Sim: a workshop over real HTTP. Its tools are made twice when it is asked twice, its list may lag behind or be cut short, and what it
//! deletes may stay in sight for a while; its members are found by id alone, and each invitation is a mail that cannot be called back. No
//! more can an errand be.

mod signs;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post, put};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use provost::base::secret::Secret;
use provost::sim::Simulation;
use provost::sim::exchange::{Asked, Operation, Vendor};
use provost::sim::journal::Journal;
use provost::sim::server::{Listen, Server, StartError};
use provost::sim::simulated::{External, PutBack, Simulated};
use provost::sim::trouble::Troubles;
use serde_json::{Value, json};
use tokio::time::Instant;

use signs::Sign;

/// How the workshop behaves.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// For so long after its create the list does not show a tool yet.
    pub list_lag: Duration,
    /// The list leaves out its last tool, and counts it.
    pub list_truncated: bool,
    /// So many lists after its deletion still show a tool.
    pub delete_lag: u32,
    /// So many looks at an errand find the workshop still at it.
    pub errand_looks: u32,
    /// Colours are kept in lower case, whatever was sent.
    pub lower_case_colours: bool,
    /// What is carved into signs is not shown.
    pub letterings_hidden: bool,
    /// What is shown of every sign, whatever is carved into it.
    pub other_lettering: Option<String>,
    /// So many looks at a sign find the workshop still carving.
    pub carving_looks: u32,
    /// A mark that the workshop refuses.
    pub refused_mark: Option<String>,
    /// The badge that everybody has to show.
    pub badge: Option<String>,
}

/// A tool, in the workshop's words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tool {
    pub id: String,
    pub label: String,
    pub colour: String,
    pub material: String,
    pub pin: Option<String>,
    pub code: Option<String>,
    pub spares: Vec<String>,
    pub manual: Option<Vec<u8>>,
    pub enabled: bool,
    /// Until then no list shows it.
    hidden: Option<Instant>,
    /// It was deleted, and so many lists show it still.
    leaving: Option<u32>,
}

/// A member, in the workshop's words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Member {
    pub id: String,
    pub login: String,
    pub nick: String,
    pub password: Option<String>,
    pub enabled: bool,
}

/// An errand, in the workshop's words.
#[derive(Debug, Clone)]
struct Errand {
    id: String,
    label: String,
    /// So many looks find the workshop at it.
    looks: u32,
}

#[derive(Clone, Default)]
struct Store {
    errands: Vec<Errand>,
    tools: Vec<Tool>,
    members: Vec<Member>,
    /// The signs, by place.
    signs: BTreeMap<String, Sign>,
    /// Invitations that were not used yet: the login of each.
    open: BTreeMap<String, String>,
}

#[derive(Default)]
struct Inner {
    store: Store,
    options: Options,
    /// How often what cannot be called back was done, by login or label.
    effects: BTreeMap<String, u64>,
    /// How often the same was carved into a sign, or the token renewed for the same reason, by place.
    deeds: BTreeMap<(String, String), u64>,
    token: String,
    last: u64,
}

impl Inner {
    fn next(&mut self, letter: char) -> String {
        self.last += 1;
        format!("{letter}{}", 1000 + self.last)
    }
}

#[derive(Clone)]
struct Premises(Arc<Mutex<Inner>>);

impl Premises {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running workshop. Dropping it stops it.
pub struct Simulator {
    premises: Premises,
    simulation: Simulation,
    server: Server,
}

impl Simulator {
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let premises = Premises(Arc::new(Mutex::new(Inner { options, token: token(1), last: 1, ..Inner::default() })));
        let simulation = Simulation::default();
        let routes = Router::new()
            .route("/tools", get(list_tools).post(create_tool))
            .route("/tools/{id}", patch(change_tool).delete(delete_tool))
            .route("/tools/{id}/pin", put(set_pin))
            .route("/invitations", post(invite))
            .route("/errands", post(do_errand))
            .route("/errands/{id}", get(errand))
            .route("/members", post(create_member))
            .route("/members/{id}", get(member).patch(change_member).delete(delete_member))
            .route("/members/{id}/password", put(set_password))
            .merge(signs::routes())
            .layer(from_fn_with_state(premises.clone(), admit))
            .with_state(premises.clone());
        let router = simulation.router(Arc::new(premises.clone()), routes, Router::new(), "");
        let server = Server::start(router, Listen::default(), simulation.stop.clone()).await?;
        Ok(Self { premises, simulation, server })
    }

    /// Changes how it behaves. `change` must not use this simulator.
    pub fn reconfigure(&self, change: impl FnOnce(&mut Options)) {
        change(&mut self.premises.lock().options);
    }

    /// The tools that are not gone, the oldest first.
    pub fn tools(&self) -> Vec<Tool> {
        self.premises.lock().store.tools.clone()
    }

    /// The members, the oldest first.
    pub fn members(&self) -> Vec<Member> {
        self.premises.lock().store.members.clone()
    }

    /// The sign at a place.
    pub fn sign(&self, place: &str) -> Option<Sign> {
        self.premises.lock().store.signs.get(place).cloned()
    }

    /// Changes the sign at a place by hand.
    pub fn edit_sign(&self, place: &str, change: impl FnOnce(&mut Sign)) {
        change(self.premises.lock().store.signs.get_mut(place).unwrap());
    }

    /// Takes the sign at a place away by hand.
    pub fn remove_sign(&self, place: &str) {
        self.premises.lock().store.signs.remove(place);
    }

    /// How often a lettering was carved at a place, or the token renewed for a reason of a sign there.
    pub fn deeds(&self, place: &str, what: &str) -> u64 {
        self.premises.lock().deeds.get(&(place.to_owned(), what.to_owned())).copied().unwrap_or_default()
    }

    /// Makes a tool by hand.
    pub fn add_tool(&self, label: &str, colour: &str, material: &str) -> Tool {
        let mut inner = self.premises.lock();
        let tool = Tool {
            id: inner.next('t'),
            label: label.to_owned(),
            colour: colour.to_owned(),
            material: material.to_owned(),
            enabled: true,
            ..Tool::default()
        };
        inner.store.tools.push(tool.clone());
        tool
    }

    /// Changes a tool by hand, by id or label.
    pub fn edit_tool(&self, name: &str, change: impl FnOnce(&mut Tool)) {
        let mut inner = self.premises.lock();
        change(inner.store.tools.iter_mut().find(|tool| tool.id == name || tool.label == name).unwrap());
    }

    /// Removes a tool by hand, by id or label.
    pub fn remove_tool(&self, name: &str) {
        self.premises.lock().store.tools.retain(|tool| tool.id != name && tool.label != name);
    }

    /// Changes a member by hand, by id or login.
    pub fn edit_member(&self, name: &str, change: impl FnOnce(&mut Member)) {
        let mut inner = self.premises.lock();
        change(inner.store.members.iter_mut().find(|member| member.id == name || member.login == name).unwrap());
    }
}

impl Simulated for Simulator {
    fn url(&self) -> &str {
        self.server.base_url()
    }

    fn ca_pem(&self) -> Option<&str> {
        self.server.ca_pem()
    }

    fn credentials(&self) -> BTreeMap<String, Secret> {
        BTreeMap::from([("token".to_owned(), Secret::new(self.premises.lock().token.as_str()))])
    }

    fn rotate_credentials(&self) {
        let mut inner = self.premises.lock();
        inner.last += 1;
        inner.token = token(inner.last);
    }

    fn journal(&self) -> &Journal {
        &self.simulation.journal
    }

    fn trouble(&self) -> &Troubles {
        &self.simulation.troubles
    }

    fn keep(&self) -> PutBack {
        let (premises, store) = (self.premises.clone(), self.premises.lock().store.clone());
        Box::new(move || premises.lock().store = store.clone())
    }

    fn externals(&self) -> Vec<External> {
        let inner = self.premises.lock();
        let tools = inner.store.tools.iter().filter(|tool| tool.leaving.is_none()).map(|tool| External {
            kind: "Tool",
            id: tool.id.clone(),
            key: tool.label.clone(),
            values: json!({
                "colour": tool.colour, "material": tool.material, "pin": tool.pin, "enabled": tool.enabled,
                "code": tool.code, "spares": tool.spares, "manual": tool.manual,
            }),
        });
        let members = inner.store.members.iter().map(|member| External {
            kind: "Member",
            id: member.id.clone(),
            key: member.login.clone(),
            values: json!({"nick": member.nick, "password": member.password, "enabled": member.enabled}),
        });
        let errands = inner.store.errands.iter().map(|errand| External {
            kind: "Errand",
            id: errand.id.clone(),
            key: errand.label.clone(),
            values: json!({"done": true}),
        });
        tools.chain(members).chain(errands).chain(signs::externals(&inner)).collect()
    }

    fn effects(&self) -> BTreeMap<String, u64> {
        let inner = self.premises.lock();
        inner.effects.clone().into_iter().chain(inner.repeated()).collect()
    }
}

fn token(number: u64) -> String {
    format!("workshop-token-{number}")
}

impl Vendor for Premises {
    fn operation(&self, asked: &Asked<'_>) -> Operation {
        let path: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
        match (asked.method, path.as_slice()) {
            (&Method::GET, ["tools"]) => Operation::read("list_tools"),
            (&Method::POST, ["tools"]) => Operation::write("create_tool"),
            (&Method::PATCH, ["tools", _]) => Operation::write("change_tool"),
            (&Method::PUT, ["tools", _, "pin"]) => Operation::write("set_pin"),
            (&Method::DELETE, ["tools", _]) => Operation::write("delete_tool"),
            (&Method::POST, ["invitations"]) => Operation::write("invite"),
            (&Method::POST, ["errands"]) => Operation::write("do_errand"),
            (&Method::GET, ["errands", _]) => Operation::read("errand"),
            (&Method::POST, ["members"]) => Operation::write("create_member"),
            (&Method::GET, ["members", _]) => Operation::read("member"),
            (&Method::PATCH, ["members", _]) => Operation::write("change_member"),
            (&Method::PUT, ["members", _, "password"]) => Operation::write("set_password"),
            (&Method::DELETE, ["members", _]) => Operation::write("delete_member"),
            (&Method::GET, ["door"]) => Operation::read("knock"),
            (&Method::POST, ["token"]) => Operation::write("rotate"),
            (&Method::GET, ["signs", _]) => Operation::read("sign"),
            (&Method::POST, ["signs", _]) => Operation::write("hang_sign"),
            (&Method::PATCH, ["signs", _]) => Operation::write("paint_sign"),
            (&Method::DELETE, ["signs", _]) => Operation::write("take_sign"),
            (&Method::PUT, ["signs", _, "marks", _]) => Operation::write("put_mark"),
            (&Method::DELETE, ["signs", _, "rows", _]) => Operation::write("take_mark"),
            (&Method::POST, ["signs", _, "chalk"]) => Operation::write("chalk"),
            (&Method::POST, ["signs", _, "carvings"]) => Operation::write("carve"),
            _ => Operation::write("unknown"),
        }
    }

    fn secret_names(&self) -> &'static [&'static str] {
        &["pin", "password", "value", "code", "spares", "manual", "token"]
    }

    fn secrets(&self) -> Vec<Secret> {
        let inner = self.lock();
        [Some(&inner.token), inner.options.badge.as_ref()]
            .into_iter()
            .flatten()
            .map(|text| Secret::new(text.as_str()))
            .collect()
    }
}

type Answer = Result<Json<Value>, StatusCode>;
type Body = Json<Value>;

async fn admit(State(premises): State<Premises>, request: Request, next: Next) -> Response {
    if !premises.lock().admits(request.headers()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    next.run(request).await
}

fn text(body: &Value, name: &str) -> Option<String> {
    body[name].as_str().map(str::to_owned)
}

fn texts(body: &Value, name: &str) -> Option<Vec<String>> {
    serde_json::from_value(body[name].clone()).ok()
}

fn manual(body: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(text(body, "manual")?).ok()
}

async fn list_tools(State(premises): State<Premises>) -> Answer {
    let mut inner = premises.lock();
    let now = Instant::now();
    let shown = |tool: &Tool| tool.hidden.is_none_or(|until| until <= now);
    let mut tools: Vec<Value> = inner.store.tools.iter().filter(|tool| shown(tool)).map(show_tool).collect();
    let total = tools.len();
    if inner.options.list_truncated {
        tools.pop();
    }
    inner.store.tools.retain_mut(|tool| match &mut tool.leaving {
        Some(0) => false,
        Some(looks) => {
            *looks -= 1;
            true
        }
        None => true,
    });
    Ok(Json(json!({"total": total, "tools": tools})))
}

fn show_tool(tool: &Tool) -> Value {
    json!({
        "id": tool.id, "label": tool.label, "colour": tool.colour, "material": tool.material, "enabled": tool.enabled,
        "code": tool.code, "spares": tool.spares,
    })
}

async fn create_tool(State(premises): State<Premises>, Json(body): Body) -> Answer {
    let mut inner = premises.lock();
    let label = text(&body, "label").ok_or(StatusCode::BAD_REQUEST)?;
    let id = inner.next('t');
    let tool = Tool {
        id: id.clone(),
        label,
        colour: colour(&inner.options, text(&body, "colour").unwrap_or_default()),
        material: text(&body, "material").unwrap_or_default(),
        pin: text(&body, "pin"),
        code: text(&body, "code"),
        spares: texts(&body, "spares").unwrap_or_default(),
        manual: manual(&body),
        enabled: true,
        hidden: Some(Instant::now() + inner.options.list_lag),
        leaving: None,
    };
    inner.store.tools.push(tool);
    Ok(Json(json!({"id": id})))
}

fn colour(options: &Options, colour: String) -> String {
    if options.lower_case_colours { colour.to_lowercase() } else { colour }
}

impl Inner {
    fn admits(&self, headers: &HeaderMap) -> bool {
        let shows = |name: &str, value: &str| headers.get(name).is_some_and(|given| given == value);
        shows("x-token", &self.token) && self.options.badge.as_ref().is_none_or(|badge| shows("x-badge", badge))
    }

    fn tool(&mut self, id: &str) -> Result<&mut Tool, StatusCode> {
        let here = |tool: &&mut Tool| tool.id == id && tool.leaving.is_none();
        self.store.tools.iter_mut().find(here).ok_or(StatusCode::NOT_FOUND)
    }

    fn member(&mut self, id: &str) -> Result<&mut Member, StatusCode> {
        self.store.members.iter_mut().find(|member| member.id == id).ok_or(StatusCode::NOT_FOUND)
    }
}

async fn change_tool(State(premises): State<Premises>, Path(id): Path<String>, Json(body): Body) -> Answer {
    let mut inner = premises.lock();
    let options = inner.options.clone();
    let tool = inner.tool(&id)?;
    tool.colour = text(&body, "colour").map_or_else(|| tool.colour.clone(), |wish| colour(&options, wish));
    tool.enabled = body["enabled"].as_bool().unwrap_or(tool.enabled);
    tool.code = text(&body, "code").or(tool.code.take());
    tool.spares = texts(&body, "spares").unwrap_or_else(|| std::mem::take(&mut tool.spares));
    tool.manual = manual(&body).or(tool.manual.take());
    Ok(Json(json!({})))
}

async fn set_pin(State(premises): State<Premises>, Path(id): Path<String>, Json(body): Body) -> Answer {
    premises.lock().tool(&id)?.pin = text(&body, "value");
    Ok(Json(json!({})))
}

async fn delete_tool(State(premises): State<Premises>, Path(id): Path<String>) -> Answer {
    let mut inner = premises.lock();
    let looks = inner.options.delete_lag;
    inner.tool(&id)?.leaving = Some(looks);
    if looks == 0 {
        inner.store.tools.retain(|tool| tool.id != id);
    }
    Ok(Json(json!({})))
}

async fn invite(State(premises): State<Premises>, Json(body): Body) -> Answer {
    let mut inner = premises.lock();
    let login = text(&body, "login").ok_or(StatusCode::BAD_REQUEST)?;
    let id = inner.next('i');
    *inner.effects.entry(login.clone()).or_default() += 1;
    inner.store.open.insert(id.clone(), login);
    Ok(Json(json!({"id": id})))
}

/// An errand that is done again is another effect of the same.
async fn do_errand(State(premises): State<Premises>, Json(body): Body) -> Answer {
    let mut inner = premises.lock();
    let label = text(&body, "label").ok_or(StatusCode::BAD_REQUEST)?;
    *inner.effects.entry(label.clone()).or_default() += 1;
    let (id, looks) = (inner.next('e'), inner.options.errand_looks);
    inner.store.errands.retain(|errand| errand.label != label);
    inner.store.errands.push(Errand { id: id.clone(), label, looks });
    Ok(Json(json!({"id": id})))
}

async fn errand(State(premises): State<Premises>, Path(id): Path<String>) -> Answer {
    let mut inner = premises.lock();
    let errand = inner.store.errands.iter_mut().find(|errand| errand.id == id).ok_or(StatusCode::NOT_FOUND)?;
    let under_way = errand.looks > 0;
    errand.looks = errand.looks.saturating_sub(1);
    Ok(Json(json!({"under_way": under_way})))
}

async fn create_member(State(premises): State<Premises>, Json(body): Body) -> Answer {
    let mut inner = premises.lock();
    let invitation = text(&body, "invitation").ok_or(StatusCode::BAD_REQUEST)?;
    let login = inner.store.open.remove(&invitation).ok_or(StatusCode::CONFLICT)?;
    let id = inner.next('m');
    let member = Member {
        id: id.clone(),
        nick: text(&body, "nick").unwrap_or_else(|| login.clone()),
        login,
        password: text(&body, "password"),
        enabled: true,
    };
    inner.store.members.push(member);
    Ok(Json(json!({"id": id})))
}

async fn member(State(premises): State<Premises>, Path(id): Path<String>) -> Answer {
    let mut inner = premises.lock();
    let member = inner.member(&id)?;
    Ok(Json(json!({"id": member.id, "login": member.login, "nick": member.nick, "enabled": member.enabled})))
}

async fn change_member(State(premises): State<Premises>, Path(id): Path<String>, Json(body): Body) -> Answer {
    let mut inner = premises.lock();
    let member = inner.member(&id)?;
    member.nick = text(&body, "nick").unwrap_or_else(|| member.nick.clone());
    member.enabled = body["enabled"].as_bool().unwrap_or(member.enabled);
    Ok(Json(json!({})))
}

async fn set_password(State(premises): State<Premises>, Path(id): Path<String>, Json(body): Body) -> Answer {
    premises.lock().member(&id)?.password = text(&body, "value");
    Ok(Json(json!({})))
}

async fn delete_member(State(premises): State<Premises>, Path(id): Path<String>) -> Answer {
    let mut inner = premises.lock();
    inner.member(&id)?;
    inner.store.members.retain(|member| member.id != id);
    Ok(Json(json!({})))
}
