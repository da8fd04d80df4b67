//! The rules catch what they are there for, and nothing else.

use super::text::{Code, Function};
use super::*;

fn told(path: &str, code: &str) -> Vec<String> {
    check(path, &format!("//! Says what it is for.\n{code}")).iter().map(ToString::to_string).collect()
}

/// The rule that a line breaks, when it breaks one.
#[track_caller]
fn refused(path: &str, code: &str, word: &str) {
    let told = told(path, code);
    assert!(
        told.len() == 1 && told[0].starts_with(&format!("{path}:2: ")) && told[0].contains(word),
        "{path} {code}: {told:?}"
    );
}

#[track_caller]
fn allowed(path: &str, code: &str) {
    assert_eq!(told(path, code), [""; 0], "{path} {code}");
}

#[test]
fn a_file_says_what_it_is_for() {
    assert_eq!(check("src/base/a.rs", "// no\n").len(), 1);
    assert_eq!(check("tests/it/a.rs", "fn a() {}\n").len(), 1);
    assert_eq!(check("src/base/a.rs", "//! Yes.\n"), []);
}

#[test]
fn names_say_something() {
    refused_name("src/engine/utils.rs");
    refused_name("src/common/mod.rs");
    refused_name("tests/it/helpers.rs");
    assert_eq!(check("src/engine/commonplace.rs", "//! Yes.\n"), []);
}

#[track_caller]
fn refused_name(path: &str) {
    assert!(check(path, "//! Yes.\n")[0].rule.contains("says nothing"));
}

#[test]
fn files_and_functions_have_their_lengths_without_blanks_comments_and_tests() {
    let constants = |count| (0..count).map(|n| format!("const A{n}: u8 = 1;\n\n// why\n")).collect::<String>();
    allowed("src/base/a.rs", &constants(400));
    assert!(told("src/base/a.rs", &constants(401))[0].contains("this one has 401"));
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", constants(500));
    allowed("src/base/a.rs", &format!("{tests}{}", constants(400)));
    assert_eq!(told("src/base/a.rs", &format!("{tests}{}", constants(401))).len(), 1);

    let function =
        |lines: usize| format!("fn long(a: [u8; 2]) {{\n{}}}\n", "    a();\n\n    // why\n".repeat(lines - 2));
    allowed("src/base/a.rs", &function(60));
    refused("src/base/a.rs", &function(61), "long has 61");
}

#[test]
fn layers_name_only_those_below() {
    allowed("src/base/a.rs", "use crate::base::fault::Fault;");
    refused("src/base/a.rs", "use crate::http::Session;", "base names no other");
    refused("src/base/a.rs", "use kube::Resource;", "do not know Kubernetes");
    allowed("src/http/a.rs", "use crate::{base::fault, http::Session};");
    refused("src/http/a.rs", "use crate::engine::plan;", "http names only base");
    allowed("src/engine/a.rs", "use kube::{Api, Client}; use super::plan; use crate::base::fault;");
    refused("src/engine/a.rs", "use crate::http::Session;", "the engine names only base");
    refused("src/engine/a.rs", "fn a(b: crate::crm2::client::Client) {}", "crm2");
    refused("src/engine/queue/lane.rs", "use super::super::super::ops::lease;", "crate::ops::lease");
    refused("src/ops/a.rs", "use crate::intrexx;", "ops names no vendor");
    allowed("src/ops/a.rs", "use crate::engine::metrics;");
    for path in ["src/cli/a.rs", "src/kinds.rs", "src/main.rs", "src/lib.rs"] {
        allowed(path, "use crate::{crm2::client, engine, http, adeptia::sim}; use kube::Client;");
    }
    refused("src/other/a.rs", "use crate::engine::plan;", "in no layer");
}

#[test]
fn vendors_keep_to_themselves_and_their_simulators_apart() {
    allowed(
        "src/crm2/domain.rs",
        "use super::{client::Client, wire}; use crate::engine::kind; use kube::CustomResource;",
    );
    refused("src/crm2/domain.rs", "use crate::intrexx::wire;", "never names another vendor");
    refused("src/crm2/domain.rs", "use crate::http::Session;", "a kind names only");
    refused("src/crm2/domain.rs", "use kube::{\n    CustomResource,\n    Client,\n};", "never talks to Kubernetes");
    refused("src/crm2/domain.rs", "fn a(b: kube::api::Api<C>) {}", "never talks to Kubernetes");
    refused("src/crm2/domain.rs", "use super::sim;", "only tests");
    allowed("src/crm2/client.rs", "use crate::http::Session; use super::wire::User;");
    refused("src/crm2/client.rs", "use crate::engine::plan;", "a vendor's client names only");
    allowed("src/crm2/sim.rs", "use crate::sim::server; use crate::base::value;");
    refused("src/crm2/sim.rs", "use super::wire::User;", "never sees its vendor's client");
    refused("src/crm2/sim.rs", "use super::{sim, client};", "never sees its vendor's client");
    refused("src/crm2/sim/state.rs", "use crate::crm2::{wire as shapes};", "never sees its vendor's client");
    refused("src/crm2/sim.rs", "use crate::http::Session;", "a simulator names only");
    refused("src/sim/server.rs", "use crate::http::Session;", "must not share");
    allowed(
        "src/crm2/client.rs",
        "#[cfg(test)]\nmod tests {\n    use crate::crm2::sim;\n    use crate::sim::server;\n}\n",
    );
}

#[test]
fn texts_and_comments_are_not_code() {
    allowed(
        "src/base/a.rs",
        "/// See [`crate::http`].\nconst A: &str = \"crate::http::B { fn long(\";\n/* crate::cli::a /* { */ */\n",
    );
    allowed(
        "src/base/a.rs",
        "const A: &str = r#\"use crate::http::B; \" {\"#;\nconst B: char = '{';\nconst C: char = '\\'';\n",
    );
    allowed("src/base/a.rs", "fn a<'a>(b: &'a str) -> &'a str { b }\n");
    refused("src/base/a.rs", "const A: &str = \"\\\"\"; use crate::http::B;", "base names no other");
}

#[test]
fn functions_are_found_with_their_lines() {
    let code = Code::read(
        "trait A {\n    fn one(&self, f: fn(&str) -> [u8; 2]);\n    fn two() {\n        let x = \"}\";\n\n    }\n}\n",
    );
    let function = |name: &str, line, lines| Function { name: name.to_owned(), line, lines };
    assert_eq!(code.functions().collect::<Vec<_>>(), [function("one", 2, 1), function("two", 3, 3)]);
}
