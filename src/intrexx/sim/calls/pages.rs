//! The pages beside the calls: a start page, and a description of the API for programs.

use serde_json::{Map, Value, json};

use crate::intrexx::sim::answer::{Done, Refusal};
use crate::intrexx::sim::calls::Call;
use crate::intrexx::sim::endpoints::{ENDPOINTS, Takes};

const PAGE: &str =
    "<html><body><h1>Intrexx Administration API</h1><a href=\"../openapi.json\">openapi.json</a></body></html>\n";

/// `GET /`
pub fn start(_: &mut Call<'_>) -> Result<Done, Refusal> {
    Ok(Done::See("/swagger-ui/".to_owned()))
}

/// `GET /swagger-ui/`
pub fn swagger(_: &mut Call<'_>) -> Result<Done, Refusal> {
    Ok(Done::Page(PAGE))
}

/// `GET /openapi.json`: paths and methods; no shapes, which nobody outside the vendor knows.
pub fn openapi(_: &mut Call<'_>) -> Result<Done, Refusal> {
    let mut paths = Map::new();
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.number > 0) {
        let mut about = json!({"operationId": endpoint.operation.name, "responses": {"default": {"description": ""}}});
        let content = match endpoint.takes {
            Takes::Nothing => None,
            Takes::Json | Takes::MaybeJson => Some("application/json"),
            Takes::Upload => Some("multipart/form-data"),
        };
        if let Some(content) = content {
            about["requestBody"] = json!({"content": {content: {"schema": {"type": "object"}}}});
        }
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method.as_str().to_ascii_lowercase()] = about;
    }
    let about = json!({"title": "Intrexx Administration API", "version": "1"});
    Ok(Done::Object(json!({"openapi": "3.0.0", "info": about, "paths": Value::Object(paths)})))
}
