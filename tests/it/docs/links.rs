//! Links: that what a page points to is there: pages, their headings, folders and files of the source.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::page::{Page, all, page};
use crate::harness::root;

/// Where a link to the repository on the web leads in this checkout.
const WEB: &str = "https://github.com/provost/provost/blob/main/";

/// The pages that a newcomer starts from.
const START: &str = "README.md";

/// The file that a link means, in the repository, and its anchor. None for what is elsewhere.
fn target(from: &str, link: &str) -> Option<(PathBuf, String)> {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let path = match path.strip_prefix(WEB) {
        Some(path) => PathBuf::from(path),
        None if link.contains("://") || link.starts_with("mailto:") => return None,
        None if path.is_empty() => PathBuf::from(from),
        None => Path::new(from).parent().unwrap_or(Path::new("")).join(path),
    };
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if clean.pop() => {}
            Component::CurDir => {}
            part => clean.push(part),
        }
    }
    Some((clean, anchor.to_owned()))
}

/// The links of a page that lead nowhere.
fn broken(from: &Page, pages: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut told = Vec::new();
    for (line, link) in from.links() {
        let Some((path, anchor)) = target(&from.path, &link) else { continue };
        let place = format!("{}:{line}: `{link}`", from.path);
        let own = (path == Path::new(&from.path)).then(|| from.anchors());
        match own.as_ref().or_else(|| pages.get(path.to_str().unwrap_or_default())) {
            _ if own.is_none() && !root().join(&path).exists() => {
                told.push(format!("{place} leads to {}, which is not there", path.display()));
            }
            Some(anchors) if !anchor.is_empty() && !anchors.contains(&anchor) => {
                told.push(format!("{place}: {} has no heading with this anchor", path.display()));
            }
            _ => {}
        }
    }
    told
}

#[test]
fn links_lead_somewhere() {
    let pages = all();
    let anchors: BTreeMap<_, _> = pages.iter().map(|page| (page.path.clone(), page.anchors())).collect();
    let broken: Vec<_> = pages.iter().flat_map(|page| broken(page, &anchors)).collect();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn every_page_is_reached_from_the_first_one() {
    let pages: BTreeMap<_, _> = all().into_iter().map(|page| (page.path.clone(), page)).collect();
    let (mut reached, mut next) = (BTreeSet::new(), vec![START.to_owned()]);
    while let Some(path) = next.pop() {
        let Some(page) = pages.get(&path) else { continue };
        if reached.insert(path) {
            let targets = page.links().into_iter().filter_map(|(_, link)| target(&page.path, &link));
            next.extend(targets.filter_map(|(path, _)| path.to_str().map(str::to_owned)));
        }
    }
    let lost: Vec<_> = pages.keys().filter(|path| !reached.contains(*path)).collect();
    assert!(lost.is_empty(), "no chain of links leads from {START} to {lost:?}; docs/README.md lists the pages");
}

#[test]
fn planted_defects_are_found() {
    let anchors = BTreeMap::from([("docs/kinds.md".to_owned(), BTreeSet::from(["reasons".to_owned()]))]);
    let told = |text: &str| broken(&page(text), &anchors).len();
    let good = "# Here\n[a](kinds.md#reasons) [b](../src/kinds.rs) [c](#here) [d](https://example.com/x) [e](../deploy/examples)";
    assert_eq!(told(good), 0);
    assert_eq!(told("[a](kinds.md#treasons)"), 1);
    assert_eq!(told("[a](kinds.rs)"), 1);
    assert_eq!(told("[a](../../kinds.md)"), 1);
    assert_eq!(told("[a](#elsewhere)"), 1);
    assert_eq!(told(&format!("[a]({WEB}docs/no.md)")), 1);
}
