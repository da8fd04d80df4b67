//! Names: what the object of an external one is called in Kubernetes, made of what people call it at the vendor. The same listing always has
//! the same names.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest;

/// The most letters that a name takes from what people call it.
const LONGEST: usize = 50;

/// A name for each of these external objects of one kind, given what people call it and its id: unique among them, none of `taken`, and a DNS
/// label. Those that would have one name, or none, have a digest of their ids at the end.
pub fn names(kind: &str, objects: &[(&str, &str)], taken: &BTreeSet<String>) -> Vec<String> {
    let labels: Vec<String> = objects.iter().map(|(title, _)| label(title)).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    labels.iter().for_each(|label| *counts.entry(label).or_default() += 1);
    let alone = |label: &str| !label.is_empty() && counts.get(label) == Some(&1) && !taken.contains(label);
    let mut used: BTreeSet<String> = taken.clone();
    used.extend(labels.iter().filter(|label| alone(label)).cloned());
    let name = |(label, (_, id)): (&String, &(&str, &str))| {
        if alone(label) {
            return label.clone();
        }
        let stem = if label.is_empty() { kind.to_lowercase() } else { label.clone() };
        let digest = hex(id);
        // Twice as long where the short one does not do.
        let mut name = format!("{stem}-{}", &digest[..8]);
        if !used.insert(name.clone()) {
            name = format!("{stem}-{}", &digest[..12]);
            used.insert(name.clone());
        }
        name
    };
    labels.iter().zip(objects).map(name).collect()
}

fn hex(id: &str) -> String {
    digest::digest(&digest::SHA256, id.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What of a text can stand in a name: its letters and digits, with a dash for whatever is between them.
fn label(title: &str) -> String {
    let mut label = String::new();
    for letter in title.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            label.push(letter);
        } else if !label.is_empty() && !label.ends_with('-') {
            label.push('-');
        }
        if label.len() == LONGEST {
            break;
        }
    }
    label.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(objects: &[(&str, &str)]) -> Vec<String> {
        names("Tool", objects, &BTreeSet::from(["kept".to_owned()]))
    }

    #[test]
    fn names_are_labels_and_tell_what_is_alike_apart() {
        let all = named(&[
            ("General Company, Ltd.", "1"),
            ("Straße 7", "2"),
            ("a_b", "3"),
            ("A b!", "4"),
            ("東京", "5"),
            ("", "6"),
            ("kept", "7"),
            (&"x".repeat(80), "8"),
        ]);
        assert_eq!(&all[..2], ["general-company-ltd", "stra-e-7"]);
        assert!(all[2].starts_with("a-b-") && all[3].starts_with("a-b-"), "{all:?}");
        assert!(all[4].starts_with("tool-") && all[5].starts_with("tool-") && all[6].starts_with("kept-"), "{all:?}");
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        let is_label = |name: &String| {
            let inner = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            inner && name.len() <= 63 && !name.starts_with('-') && !name.ends_with('-')
        };
        assert!(all.iter().all(is_label), "{all:?}");
    }

    /// Neither of two that are alike depends on the other one's place.
    #[test]
    fn names_do_not_depend_on_the_order() {
        let (one, other) = (named(&[("a_b", "3"), ("A b", "4")]), named(&[("A b", "4"), ("a_b", "3")]));
        assert_eq!((&one[0], &one[1]), (&other[1], &other[0]));
    }
}
