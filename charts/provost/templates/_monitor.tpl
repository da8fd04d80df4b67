{{/* The metadata of a monitoring object: the context as root, its values, what its name ends with. */}}
{{- define "provost.monitor.metadata" -}}
name: {{ printf "%s%s" (include "provost.fullname" .root) .suffix | quote }}
namespace: {{ default .root.Release.Namespace .values.namespace | quote }}
labels:
  {{- include "provost.labels" (dict "root" .root "component" "monitoring") | nindent 2 }}
  {{- with .values.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What a ServiceMonitor and a PodMonitor have in common: the context as root, its values, the field of its endpoints. */}}
{{- define "provost.monitor.spec" -}}
namespaceSelector:
  matchNames: [{{ .root.Release.Namespace | quote }}]
selector:
  matchLabels:
    {{- include "provost.selector" .root | nindent 4 }}
{{ .endpoints }}:
  - port: metrics
    path: /metrics
    # Metrics of a kind have labels named `namespace`: the object's, not the pod's.
    honorLabels: true
    {{- with .values.interval }}
    interval: {{ . }}
    {{- end }}
    {{- with .values.scrapeTimeout }}
    scrapeTimeout: {{ . }}
    {{- end }}
    {{- with .values.relabelings }}
    relabelings:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .values.metricRelabelings }}
    metricRelabelings:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end }}
