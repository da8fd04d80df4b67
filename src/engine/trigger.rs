//! Trigger: what about an object is news, so that our own writes of status, ids and announcements bring nobody back. Pure.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use kube::ResourceExt;

use super::policy::{EXTERNAL_ID, PENDING_CREATE};

/// The prefix of the annotations that people steer us with.
const STEERING: &str = "provost.dev/";

/// Uid, generation, deletion and the annotations that people steer us with, as digests: one of these is kept for each object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trigger {
    rest: u64,
    external_id: u64,
}

/// Makes triggers that can be compared with each other. The key of the digests is this value's own, so that nobody can make two alike.
#[derive(Default)]
pub struct Digests(RandomState);

impl Digests {
    /// The trigger of an object as it is.
    pub fn of(&self, object: &impl ResourceExt) -> Trigger {
        let meta = object.meta();
        let steering = |name: &str| name.starts_with(STEERING) && ![EXTERNAL_ID, PENDING_CREATE].contains(&name);
        let mut rest = self.0.build_hasher();
        (&meta.uid, meta.generation, meta.deletion_timestamp.is_some()).hash(&mut rest);
        object.annotations().iter().filter(|(name, _)| steering(name)).for_each(|pair| pair.hash(&mut rest));
        let id = object.annotations().get(EXTERNAL_ID).map(String::as_str);
        Trigger { rest: rest.finish(), external_id: self.0.hash_one(id) }
    }

    /// Makes an id that we recorded ourselves no news.
    pub fn note(&self, trigger: &mut Trigger, external_id: &str) {
        trigger.external_id = self.0.hash_one(Some(external_id));
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use serde_json::json;

    use super::*;

    fn object(annotations: serde_json::Value) -> ConfigMap {
        let metadata = json!({
            "name": "a", "uid": "u", "generation": 1, "creationTimestamp": "2026-11-22T00:00:00Z", "annotations": annotations,
        });
        serde_json::from_value(json!({"metadata": metadata})).expect("an object")
    }

    #[test]
    fn what_we_write_ourselves_is_no_news() {
        let digests = Digests::default();
        let mut known = digests.of(&object(json!({"mine": "1"})));
        let announced = object(json!({"mine": "2", "provost.dev/pending-create": "x.0"}));
        assert_eq!(digests.of(&announced), known);
        let recorded = digests.of(&object(json!({"provost.dev/external-id": "id-1"})));
        assert_ne!(recorded, known, "an id that somebody else set is news");
        digests.note(&mut known, "id-1");
        assert_eq!(recorded, known);
    }

    #[test]
    fn what_people_change_is_news() {
        let (digests, before) = (Digests::default(), object(json!({"provost.dev/paused": "true"})));
        let changes: [fn(&mut ConfigMap); 5] = [
            |object| object.metadata.uid = Some("v".to_owned()),
            |object| object.metadata.generation = Some(2),
            |object| object.metadata.deletion_timestamp = object.metadata.creation_timestamp.clone(),
            |object| drop(object.annotations_mut().insert("provost.dev/paused".to_owned(), "false".to_owned())),
            |object| drop(object.annotations_mut().remove("provost.dev/paused")),
        ];
        for change in changes {
            let mut after = before.clone();
            change(&mut after);
            assert_ne!(digests.of(&after), digests.of(&before), "{after:?}");
        }
    }
}
