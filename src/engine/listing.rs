//! Listing: what there is at a vendor, each external object with the spec that would keep it as it is. What `provost export` is made of.

use serde_json::{Map, Value as Json};

use crate::base::fault::Fault;

/// What a kind lists: whole, or with its gaps named.
#[derive(Debug, Default)]
pub struct Listing {
    /// The external objects, in any order.
    pub objects: Vec<Listed>,
    /// Places that could not be looked into, each with the reason, such as a portal that is stopped. Everything else was listed whole: a list
    /// that may be cut is a [`Fault`], and no listing.
    pub gaps: Vec<String>,
}

/// One external object as a list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The vendor's id, as `provost.dev/external-id` wants it.
    pub external_id: String,
    /// What people call it; the name of the object that is to keep it is made of this.
    pub title: String,
    /// The fields of the spec that can be read, without `adminApi` and `policy`. No secret, and nothing that may hold one.
    pub spec: Map<String, Json>,
    /// What else to know, in a sentence each: what is there and is not in the spec, for instance.
    pub remarks: Vec<String>,
    /// The ids in the spec for which objects can be named instead.
    pub references: Vec<Reference>,
    /// Why no object can keep it, with the way out where there is one, after "it is left out, because".
    pub left_out: Option<String>,
}

/// An id in a spec for which the spec can name a managed object instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The JSON pointer, in the spec, of the object that has the two fields; empty for the spec itself.
    pub at: String,
    /// The field that has the id.
    pub by_id: &'static str,
    /// The field that takes its place, and has the object's name: `{name: …}`.
    pub by_name: &'static str,
    /// The kind that is named.
    pub kind: &'static str,
    /// The vendor's id of what is meant.
    pub external_id: String,
}

impl Listed {
    /// An external object with the fields of this JSON object; those that are null or blank are left out.
    pub fn new(external_id: impl Into<String>, title: impl Into<String>, spec: Json) -> Self {
        let fields = match spec {
            Json::Object(fields) => fields,
            _ => Map::new(),
        };
        Self {
            external_id: external_id.into(),
            title: title.into(),
            spec: fields.into_iter().filter(|(_, value)| !value.is_null() && *value != "").collect(),
            remarks: Vec::new(),
            references: Vec::new(),
            left_out: None,
        }
    }

    /// The same with a remark, if there is one to make.
    #[must_use]
    pub fn remarked(mut self, remark: Option<String>) -> Self {
        self.remarks.extend(remark);
        self
    }

    /// The same with a reference.
    #[must_use]
    pub fn referring(mut self, reference: Reference) -> Self {
        self.references.push(reference);
        self
    }

    /// The same, left out for this reason, if there is one.
    #[must_use]
    pub fn left_out(mut self, why: Option<String>) -> Self {
        self.left_out = self.left_out.or(why);
        self
    }
}

impl Listing {
    /// A listing without gaps.
    pub fn whole(objects: impl IntoIterator<Item = Listed>) -> Self {
        Self { objects: objects.into_iter().collect(), gaps: Vec::new() }
    }

    /// Adds what was found at one place, or that it could not be looked into: `place` says which, such as `the portal sales`.
    pub fn add(&mut self, place: &str, found: Result<Vec<Listed>, Fault>) {
        match found {
            Ok(objects) => self.objects.extend(objects),
            Err(fault) => self.gaps.push(format!("{place}: {fault}")),
        }
    }
}
