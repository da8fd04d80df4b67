{{/* What the operator calls besides its own kinds (those are in _kinds.tpl). Each rule says what for. */}}

{{/* In its own namespace. Kubernetes cannot limit `create` to a name. */}}
{{- define "provost.rules.installation" -}}
# The key of fingerprints: made at the first start, read at each.
- apiGroups: [""]
  resources: [secrets]
  verbs: [create]
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [provost-fingerprint-key]
  verbs: [get]
{{- if .Values.leaderElection.enabled }}
# The Lease of the one that works.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ .Values.leaderElection.leaseName | quote }}]
  verbs: [get, update, watch]
{{- end }}
{{- end }}

{{/* Wherever it manages objects. */}}
{{- define "provost.rules.surroundings" -}}
# Credentials, passwords and files. All are watched, as metadata alone; read are those that an object names.
{{- if .Values.rbac.writeSecrets }}
# Written are connection details that an object publishes, and credentials that one renews.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, patch]
{{- else }}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch]
{{- end }}
# Files and certificates. Written is <AdminApi>.provost-disabled: what was switched off when its object was deleted.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, watch, create, patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}

{{/* In the cluster: whose labels an AdminApi may grant itself to, and whether a deletion came with the end of a namespace or of a kind. */}}
{{- define "provost.rules.cluster" -}}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get, list, watch]
- apiGroups: [apiextensions.k8s.io]
  resources: [customresourcedefinitions]
  verbs: [get]
{{- end }}

{{/* The same of one namespace, as far as a Role can give it: Kubernetes takes a namespace to be in itself when it is named, and not in a list. */}}
{{- define "provost.rules.namespace" -}}
- apiGroups: [""]
  resources: [namespaces]
  resourceNames: [{{ . | quote }}]
  verbs: [get]
{{- end }}
