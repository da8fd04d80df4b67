//! Who may name whom.

/// A folder each, and none may know of another.
const VENDORS: [&str; 4] = ["myintranetapps", "intrexx", "crm2", "adeptia"];

/// The layers of our own. Who adds one decides here who may name it.
const LAYERS: [&str; 7] = ["base", "http", "engine", "ops", "sim", "cli", "kinds"];

/// The module of a file: `src/engine/plan.rs` is `engine::plan`, `src/engine/mod.rs` is `engine`, `src/lib.rs` is the crate.
pub fn module(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    module
}

/// The part that a vendor's file plays in its folder.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// `mod.rs`, which only lists the others.
    Folder,
    /// The client, and the shapes that go over the wire.
    Client,
    /// What stands in for the vendor, knowing only the contract.
    Simulator,
    /// A kind.
    Kind,
}

fn role(module: &[String]) -> Role {
    match module.get(1).map(String::as_str) {
        None => Role::Folder,
        Some("client" | "wire") => Role::Client,
        Some("sim") => Role::Simulator,
        Some(_) => Role::Kind,
    }
}

/// Why `module` may not name `named`, a path from the crate's root (`crate::…`) or into a foreign crate; none when it may.
pub fn broken_rule(module: &[String], named: &[String]) -> Option<&'static str> {
    let names: Vec<&str> = named.iter().map(String::as_str).collect();
    let from = module.first().map(String::as_str)?;
    match names.as_slice() {
        ["crate", to, rest @ ..] if VENDORS.contains(to) || LAYERS.contains(to) => within(module, from, to, rest),
        ["crate", ..] => None,
        [foreign, rest @ ..] => outside(from, foreign, rest),
        [] => None,
    }
}

fn within(module: &[String], from: &str, to: &str, rest: &[&str]) -> Option<&'static str> {
    let vendor = VENDORS.contains(&to);
    match from {
        "cli" | "kinds" => None,
        _ if from == to && !VENDORS.contains(&from) => None,
        "base" => Some("base names no other module"),
        "http" => (to != "base").then_some("http names only base"),
        "engine" => (to != "base").then_some("the engine names only base: it knows no vendor and no HTTP"),
        "sim" => (to != "base").then_some("the simulators' server names only base: it must not share our misreadings"),
        "ops" => (vendor || to == "cli" || to == "kinds").then_some("ops names no vendor, nor the command line"),
        _ if VENDORS.contains(&from) => of_vendor(role(module), from, to, rest),
        _ => Some("this module is in no layer: say in tests/it/tidy/names.rs whom it may name"),
    }
}

fn of_vendor(role: Role, from: &str, to: &str, rest: &[&str]) -> Option<&'static str> {
    let allowed: &[&str] = match role {
        Role::Folder => &["base", "http", "engine", "sim"],
        Role::Client => &["base", "http"],
        Role::Simulator => &["base", "sim"],
        Role::Kind => &["base", "engine"],
    };
    if from == to {
        let sees_client = role == Role::Simulator && matches!(rest.first(), Some(&"client" | &"wire"));
        let sees_simulator = matches!(role, Role::Client | Role::Kind) && rest.first() == Some(&"sim");
        return match (sees_client, sees_simulator) {
            (true, _) => Some("a simulator never sees its vendor's client or wire: it would share their misreadings"),
            (_, true) => Some("only tests and the command line name a simulator"),
            _ => None,
        };
    }
    if VENDORS.contains(&to) {
        return Some("a vendor never names another vendor");
    }
    if allowed.contains(&to) {
        return None;
    }
    Some(match role {
        Role::Folder => "a vendor names base, http, engine and sim",
        Role::Client => "a vendor's client names only base, http and its own folder",
        Role::Simulator => "a simulator names only base and sim",
        Role::Kind => "a kind names only base, engine and its own client and wire",
    })
}

fn outside(from: &str, foreign: &str, rest: &[&str]) -> Option<&'static str> {
    let kubernetes = matches!(foreign, "kube" | "k8s_openapi");
    // Types to build an object from are fine anywhere above; what talks to the API server is the engine's and the top's.
    let talks = foreign == "kube" && matches!(rest, ["Client" | "Api" | "client", ..] | ["api", "Api", ..]);
    match from {
        "base" | "http" => kubernetes.then_some("base and http do not know Kubernetes"),
        "engine" => (foreign == "reqwest").then_some("the engine does no HTTP"),
        _ if VENDORS.contains(&from) && talks => Some("a vendor's file never talks to Kubernetes: the engine does"),
        _ => None,
    }
}
