//! Text: the report for people, and what they can do.

use anstyle::{AnsiColor, Style};
use comfy_table::Table;
use comfy_table::presets::NOTHING;

use super::report::{AdminApiEntry, Count, Report, Told};

/// Lines that are shown of what can be as many as there are objects.
const MOST: usize = 20;

const GREEN: Style = AnsiColor::Green.on_default().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const STRONG: Style = Style::new().bold();

const COLUMNS: [&str; 9] =
    ["NAMESPACE", "KIND", "OBJECTS", "DELETE", "SWITCH-OFF", "LEAVE", "NOTHING", "WAIT", "FINALIZER"];

const LEGEND: &str = "\
DELETE, SWITCH-OFF, LEAVE, NOTHING: what is done at the vendor when these objects are deleted while Provost runs; of those, WAIT for
the end of a pause, an approval, or a correction of the object. FINALIZER: their deletion hangs once Provost is gone.
";

/// The whole report.
pub fn render(report: &Report) -> String {
    let mut text = format!("Looked at {}.\n", place(report));
    if report.objects.is_empty() && report.admin_apis.is_empty() {
        text.push_str("There is no managed object and no AdminApi.\n");
    }
    objects(&mut text, report);
    admin_apis(&mut text, &report.admin_apis);
    let going = report.objects.iter().filter(|object| object.deleting.is_some()).map(going);
    let going_apis = report.admin_apis.iter().filter(|api| api.deleting || api.held.is_some()).map(going_api);
    list(&mut text, "Deletions that are not finished", going.chain(going_apis).collect());
    let secrets = report.objects.iter().filter_map(|object| {
        let Told { kind, namespace, name, .. } = object;
        Some(format!("{namespace}/{}, of the {kind} {name}", object.publishes.as_ref()?))
    });
    list(&mut text, "Secrets with connection details, which go with their objects", secrets.collect());
    if !report.missing.is_empty() {
        heading(&mut text, STRONG, &format!("Not installed: {}", report.missing.join(", ")));
    }
    verdict(&mut text, report);
    text
}

fn place(report: &Report) -> String {
    match report.namespaces.as_deref() {
        None => "all namespaces".to_owned(),
        Some([one]) => format!("the namespace {one}"),
        Some(several) => format!("the namespaces {}", several.join(", ")),
    }
}

fn heading(text: &mut String, style: Style, words: &str) {
    text.push_str(&format!("\n{style}{words}{style:#}\n"));
}

fn objects(text: &mut String, report: &Report) {
    if report.objects.is_empty() {
        return;
    }
    heading(text, STRONG, &format!("Managed objects: {}", report.objects.len()));
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(COLUMNS);
    let row = |namespace: &str, kind: &str, count: &Count| {
        let Count { objects, deleted, disabled, left, nothing, waiting, finalizers } = count;
        let numbers = [objects, deleted, disabled, left, nothing, waiting, finalizers].map(ToString::to_string);
        [namespace.to_owned(), kind.to_owned()].into_iter().chain(numbers).collect::<Vec<_>>()
    };
    table.add_rows(report.counts().iter().map(|((namespace, kind), count)| row(namespace, kind, count)));
    text.push_str(&format!("{}\n{LEGEND}", table.trim_fmt()));
}

fn admin_apis(text: &mut String, apis: &[AdminApiEntry]) {
    if apis.is_empty() {
        return;
    }
    heading(text, STRONG, &format!("AdminApis: {}", apis.len()));
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["NAMESPACE", "NAME", "VENDOR", "OBJECTS", "FINALIZER"]);
    table.add_rows(apis.iter().map(|api| {
        let vendor = api.vendor.as_deref().unwrap_or("-");
        let finalizer = if api.finalizer { "yes" } else { "no" };
        [api.namespace.as_str(), &api.name, vendor, &api.objects.to_string(), finalizer].map(str::to_owned)
    }));
    text.push_str(&format!("{}\n", table.trim_fmt()));
}

fn going(object: &Told) -> String {
    let Told { kind, namespace, name, deleting, finalizer, .. } = object;
    let why = deleting.as_ref().map(|deleting| match deleting.reason.as_str() {
        "" if *finalizer => "no operator has looked at it yet".to_owned(),
        "" => "somebody else's finalizer keeps it".to_owned(),
        reason => format!("{reason}: {}", deleting.message),
    });
    format!("{kind} {namespace}/{name}: {}", why.unwrap_or_default())
}

fn going_api(api: &AdminApiEntry) -> String {
    let why = api.held.as_deref().unwrap_or("it is being deleted, and stays while objects use it");
    format!("AdminApi {}/{}: {why}", api.namespace, api.name)
}

fn list(text: &mut String, words: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    heading(text, STRONG, &format!("{words}: {}", lines.len()));
    for line in lines.iter().take(MOST) {
        text.push_str(&format!("  {line}\n"));
    }
    if lines.len() > MOST {
        text.push_str(&format!("  and {} more; -o json has all\n", lines.len() - MOST));
    }
}

fn verdict(text: &mut String, report: &Report) {
    let nothing = report.objects.is_empty() && report.admin_apis.iter().all(|api| !api.finalizer);
    if report.safe {
        let words = match nothing {
            true => "Nothing is lost by uninstalling Provost.",
            false => "Provost may be uninstalled: what is left behind is allowed.",
        };
        heading(text, GREEN, words);
    } else {
        let words = report.refused.join(" and ");
        heading(text, RED, &format!("Provost should not be uninstalled: there are {words} that would be left behind."));
    }
    if nothing {
        return;
    }
    text.push_str(&outcome(report));
    if !report.safe {
        text.push_str(&ways_out(report));
    }
}

fn outcome(report: &Report) -> String {
    let total = report.total();
    let hanging = total.finalizers + report.admin_apis.iter().filter(|api| api.finalizer).count();
    let mut text = "
If it is uninstalled now, everything at the vendors stays as it is, and so do the objects, as long as their definitions do: the chart
keeps those (crds.keep). Nobody corrects, creates, renews or reports anything any more.
"
    .to_owned();
    if hanging > 0 {
        text.push_str(&format!(
            "What is deleted after that hangs, as do its namespace and its definition: {hanging} {} a finalizer that only Provost removes.\n",
            if hanging == 1 { "object has" } else { "objects have" }
        ));
    }
    text.push_str(
        "If a definition or a whole namespace is deleted while Provost runs, its objects are let go and nothing is done at the vendors.\n",
    );
    text
}

fn ways_out(report: &Report) -> String {
    let mut ways = Vec::new();
    if report.refused.contains(&"objects") {
        let removed = report.objects.iter().any(|object| object.deleting.is_none());
        ways.push(
            "To install it again later, or elsewhere on this cluster: allow that the objects stay (--allow objects). They keep the vendors' \
             ids, and the next installation goes on with them. Keep the Secret provost-fingerprint-key, too: without it passwords are sent \
             anew. With the chart: helm upgrade --reset-then-reuse-values --set 'uninstallCheck.allow={objects}', then helm uninstall. After a refusal, \
             which leaves the release half gone for helm, first helm rollback to the last revision of helm history; or helm uninstall \
             --no-hooks, which asks nothing.",
        );
        if removed {
            ways.push(
                "To be rid of the objects and leave the vendors' side as it is: set spec.policy.deletion: Orphan in each, then delete them \
                 while Provost runs; or delete the definitions while Provost runs, which lets go of all.",
            );
            ways.push(
                "To have it cleared up at the vendors as the table says: delete the objects while Provost runs, and then the AdminApis. Keep \
                 a copy: kubectl get provost --all-namespaces -o yaml.",
            );
        }
    }
    if report.refused.contains(&"deletions") {
        ways.push(
            "To end the deletions: see to what each of them says. The annotation provost.dev/abandon: <uid of the object> lets go of one and \
             leaves the vendor's side alone; provost.dev/acknowledge-deletions at the AdminApi lets go what its guard holds. Or allow that \
             they wait for another installation (--allow deletions).",
        );
    }
    ways.push("To have Provost stay and write nothing for a while: set the annotation provost.dev/paused: \"true\".");
    let lines = ways.iter().enumerate().map(|(at, way)| format!("  {}. {way}\n", at + 1));
    format!("\nWhat you can do:\n{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::uninstall_check::report::{Deleting, Effect};

    fn object(name: &str, deleting: Option<&str>) -> Told {
        let deleting = deleting.map(|reason| Deleting { reason: reason.to_owned(), message: "see to it".to_owned() });
        Told {
            kind: "TenantAccount",
            namespace: "team".to_owned(),
            name: name.to_owned(),
            external_id: Some("7".to_owned()),
            on_deletion: Effect::Disable,
            waits: None,
            finalizer: true,
            publishes: Some(format!("{name}-connection")),
            deleting,
        }
    }

    fn report(objects: Vec<Told>, refused: Vec<&'static str>) -> Report {
        let (admin_apis, missing) = (Vec::new(), Vec::new());
        Report { version: 1, safe: refused.is_empty(), refused, namespaces: None, objects, admin_apis, missing }
    }

    fn shown(report: &Report) -> String {
        anstream::adapter::strip_str(&render(report)).to_string()
    }

    #[test]
    fn an_empty_cluster_loses_nothing() {
        let told = shown(&report(Vec::new(), Vec::new()));
        assert!(told.contains("no managed object") && told.contains("Nothing is lost"), "{told}");
        assert!(!told.contains("What you can do"), "{told}");
    }

    #[test]
    fn what_would_be_left_is_counted_and_has_ways_out() {
        let told =
            shown(&report(vec![object("a", None), object("b", Some("DeletionHeld"))], vec!["objects", "deletions"]));
        for part in [
            "team       TenantAccount  2        0       2           0      0        0     2",
            "TenantAccount team/b: DeletionHeld: see to it",
            "team/a-connection, of the TenantAccount a",
            "there are objects and deletions that would be left behind",
            "2 objects have a finalizer",
            "--allow objects",
            "provost.dev/abandon",
            "deletion: Orphan",
        ] {
            assert!(told.contains(part), "{part:?} is missing in:\n{told}");
        }
    }

    #[test]
    fn what_is_allowed_is_told_without_advice() {
        let told = shown(&report(vec![object("a", None)], Vec::new()));
        assert!(told.contains("may be uninstalled") && told.contains("1 object has a finalizer"), "{told}");
        assert!(!told.contains("What you can do"), "{told}");
    }

    #[test]
    fn a_long_list_is_cut_and_says_so() {
        let objects = (0..25).map(|number| object(&format!("a{number}"), None)).collect();
        let told = shown(&report(objects, vec!["objects"]));
        assert!(told.contains("go with their objects: 25") && told.contains("and 5 more"), "{told}");
    }
}
