//! Fit: has a manifest be one that the API server takes, since a vendor knows neither our types nor our limits.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value as Json;

use crate::cli::validate::validate;
use crate::engine::registry::KindRow;

/// How many fields of one object may be left out before that is given up.
const MOST: usize = 40;

/// A kind's definition, read once for all its objects.
pub struct Form {
    row: &'static KindRow,
    definition: CustomResourceDefinition,
    version: String,
    schema: Json,
}

/// What became of an object.
#[derive(Debug)]
pub struct Fitted {
    /// Its natural key in words.
    pub natural_key: String,
    /// The fields that were left out, each with the reason.
    pub without: Vec<String>,
}

impl Form {
    /// The form of a kind.
    pub fn of(row: &'static KindRow) -> Self {
        let definition = (row.crd)();
        let served = definition.spec.versions.first();
        let version = served.map(|served| served.name.clone()).unwrap_or_default();
        let schema = served.and_then(|served| served.schema.as_ref()?.open_api_v3_schema.as_ref());
        let schema = serde_json::to_value(schema).unwrap_or_default();
        Self { row, definition, version, schema }
    }

    /// The `apiVersion` of its objects.
    pub fn api_version(&self) -> String {
        format!("{}/{}", self.definition.spec.group, self.version)
    }

    /// Has `object` be one that the API server takes: values are written in the types of their fields, and what is refused is left out.
    ///
    /// # Errors
    /// Nothing of what is refused can be left out: what is wrong.
    pub fn fit(&self, object: &mut Json) -> Result<Fitted, String> {
        retype(&self.schema["properties"]["spec"], &mut object["spec"]);
        let mut without = Vec::new();
        while without.len() < MOST {
            let (path, problem) = match self.wrong(object) {
                Ok(natural_key) => return Ok(Fitted { natural_key, without }),
                Err(wrong) => wrong,
            };
            match leave_out(object, &path) {
                Some(field) => without.push(format!("{field} is left out: {problem}")),
                // What was left out first is what was wrong at first.
                None => return Err(without.into_iter().next().unwrap_or(problem)),
            }
        }
        Err("nearly nothing of it is as an object has it".to_owned())
    }

    /// The natural key; or the first thing that is wrong, with its path.
    fn wrong(&self, object: &Json) -> Result<String, (String, String)> {
        if let Some(problem) = validate(&self.definition, &self.version, object, None).into_iter().next() {
            return Err((problem.path.clone(), problem.to_string()));
        }
        match (self.row.judge)(object) {
            Err(misfit) => Err((String::new(), misfit.to_string())),
            Ok((_, Some(invalid))) => Err((format!("spec.{}", invalid.field), invalid.to_string())),
            Ok((natural_key, None)) => Ok(natural_key),
        }
    }
}

/// Writes texts, numbers and flags as the schema has them, where that says the same.
fn retype(schema: &Json, value: &mut Json) {
    let typed = match (schema["type"].as_str(), &*value) {
        (Some("object"), Json::Object(_)) => {
            for (key, value) in value.as_object_mut().into_iter().flatten() {
                let below = schema["properties"].get(key).unwrap_or(&schema["additionalProperties"]);
                retype(below, value);
            }
            None
        }
        (Some("array"), Json::Array(_)) => {
            value.as_array_mut().into_iter().flatten().for_each(|item| retype(&schema["items"], item));
            None
        }
        (Some("integer" | "number"), Json::String(text)) => {
            serde_json::from_str(text.trim()).ok().filter(Json::is_number)
        }
        (Some("integer"), Json::Number(number)) if number.is_f64() => {
            serde_json::from_str(number.to_string().trim_end_matches(".0")).ok().filter(Json::is_i64)
        }
        (Some("boolean"), Json::String(text)) => flag(text),
        (Some("boolean"), Json::Number(number)) => flag(&number.to_string()),
        (Some("string"), Json::Number(_) | Json::Bool(_)) => Some(Json::from(value.to_string())),
        _ => None,
    };
    if let Some(typed) = typed {
        *value = typed;
    }
}

fn flag(text: &str) -> Option<Json> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true.into()),
        "false" | "0" => Some(false.into()),
        _ => None,
    }
}

/// Takes the field of this path out, or else the nearest one around it, and tells which; a list goes whole. None where only the spec as a
/// whole is left.
fn leave_out(object: &mut Json, path: &str) -> Option<String> {
    let (fields, _) = path.split_once('[').unwrap_or((path, ""));
    let steps: Vec<&str> = fields.strip_prefix("spec.")?.split('.').collect();
    (1..=steps.len()).rev().find_map(|depth| {
        let (last, outer) = steps[..depth].split_last()?;
        let around = outer.iter().try_fold(&mut object["spec"], |place, step| place.get_mut(*step))?;
        around.as_object_mut()?.remove(*last)?;
        Some(format!("spec.{}", steps[..depth].join(".")))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::TABLES;

    fn fit(kind: &str, spec: Json) -> (Json, Result<Fitted, String>) {
        let form = Form::of(TABLES.kind(kind).unwrap());
        let mut object = json!({"apiVersion": form.api_version(), "kind": kind, "metadata": {"name": "a", "namespace": "b"}, "spec": spec});
        object["spec"]["adminApi"] = json!({"name": "x"});
        let fitted = form.fit(&mut object);
        object["spec"].as_object_mut().unwrap().remove("adminApi");
        (object["spec"].take(), fitted)
    }

    #[test]
    fn values_are_written_in_the_types_of_their_fields() {
        let service = |port: Json, flag: Json, username: Json| json!({"portalName": "p", "serviceName": "s", "type": "Smtp", "host": "h", "port": port, "active": flag, "username": username});
        for (port, flag, username) in [(json!("25"), json!("TRUE"), json!(7)), (json!(25.0), json!(1), json!("7"))] {
            let (spec, fitted) = fit("MailService", service(port, flag, username));
            assert_eq!(spec, service(json!(25), json!(true), json!("7")));
            assert_eq!(fitted.unwrap().natural_key, "mail service s in portal p");
        }
    }

    #[test]
    fn what_is_refused_is_left_out_and_told() {
        let job = json!({
            "portalName": "p", "jobName": "j", "type": "task", "priority": 70, "description": "x",
            "triggers": [{"cron": "0 0 1 * * ?"}, {"cron": "0 0 1 30 2 ?"}],
        });
        let (spec, fitted) = fit("SchedulerJob", job);
        let without = fitted.unwrap().without;
        assert_eq!(spec, json!({"portalName": "p", "jobName": "j", "type": "task", "description": "x"}));
        assert!(without[0].contains("spec.priority is left out") && without[1].contains("never fires"), "{without:?}");
        let (_, fitted) = fit("SchedulerJob", json!({"portalName": "p", "jobName": "j", "type": "Not A Word"}));
        assert!(fitted.unwrap_err().contains("spec.type"));
        let (_, fitted) = fit("TenantAccount", json!({"name": "n", "subdomain": "s"}));
        assert!(fitted.unwrap_err().contains("emailAdmin"));
    }

    #[test]
    fn of_a_block_only_what_is_wrong_is_left_out() {
        let settings = |memory: i64| json!({"jvmMinimalMemoryMb": memory, "sessionTimeoutSeconds": 60});
        let (spec, fitted) = fit("IntrexxPortal", json!({"portalName": "p", "settings": settings(0)}));
        assert_eq!(spec["settings"], json!({"sessionTimeoutSeconds": 60}), "{fitted:?}");
    }
}
