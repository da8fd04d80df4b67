//! The page of the chart: written by hand but for its table of values, which is what stands above each in values.yaml.

use std::fmt::Write;

use serde_json::Value as Json;

use super::HEAD;
use crate::cli::Failure;

const PAGE: &str = include_str!("chart.md");
const VALUES: &str = include_str!("../../../charts/provost/values.yaml");

pub(super) fn readme() -> Result<String, Failure> {
    let defaults: Json = serde_yaml::from_str(VALUES)?;
    let mut table = String::new();
    for entry in entries(VALUES) {
        match entry {
            Entry::Section(title) => {
                writeln!(table, "\n### {title}\n\n| value | meaning | default |\n| --- | --- | --- |")?;
            }
            Entry::Value { path, meaning } => {
                let default = at(&defaults, &path).cloned().unwrap_or_default();
                writeln!(table, "| `{path}` | {} | `{default}` |", meaning.replace('|', "\\|"))?;
            }
        }
    }
    Ok(PAGE.replace("<!-- head -->", &format!("<!-- {HEAD} -->")).replace("<!-- values -->\n", table.trim_start()))
}

fn at<'a>(values: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.').try_fold(values, |value, key| value.get(key))
}

#[derive(Debug, PartialEq)]
enum Entry {
    Section(String),
    Value { path: String, meaning: String },
}

/// What the comments say: `##` is a section, `#` above a key is its meaning. A key without one is described by those below or above it.
fn entries(text: &str) -> Vec<Entry> {
    let (mut found, mut comment, mut above) = (Vec::new(), Vec::new(), Vec::<(usize, &str)>::new());
    for line in text.lines() {
        let inner = line.trim_start();
        if let Some(title) = inner.strip_prefix("## ") {
            found.push(Entry::Section(title.to_owned()));
        } else if let Some(words) = inner.strip_prefix("# ") {
            comment.push(words);
        } else if let Some((key, _)) = inner.split_once(':').filter(|_| !inner.starts_with('-')) {
            let depth = line.len() - inner.len();
            above.retain(|(other, _)| *other < depth);
            above.push((depth, key));
            if !comment.is_empty() {
                let path: Vec<&str> = above.iter().map(|(_, key)| *key).collect();
                found.push(Entry::Value { path: path.join("."), meaning: comment.join(" ") });
            }
            comment.clear();
        } else if inner.is_empty() {
            comment.clear();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_belongs_to_the_key_below_it() {
        let text = "# Of the file.\n\n## One\n\na:\n  # First\n  # line.\n  b: 1\n  c:\n    # Deep.\n    d: \"\"\n# List.\ne:\n  - f: 1\n";
        let value = |path: &str, meaning: &str| Entry::Value { path: path.to_owned(), meaning: meaning.to_owned() };
        let expected = [
            Entry::Section("One".to_owned()),
            value("a.b", "First line."),
            value("a.c.d", "Deep."),
            value("e", "List."),
        ];
        assert_eq!(entries(text), expected);
    }

    /// The paths of all values, of which none is below another.
    fn leaves(values: &Json, path: &str, found: &mut Vec<String>) {
        match values.as_object().filter(|fields| !fields.is_empty()) {
            Some(fields) => fields.iter().for_each(|(key, value)| leaves(value, &format!("{path}.{key}"), found)),
            None => found.push(path.trim_start_matches('.').to_owned()),
        }
    }

    #[test]
    fn every_value_has_a_meaning() {
        let mut paths = Vec::new();
        leaves(&serde_yaml::from_str(VALUES).unwrap(), "", &mut paths);
        assert!(paths.len() > 80, "{paths:?}");
        let told: Vec<String> = entries(VALUES)
            .into_iter()
            .filter_map(|entry| match entry {
                Entry::Value { path, .. } => Some(path),
                Entry::Section(_) => None,
            })
            .collect();
        paths.retain(|path| !told.iter().any(|told| path == told || path.starts_with(&format!("{told}."))));
        assert!(paths.is_empty(), "no comment above {paths:?}");
    }

    #[test]
    fn the_schema_knows_every_value() {
        let schema: Json = serde_json::from_str(include_str!("../../../charts/provost/values.schema.json")).unwrap();
        for entry in entries(VALUES) {
            let Entry::Value { path, .. } = entry else { continue };
            let mut place = &schema;
            for key in path.split('.') {
                if let Some(name) = place["$ref"].as_str() {
                    place = &schema["definitions"][name.trim_start_matches("#/definitions/")];
                }
                assert_eq!(
                    place["additionalProperties"], false,
                    "{path}: a misspelt value beside {key} would be taken"
                );
                place = &place["properties"][key];
                assert!(place.is_object(), "{path}: values.schema.json does not know {key}");
            }
        }
    }

    #[test]
    fn the_chart_has_the_version_of_the_program() {
        let chart: Json = serde_yaml::from_str(include_str!("../../../charts/provost/Chart.yaml")).unwrap();
        assert_eq!(
            (&chart["version"], &chart["appVersion"]),
            (&env!("CARGO_PKG_VERSION").into(), &env!("CARGO_PKG_VERSION").into())
        );
    }
}
