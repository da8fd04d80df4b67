{{/* Names, labels and images that several templates share. */}}

{{- define "provost.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* A release called provost, or provost-anything, needs no second provost in its names. 40 leaves room for suffixes. */}}
{{- define "provost.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains .Chart.Name .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* The name of what is cluster-wide: two releases may have one name in two namespaces. */}}
{{- define "provost.clusterName" -}}
{{- if eq .Release.Namespace "provost-system" }}
{{- include "provost.fullname" . }}
{{- else }}
{{- printf "%s:%s" .Release.Namespace (include "provost.fullname" .) }}
{{- end }}
{{- end }}

{{- define "provost.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "provost.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* What never changes in the life of a release. */}}
{{- define "provost.selector" -}}
app.kubernetes.io/name: {{ include "provost.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: operator
{{- end }}

{{/* Labels of an object: the context, and the component if it is not the operator. */}}
{{- define "provost.labels" -}}
{{- $component := "operator" }}
{{- $root := . }}
{{- if hasKey . "root" }}{{ $root = .root }}{{ $component = .component }}{{ end -}}
app.kubernetes.io/name: {{ include "provost.name" $root | quote }}
app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
app.kubernetes.io/component: {{ $component | quote }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: provost
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | quote }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "provost.image" -}}
{{- with .Values.image }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) }}
{{- end }}
{{- end }}
{{- end }}
