//! What people write into annotations and policies is read as something harmless, whatever it is.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::config;
use crate::engine::announcement::Announcement;
use crate::engine::policy::{Deletion, Management, PAUSED, Policy, effective};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_announcement_comes_back_whatever_a_step_returned(attempt in "[0-9a-f]{12}\\.[0-9]{1,3}", recorded in any::<Option<String>>()) {
        let announcement = Announcement { attempt, recorded };
        prop_assert_eq!(Announcement::read(&announcement.text()), announcement);
    }

    #[test]
    fn any_annotation_is_an_announcement(text in any::<String>()) {
        let read = Announcement::read(&text);
        prop_assert!(text.starts_with(&read.attempt));
        prop_assert!(read.recorded.is_some() == text.contains(' '));
    }

    #[test]
    fn words_that_nobody_knows_are_harmless(words in prop::array::uniform4("[A-Za-z]{0,9}"), paused in any::<Option<String>>()) {
        let [management, adoption, drift, deletion] = words;
        let policy = json!({"management": management, "adoption": adoption, "drift": drift, "deletion": deletion});
        let policy: Policy = serde_json::from_value(policy).unwrap();
        let annotations: BTreeMap<String, String> = paused.iter().map(|word| (PAUSED.to_owned(), word.clone())).collect();
        let read = effective(&policy, &annotations, &[Deletion::Delete, Deletion::Disable, Deletion::Orphan]);
        prop_assert!(["Enforce", "Plan"].contains(&management.as_str()) || read.management == Management::Observe);
        prop_assert!(read.management != Management::Observe || read.deletion == Deletion::Orphan);
        prop_assert_eq!(read.adopt, adoption == "IfExists");
        prop_assert_eq!(read.correct_drift, drift == "Correct");
        prop_assert!(["Delete", "Disable"].contains(&deletion.as_str()) || read.deletion == Deletion::Orphan);
        prop_assert_eq!(read.paused, paused.as_deref() == Some("true"));
    }
}
