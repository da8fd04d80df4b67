//! Errands in a portal: imports of packages, the search index, the diagnosis file.

use serde_json::{Value, json};

use crate::intrexx::sim::answer::{Done, Refusal};
use crate::intrexx::sim::calls::{Call, guid};
use crate::intrexx::sim::portal::Application;
use crate::intrexx::sim::shape::{Field, Kind, Purpose};
use crate::intrexx::sim::upload::File;
use crate::intrexx::sim::zip;

const INDEX: [Field; 2] = [
    Field::required("action", Kind::OneOf(&["CREATE", "UPDATE", "DELETE", "OPTIMIZE"])),
    Field::new("plugins", Kind::Texts),
];

/// What of the product is in the search index.
const PLUGINS: [&str; 4] = ["APPLICATION_DATA", "FILEWALKER", "MENU", "SHARE"];

/// 20: imports packages as new things; the same package again gives copies with other GUIDs.
pub fn import(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let guids: Vec<String> = call.files.iter().map(|_| call.store.state.new_guid()).collect();
    let files = std::mem::take(&mut call.files);
    note(call, &files, "imported")?;
    let portal = call.portal()?;
    let result = portal.import_result.clone().unwrap_or_else(|| "CREATED".to_owned());
    let new: Vec<_> = files.iter().zip(guids).map(|(file, guid)| (application(file, guid), result.clone())).collect();
    if result == "CREATED" {
        portal.applications.extend(new.iter().map(|(application, _)| application.clone()));
    }
    Ok(Done::Imported { report: report(call, new)?, made: true })
}

/// 21: imports packages over what is there; what is not there is made. A package is known by the name of its file.
pub fn overwrite(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let guids: Vec<String> = call.files.iter().map(|_| call.store.state.new_guid()).collect();
    let files = std::mem::take(&mut call.files);
    note(call, &files, "overwritten")?;
    let portal = call.portal()?;
    let ordered = portal.import_result.clone();
    let mut done = Vec::new();
    for (file, guid) in files.iter().zip(guids) {
        let known = portal.applications.iter_mut().find(|known| known.name == file.stem());
        let told = |usual: &str| ordered.clone().unwrap_or_else(|| usual.to_owned());
        match known {
            Some(known) => {
                if ordered.is_none() {
                    (known.imports, known.size) = (known.imports + 1, file.content.len());
                    known.sha256 = file.sha256();
                }
                done.push((known.clone(), told("UPDATED")));
            }
            None => {
                let new = application(file, guid);
                if ordered.is_none() {
                    portal.applications.push(new.clone());
                }
                done.push((new, told("CREATED")));
            }
        }
    }
    Ok(Done::Imported { report: report(call, done)?, made: false })
}

fn note(call: &mut Call<'_>, files: &[File], deed: &str) -> Result<(), Refusal> {
    let portal = call.portal()?.name.clone();
    for file in files {
        call.store.state.note(&format!("{portal}/{}", file.stem()), deed);
    }
    Ok(())
}

fn application(file: &File, guid: String) -> Application {
    let (name, size) = (file.stem().to_owned(), file.content.len());
    Application { guid, r#type: "APPLICATION".to_owned(), name, imports: 1, size, sha256: file.sha256() }
}

fn report(call: &mut Call<'_>, done: Vec<(Application, String)>) -> Result<Value, Refusal> {
    let answers = call.answers();
    let row = |(application, result): &(Application, String)| {
        let Application { guid: id, r#type, name, .. } = application;
        json!({"guid": guid(answers, id), "type": r#type, "name": name, "result": result})
    };
    let imported: Vec<Value> = done.iter().map(row).collect();
    let warnings: Vec<String> = call.portal()?.import_warning.clone().into_iter().collect();
    Ok(json!({"imported": imported, "warnings": warnings}))
}

/// 19: starts something on the search index. Nothing tells when it is done.
pub fn index(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let sent = call.checked(&INDEX, Purpose::Create)?;
    let plugins = sent.get("plugins").and_then(Value::as_array);
    if plugins.into_iter().flatten().any(|plugin| !PLUGINS.iter().any(|known| plugin == known)) {
        return Err(Refusal::bad(format!("plugins must be some of {}", PLUGINS.join(", "))));
    }
    let action = sent.get("action").and_then(Value::as_str).unwrap_or_default().to_owned();
    call.portal()?.index_actions.push(action);
    let name = call.portal()?.name.clone();
    call.store.state.note(&name, "indexed");
    Ok(Done::Started)
}

/// 18: a zip file about the server, with secrets in it as such files have.
pub fn diagnose(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let size = usize::try_from(call.options().server.diagnosis_bytes).unwrap_or(usize::MAX);
    let portal = call.portal()?;
    let head = format!("portal={}\ndatabase.password={}\n", portal.name, portal.database_password);
    let name = format!("diagnosis-{}.zip", portal.name);
    let key = portal.name.clone();
    call.store.state.note(&key, "diagnosed");
    Ok(Done::File { name, parts: zip::file("portal.log", &head, size) })
}
