//! The names in a query: as far as needed to tell whether there is such a metric, and whether it has such labels. That a query is one at all is
//! for Prometheus' own parser to say.

use std::collections::BTreeSet;

/// The names in a query.
#[derive(Debug, Default, PartialEq)]
pub struct Names {
    /// Each metric with the labels by which it is selected.
    pub metrics: Vec<(String, Vec<String>)>,
    /// The labels by which results are grouped or matched.
    pub groupings: BTreeSet<String>,
}

/// Reads a query.
pub fn names(query: &str) -> Names {
    let mut names = Names::default();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            rest = after_text(rest);
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            rest = after;
            let listed = after.trim_start();
            if ["by", "without", "on", "ignoring", "group_left", "group_right"].contains(&word) {
                if let Some((labels, after)) = listed.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
                    names.groupings.extend(labels.split(',').map(|label| label.trim().to_owned()));
                    rest = after;
                }
            } else if let Some(inner) = after.strip_prefix('{') {
                let (labels, after) = matchers(inner);
                names.metrics.push((word.to_owned(), labels));
                rest = after;
            } else if word.contains('_') && !listed.starts_with('(') {
                names.metrics.push((word.to_owned(), Vec::new()));
            }
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    names
}

/// The labels up to a closing brace, and what comes after it.
fn matchers(mut rest: &str) -> (Vec<String>, &str) {
    let mut labels = Vec::new();
    while let Some(first) = rest.chars().next() {
        if first == '}' {
            return (labels, &rest[1..]);
        }
        if first == '"' {
            rest = after_text(rest);
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            labels.push(rest[..end].to_owned());
            rest = &rest[end..];
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    (labels, rest)
}

fn after_text(text: &str) -> &str {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map_or("", |(at, _)| &text[at + 1..])
}

#[test]
fn metrics_labels_and_groupings_are_found() {
    let query = "histogram_quantile(0.9, sum by (vendor, le) (rate(a_b_bucket{access=\"rea}d\", x!~\"by (z)\"}[5m]))) > on (job) c_d or vector(0)";
    let metric =
        |name: &str, labels: &[&str]| (name.to_owned(), labels.iter().map(|label| (*label).to_owned()).collect());
    let expected = Names {
        metrics: vec![metric("a_b_bucket", &["access", "x"]), metric("c_d", &[])],
        groupings: ["vendor", "le", "job"].map(str::to_owned).into(),
    };
    assert_eq!(names(query), expected);
}
