//! The health check for Argo CD, as its ConfigMap wants it: the script is written once, in deploy/argocd/health.lua.

use super::HEAD;

const CHECK: &str = include_str!("../../../deploy/argocd/health.lua");

/// The part of argocd-cm that has the check. Wildcards are for this key alone: a key of its own for each kind may have none.
pub fn config_map() -> String {
    let indented: String =
        CHECK.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("        {line}\n") }).collect();
    format!(
        "# {HEAD}\n\
         # It is merged into the ConfigMap that Argo CD has:\n\
         #   kubectl patch configmap argocd-cm -n argocd --patch-file deploy/argocd/argocd-cm.yaml\n\
         # One that has resource.customizations already gets our block into that text instead.\n\
         apiVersion: v1\n\
         kind: ConfigMap\n\
         metadata:\n  name: argocd-cm\n  namespace: argocd\n  \
         labels: {{app.kubernetes.io/name: argocd-cm, app.kubernetes.io/part-of: argocd}}\n\
         data:\n  resource.customizations: |\n    provost.dev/*:\n      health.lua: |\n{indented}"
    )
}
