//! What is in deploy/ for those who do not use Helm: it is the chart, and kustomize makes of it what they need.

use std::process::Command;

use crate::harness::{kubectl, namespace, root, scratch};
use crate::stage::client_with_kinds;

#[test]
fn the_manifests_are_the_chart_with_its_default_values() {
    let rendered = Command::new(root().join("deploy/render.sh")).output().unwrap();
    let complaint = String::from_utf8_lossy(&rendered.stderr);
    assert!(rendered.status.success(), "{complaint}");
    let stored = std::fs::read(root().join("deploy/install.yaml")).unwrap();
    assert!(stored == rendered.stdout, "run `make generate` and commit deploy/install.yaml");
}

/// A user's own kustomization over the base.
#[tokio::test]
async fn kustomize_changes_image_namespace_and_replicas() {
    let client = client_with_kinds().await;
    let namespace = namespace(&client).await;
    let folder = scratch("kustomize-");
    let base = folder.path().join("base");
    std::fs::create_dir(&base).unwrap();
    for file in ["kustomization.yaml", "install.yaml"] {
        std::fs::copy(root().join("deploy").join(file), base.join(file)).unwrap();
    }
    let overlay = folder.path().join("overlay");
    std::fs::create_dir(&overlay).unwrap();
    let text = format!(
        "namespace: {namespace}\nresources: [../base]\nimages: [{{name: ghcr.io/provost/provost, newName: registry.example.com/p, newTag: \
         x1}}]\nreplicas: [{{name: provost, count: 3}}]\n"
    );
    std::fs::write(overlay.join("kustomization.yaml"), text).unwrap();
    let built = kubectl(&["kustomize", overlay.to_str().unwrap()], "").await.ok();
    for (what, times) in
        [("image: registry.example.com/p:x1", 1), ("replicas: 3", 1), ("provost-system", 0), ("ghcr.io", 0)]
    {
        assert_eq!(built.matches(what).count(), times, "{what}");
    }
    // Every object is as the API server wants it. It warns of nothing, and it makes nothing.
    let arguments =
        ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--warnings-as-errors", "-f", "-"];
    let told = kubectl(&arguments, &built).await.ok();
    assert_eq!(told.lines().count(), built.matches("\nkind: ").count(), "{told}");
}

/// `docker build` sees no more of the repository than .dockerignore lets through.
#[test]
fn the_image_is_built_from_all_that_the_program_takes_in() {
    let ignored = std::fs::read_to_string(root().join(".dockerignore")).unwrap();
    let kept = ignored.lines().filter_map(|line| line.strip_prefix('!'));
    let sent: Vec<_> = kept.map(|path| root().join(path).canonicalize().unwrap()).collect();
    let (mut folders, mut taken) = (vec![root().join("src")], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for argument in text.split("include_str!(\"").skip(1) {
                let named = path.parent().unwrap().join(argument.split('"').next().unwrap());
                let named = named.canonicalize().unwrap();
                assert!(
                    sent.iter().any(|sent| named.starts_with(sent)),
                    "{}: .dockerignore keeps it out",
                    named.display()
                );
                taken += 1;
            }
        }
    }
    assert!(taken > 0);
}
