//! Offline validation against the API server itself: both take, and both refuse, the same manifests for the same fields.

use axum::http::Request;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, PostParams};
use kube::core::Status;
use kube::runtime::wait::conditions::is_crd_established;
use provost::cli::validate::validate;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::harness::{DEADLINE, await_object, client, namespace};

const CRD: &str = include_str!("../../src/cli/validate/testdata/crd.yaml");
const CASES: &str = include_str!("../../src/cli/validate/testdata/cases.yaml");

#[derive(Deserialize)]
struct Case {
    case: String,
    #[serde(default)]
    spec: Value,
    old: Option<Value>,
    #[serde(default)]
    object: Value,
}

fn widget(spec: &Value) -> Value {
    json!({"apiVersion": "test.provost.dev/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": spec})
}

fn merge(target: &mut Value, patch: &Value) {
    for (name, value) in patch.as_object().into_iter().flatten() {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else if target.get(name).is_some_and(Value::is_object) {
            merge(&mut target[name], value);
        } else {
            target[name] = value.clone();
        }
    }
}

/// What the API server says to a write that is only tried, with unknown fields being mistakes.
async fn try_write(client: &Client, method: &str, path: &str, object: &Value) -> Result<Value, Box<Status>> {
    let url = format!("/apis/test.provost.dev/v1/namespaces/{path}?dryRun=All&fieldValidation=Strict");
    let request = Request::builder().method(method).uri(url).header("content-type", "application/json");
    let request = request.body(serde_json::to_vec(object).unwrap()).unwrap();
    match client.request::<Value>(request).await {
        Ok(object) => Ok(object),
        Err(kube::Error::Api(status)) => Err(status),
        Err(error) => panic!("{error}"),
    }
}

/// The fields that the API server complains about.
fn fields(status: &Status) -> Vec<String> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes.map(|cause| cause.field.clone()).filter(|field| !matches!(field.as_str(), "" | "<nil>")).collect()
}

/// Whether we tell a field that the API server complains about, or one above or below it: it names a map for one of its values,
/// and a field of a union where we name the union.
fn is_near(told: &str, field: &str) -> bool {
    // It writes keys of maps like fields when it compares with a schema, and in brackets elsewhere.
    let (told, field) = (told.replace('[', ".").replace(']', ""), field.replace('[', ".").replace(']', ""));
    let below =
        |path: &str, other: &str| path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    below(&told, &field) || below(&field, &told)
}

async fn compare(client: &Client, namespace: &str, crd: &CustomResourceDefinition, case: &Case) -> Vec<String> {
    let mut object = widget(&case.spec);
    merge(&mut object, &case.object);
    let mut old = case.old.as_ref().map(widget);
    let said = match &mut old {
        None => try_write(client, "POST", &format!("{namespace}/widgets"), &object).await,
        Some(old) => {
            old["metadata"] = json!({"generateName": "a-"});
            let url = format!("/apis/test.provost.dev/v1/namespaces/{namespace}/widgets");
            let request = Request::post(url).header("content-type", "application/json");
            let created: Value =
                client.request(request.body(serde_json::to_vec(&old).unwrap()).unwrap()).await.unwrap();
            object["metadata"] = json!({
                "name": created["metadata"]["name"],
                "resourceVersion": created["metadata"]["resourceVersion"],
            });
            let name = created["metadata"]["name"].as_str().unwrap().to_owned();
            *old = created;
            try_write(client, "PUT", &format!("{namespace}/widgets/{name}"), &object).await
        }
    };
    let problems = validate(crd, "v1", &object, old.as_ref());
    let told: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
    let name = &case.case;
    match said {
        Ok(_) if problems.is_empty() => vec![],
        Ok(_) => vec![format!("{name}: the API server takes it, but we say {problems:?}")],
        Err(status) if problems.is_empty() => vec![format!("{name}: we take it, but the API server says {status:?}")],
        // It does not fill in the defaults of another kind, and trips over that.
        Err(_) if told.contains(&"kind") => vec![],
        Err(status) => {
            let missed = fields(&status).into_iter().filter(|field| !told.iter().any(|told| is_near(told, field)));
            missed.map(|field| format!("{name}: we do not tell {field}: {:?} vs {told:?}", status.message)).collect()
        }
    }
}

#[tokio::test]
async fn what_we_say_of_a_manifest_is_what_the_api_server_says() {
    let client = client().await;
    let namespace = namespace(&client).await;
    let crd: CustomResourceDefinition = serde_yaml::from_str(CRD).unwrap();
    let crds = Api::<CustomResourceDefinition>::all(client.clone());
    match crds.create(&PostParams::default(), &crd).await {
        Ok(_) => {}
        // On a cluster that was there before, from an earlier run.
        Err(kube::Error::Api(status)) if status.code == 409 => {}
        Err(error) => panic!("{error}"),
    }
    await_object(crds, "widgets.test.provost.dev", is_crd_established(), DEADLINE).await;

    let cases: Vec<Case> = serde_yaml::from_str(CASES).unwrap();
    let compared = cases.iter().map(|case| compare(&client, &namespace, &crd, case));
    let different = futures::future::join_all(compared).await.concat();
    assert!(different.is_empty(), "{}", different.join("\n"));
}
