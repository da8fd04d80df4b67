//! Portal templates of the server: the list, and uploading one. There is no way to delete one.

use serde_json::{Value, json};

use crate::intrexx::sim::answer::{Done, Refusal};
use crate::intrexx::sim::calls::Call;
use crate::intrexx::sim::store::{TEMPLATES, Template};

/// 5: all templates.
pub fn list(call: &mut Call<'_>) -> Result<Done, Refusal> {
    Ok(Done::List("templates", call.store.state.templates.iter().map(view).collect()))
}

fn view(template: &Template) -> Value {
    json!({
        "name": template.name,
        "display_name": template.display_name,
        "description": template.description,
        "path": template.path,
        "type": template.r#type,
        "version": template.version,
    })
}

/// 6: uploads templates, each under the name of its file. Tells about the first one.
pub fn upload(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let known = |name: &str| call.store.state.templates.iter().any(|template| template.name == name);
    let taken = call.files.iter().any(|file| known(file.stem()));
    if taken && !call.options().behaviour.duplicate_names {
        return Err(Refusal::taken("there is a template of this name"));
    }
    let version = call.options().server.intrexx_version.clone();
    let of_file = |file: &super::File| Template {
        name: file.stem().to_owned(),
        display_name: file.stem().to_owned(),
        description: String::new(),
        path: format!("{TEMPLATES}{}/", file.stem()),
        r#type: "OWN".to_owned(),
        version: version.clone(),
        size: file.content.len(),
    };
    let new: Vec<Template> = call.files.iter().map(of_file).collect();
    let first = new.first().map(|template| (format!("templates/{}", template.name), view(template)));
    let state = &mut call.store.state;
    for template in new {
        state.note(&template.name, "uploaded");
        state.templates.push(template);
    }
    let (at, object) = first.ok_or_else(|| Refusal::bad("there is no file"))?;
    Ok(Done::Created { at: Some(at), object })
}
