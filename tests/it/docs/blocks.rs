//! Blocks: that everything a reader may copy is taken by who would read it: manifests by the API server, values by the chart, queries by
//! Prometheus.

use std::path::Path;

use provost::kinds::TABLES;
use serde_json::{Value as Json, json};
use tokio::process::Command;

use super::page::{Block, Page, all, page};
use crate::examples;
use crate::harness::{kubectl, namespace, root, scratch};
use crate::stage::client_with_kinds;

/// What a YAML block is, as the line of its fence says.
#[derive(Debug, PartialEq)]
enum Purpose {
    /// `yaml`: whole manifests.
    Manifests,
    /// `yaml part-of=KIND`: what is added to an example of that kind, as a merge patch does; without `spec:` it is part of the spec.
    Part(String),
    /// `yaml values`: values of the chart.
    Values,
    /// `yaml kustomization`: a kustomization.yaml.
    Kustomization,
    /// `yaml foreign: REASON`: what nothing here can check but for its syntax, and why.
    Foreign,
}

impl Purpose {
    fn of(info: &str) -> Result<Self, String> {
        if let Some(kind) = info.strip_prefix("part-of=") {
            return Ok(Self::Part(kind.to_owned()));
        }
        if let Some(reason) = info.strip_prefix("foreign:") {
            let told = reason.trim().len() > 10;
            return told.then_some(Self::Foreign).ok_or_else(|| "`foreign:` needs a reason".to_owned());
        }
        match info {
            "" => Ok(Self::Manifests),
            "values" => Ok(Self::Values),
            "kustomization" => Ok(Self::Kustomization),
            other => Err(format!(
                "a YAML block is no `{other}`: write nothing, part-of=KIND, values, kustomization or foreign: REASON"
            )),
        }
    }
}

/// What is wrong with the YAML, JSON and PromQL of a page, or would be refused by those who read it.
async fn refused(page: &Page) -> Vec<String> {
    let (mut told, mut manifests) = (Vec::new(), Vec::new());
    for block in page.blocks() {
        let result = match block.language.as_str() {
            "yaml" => yaml(&block, &mut manifests).await,
            "json" => json_lines(&block.text),
            "promql" => query(&block.text).await,
            _ => Ok(()),
        };
        told.extend(result.err().map(|problem| format!("{}:{}: {problem}", page.path, block.line)));
    }
    told.extend(apply(&manifests).await.err().map(|problem| format!("{}: {problem}", page.path)));
    told
}

/// Checks a block, or puts its manifests to those that are applied together.
async fn yaml(block: &Block, manifests: &mut Vec<Json>) -> Result<(), String> {
    let documents = documents(&block.text)?;
    match Purpose::of(&block.info)? {
        Purpose::Manifests => {
            let whole = |document: &Json| document["apiVersion"].is_string() && document["kind"].is_string();
            if !documents.iter().all(whole) {
                return Err("a manifest has apiVersion and kind; of a part of one, the fence says part-of=KIND".into());
            }
            manifests.extend(documents);
        }
        Purpose::Part(kind) => {
            for document in &documents {
                manifests.push(whole(&kind, document)?);
            }
        }
        Purpose::Values => {
            let chart = root().join("charts/provost");
            let arguments = ["template", "provost", chart.to_str().unwrap_or_default(), "--values", "values.yaml"];
            with_file("values.yaml", &block.text, &tool("helm"), &arguments).await?;
        }
        Purpose::Kustomization => kustomize(&block.text).await?,
        Purpose::Foreign => {
            let ours = documents.iter().find(|document| {
                document["apiVersion"].as_str().is_some_and(|version| version.starts_with("provost.dev/"))
            });
            if let Some(ours) = ours {
                return Err(format!("{} is ours, and can be applied: no `foreign`", ours["kind"]));
            }
        }
    }
    Ok(())
}

fn documents(text: &str) -> Result<Vec<Json>, String> {
    let mut found = Vec::new();
    for document in text.split("\n---\n").map(|text| text.trim_start_matches("---\n")) {
        let document: Json = serde_yaml::from_str(document).map_err(|error| format!("no YAML: {error}"))?;
        if !document.is_null() {
            found.push(document);
        }
    }
    if found.is_empty() { Err("an empty block".to_owned()) } else { Ok(found) }
}

/// An example of the kind with a part of another one in it. An AdminApi is of the vendor whose block the part has.
fn whole(kind: &str, part: &Json) -> Result<Json, String> {
    let top = ["spec", "metadata", "apiVersion", "kind"];
    let part = match part.as_object() {
        Some(fields) if fields.keys().all(|field| top.contains(&field.as_str())) => part.clone(),
        _ => json!({"spec": part}),
    };
    if kind != "AdminApi" && TABLES.kind(kind).is_none() {
        return Err(format!("there is no kind {kind}"));
    }
    let block = TABLES.vendors.iter().map(|vendor| vendor.block).find(|block| part["spec"].get(*block).is_some());
    let mut example = match block {
        Some(block) if kind == "AdminApi" => {
            let all = examples::documents("00-admin-apis.yaml", &format!("{block}:"));
            all.into_iter().find(|document| document["kind"] == "AdminApi").ok_or("no example of this vendor")?
        }
        _ => examples::of(kind).0,
    };
    examples::change(&mut example, &part);
    Ok(example)
}

/// Applies manifests with a dry run, in a namespace of their own unless they name one.
async fn apply(manifests: &[Json]) -> Result<(), String> {
    if manifests.is_empty() {
        return Ok(());
    }
    let own = namespace(&client_with_kinds().await).await;
    let (named, plain): (Vec<_>, Vec<_>) =
        manifests.iter().partition(|manifest| manifest["metadata"]["namespace"].is_string());
    for name in named.iter().filter_map(|manifest| manifest["metadata"]["namespace"].as_str()) {
        // Even a dry run needs it to be there; mostly it is.
        drop(kubectl(&["create", "namespace", name], "").await);
    }
    let arguments = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-"];
    let mut told = String::new();
    for (manifests, place) in [(named, [].as_slice()), (plain, ["--namespace", &own].as_slice())] {
        if !manifests.is_empty() {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": manifests}).to_string();
            let said = kubectl(&[&arguments, place].concat(), &list).await;
            told.push_str(if said.success { "" } else { &said.stderr });
        }
    }
    if told.is_empty() { Ok(()) } else { Err(told) }
}

async fn kustomize(text: &str) -> Result<(), String> {
    // The repository on the web is this one; the version that a page names is this one's.
    let text: String = text
        .lines()
        .map(|line| match line.split_once("https://github.com/provost/provost//") {
            Some((before, after)) => format!("{before}repository/{}\n", after.split('?').next().unwrap_or_default()),
            None => format!("{line}\n"),
        })
        .collect();
    let kubectl = crate::harness::cluster().await.kubectl();
    with_file("kustomization.yaml", &text, &kubectl, &["kustomize", "."]).await
}

fn json_lines(text: &str) -> Result<(), String> {
    let whole = serde_json::from_str::<Json>(text).map(drop);
    let lines = || text.lines().try_for_each(|line| serde_json::from_str::<Json>(line).map(drop));
    whole.or_else(|_| lines()).map_err(|error| format!("no JSON: {error}"))
}

async fn query(text: &str) -> Result<(), String> {
    let rules = json!({"groups": [{"name": "docs", "rules": [{"record": "docs", "expr": text.trim()}]}]});
    with_file("rules.yaml", &rules.to_string(), &tool("promtool"), &["check", "rules", "rules.yaml"]).await
}

/// A program that `make tools` builds.
pub fn tool(name: &str) -> std::path::PathBuf {
    root().join("target/tools").join(name)
}

/// Runs a program in a folder with this one file, beside which is the repository.
async fn with_file(name: &str, text: &str, program: &Path, arguments: &[&str]) -> Result<(), String> {
    let folder = scratch("docs-");
    std::fs::write(folder.path().join(name), text).map_err(|error| error.to_string())?;
    std::os::unix::fs::symlink(root(), folder.path().join("repository")).map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(&folder).kill_on_drop(true).output().await;
    let output = output.map_err(|error| format!("{}: {error}; `make tools` builds it", program.display()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(()) } else { Err(text(&output.stdout) + &text(&output.stderr)) }
}

#[tokio::test]
async fn every_block_is_taken_by_who_reads_it() {
    let mut told = Vec::new();
    for page in all() {
        told.extend(page.strange_fences());
        told.extend(refused(&page).await);
    }
    assert!(told.is_empty(), "\n{}\n", told.join("\n"));
}

#[tokio::test]
async fn a_planted_defect_is_refused() {
    let account = "apiVersion: provost.dev/v1alpha1\nkind: TenantAccount\nmetadata: {name: a}\nspec:\n  adminApi: {name: x}\n  name: A\n  subdomain: a\n  emailAdmin: a@b.example\n";
    let told = async |fence: &str, text: &str| refused(&page(&format!("```{fence}\n{text}\n```\n"))).await.join("\n");
    assert_eq!(told("yaml", account).await, "");
    assert_eq!(told("yaml part-of=TenantAccount", "policy: {drift: Report}").await, "");
    assert_eq!(told("yaml part-of=AdminApi", "spec: {crm2: {clientDomain: b.example}}").await, "");
    assert_eq!(told("yaml foreign: read by a program of others", "a: 1").await, "");
    assert_eq!(told("yaml kustomization", "resources: []\nnamePrefix: a-\nconfigMapGenerator: [{name: x}]").await, "");
    assert_eq!(told("json", "{\"a\": 1}\n{\"b\": 2}").await, "");
    assert_eq!(told("promql", "max(provost_leader) == 0").await, "");

    let defects = [
        ("yaml", &*format!("{account}  emailadmin: x\n"), "emailadmin"),
        ("yaml", &account.replace("subdomain: a", "subdomain: a_b"), "spec.subdomain"),
        ("yaml", &account.replace("TenantAccount", "TenantCount"), "TenantCount"),
        ("yaml", "policy: {drift: Report}", "part-of=KIND"),
        ("yaml", "a: [", "no YAML"),
        ("yaml part-of=TenantAccount", "policy: {drift: Ignore}", "spec.policy.drift"),
        ("yaml part-of=TenantCount", "policy: {}", "no kind TenantCount"),
        ("yaml foreign: x", "a: 1", "needs a reason"),
        ("yaml foreign: read by others", account, "is ours"),
        ("yaml kustomization", "resources: [nowhere.yaml]", "nowhere.yaml"),
        ("yaml fragment", "a: 1", "no `fragment`"),
        ("json", "{\"a\": 1", "no JSON"),
        ("promql", "max(provost_leader == 0", "parse error"),
    ];
    for (fence, text, expected) in defects {
        let told = told(fence, text).await;
        assert!(told.contains(expected) && told.contains("docs/planted.md"), "{fence} {text}: {told}");
    }
}
