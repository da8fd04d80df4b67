//! Build: makes manifests of what was listed: named, referring to each other, as the API server takes them, and harmless to apply.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value as Json, json};

use super::Management;
use super::fit::Form;
use super::name::names;
use super::owners::Owners;
use crate::engine::kind::{Listed, Reference};
use crate::engine::policy::EXTERNAL_ID;
use crate::engine::registry::KindRow;
use crate::engine::state::Access;

/// What all manifests have in common.
pub struct Ground<'a> {
    /// Namespace and name of the AdminApi. The objects are in the same namespace.
    pub admin_api: (String, String),
    /// Whether they say which namespace that is.
    pub with_namespace: bool,
    /// What the policy says.
    pub management: Management,
    /// What is managed already.
    pub owners: &'a Owners,
}

/// An external object with the manifest that would keep it.
pub struct Exported {
    /// Its kind.
    pub row: &'static KindRow,
    /// The vendor's id.
    pub external_id: String,
    /// The natural key in words.
    pub natural_key: String,
    /// The name of the object.
    pub name: String,
    /// The manifest.
    pub object: Json,
    /// What else to know.
    pub remarks: Vec<String>,
}

/// An external object for which there is no manifest.
pub struct LeftOut {
    /// Its kind.
    pub kind: &'static str,
    /// The vendor's id.
    pub external_id: String,
    /// What people call it.
    pub title: String,
    /// Why.
    pub why: String,
}

/// All that there is.
#[derive(Default)]
pub struct Built {
    /// What has a manifest; what others refer to comes first.
    pub exported: Vec<Exported>,
    /// What has none.
    pub left_out: Vec<LeftOut>,
    /// How many objects of each kind are managed already.
    pub managed: BTreeMap<&'static str, usize>,
    /// The names of objects, by kind and external id.
    known: HashMap<(&'static str, String), String>,
}

impl Built {
    /// Adds what a kind listed. Kinds that others refer to come first.
    pub fn add(&mut self, ground: &Ground<'_>, row: &'static KindRow, mut listed: Vec<Listed>) {
        listed.sort_by(|one, other| (&one.title, &one.external_id).cmp(&(&other.title, &other.external_id)));
        let mut wanted = Vec::new();
        for listed in listed {
            match (ground.owners.of(row.kind, &listed.external_id), &listed.left_out) {
                (Some(owner), _) => {
                    *self.managed.entry(row.kind).or_default() += 1;
                    if owner.namespace == ground.admin_api.0 {
                        self.known.insert((row.kind, listed.external_id), owner.name.clone());
                    }
                }
                (None, Some(why)) => self.leave_out(row, &listed, why.clone()),
                (None, None) => wanted.push(listed),
            }
        }
        let titles: Vec<(&str, &str)> =
            wanted.iter().map(|listed| (listed.title.as_str(), listed.external_id.as_str())).collect();
        let named = names(row.kind, &titles, &ground.owners.names(row.kind, &ground.admin_api.0));
        let (form, mut keys) = (Form::of(row), BTreeSet::new());
        for (listed, name) in wanted.iter().zip(named) {
            match self.make(ground, &form, row, listed, name) {
                Err(why) => self.leave_out(row, listed, why),
                Ok(made) if !keys.insert(made.natural_key.clone()) => {
                    let why = format!(
                        "another one has the same {}, and only one object can keep that; make them differ at the vendor",
                        made.natural_key
                    );
                    self.leave_out(row, listed, why);
                }
                Ok(made) => {
                    self.known.insert((row.kind, made.external_id.clone()), made.name.clone());
                    self.exported.push(made);
                }
            }
        }
    }

    fn leave_out(&mut self, row: &KindRow, listed: &Listed, why: String) {
        let (external_id, title) = (listed.external_id.clone(), listed.title.clone());
        self.left_out.push(LeftOut { kind: row.kind, external_id, title, why });
    }

    fn make(
        &self,
        ground: &Ground<'_>,
        form: &Form,
        row: &'static KindRow,
        listed: &Listed,
        name: String,
    ) -> Result<Exported, String> {
        let mut spec = Json::Object(listed.spec.clone());
        listed.references.iter().for_each(|reference| self.refer(&mut spec, reference));
        spec["adminApi"] = json!({"name": ground.admin_api.1});
        // Nothing that was there before goes because an object does.
        spec["policy"] = json!({"management": ground.management.word(), "deletion": "Orphan"});
        let mut object = json!({
            "apiVersion": form.api_version(), "kind": row.kind, "spec": spec,
            "metadata": {"name": name, "annotations": {EXTERNAL_ID: listed.external_id}},
        });
        if ground.with_namespace {
            object["metadata"]["namespace"] = ground.admin_api.0.clone().into();
        }
        let fitted = form.fit(&mut object)?;
        let mut remarks = fitted.without;
        remarks.extend(listed.remarks.clone());
        remarks.extend(unread(row, &object["spec"]));
        let (external_id, natural_key) = (listed.external_id.clone(), fitted.natural_key);
        Ok(Exported { row, external_id, natural_key, name, object, remarks })
    }

    /// Has the spec name an object in the place of an id, where there is one.
    fn refer(&self, spec: &mut Json, reference: &Reference) {
        let known = self.known.get(&(reference.kind, reference.external_id.clone()));
        let holder = spec.pointer_mut(&reference.at).and_then(Json::as_object_mut);
        if let (Some(name), Some(holder)) = (known, holder) {
            holder.remove(reference.by_id);
            holder.insert(reference.by_name.to_owned(), json!({"name": name}));
        }
    }
}

/// What a spec does not say because the vendor never shows it.
fn unread(row: &KindRow, spec: &Json) -> Option<String> {
    let hidden = row.fields.iter().filter(|field| matches!(field.access, Access::WriteOnly | Access::CreateOnly));
    let paths = hidden.map(|field| field.path.trim_end_matches(".*"));
    let is_said = |path: &&str| spec.pointer(&format!("/{}", path.replace('.', "/"))).is_some();
    let mut paths: Vec<&str> = paths.filter(|path| !is_said(path)).collect();
    paths.sort_unstable();
    paths.dedup();
    (!paths.is_empty()).then(|| format!("never shown by the vendor, and not managed: {}", paths.join(", ")))
}
