{{/* What no schema can say of the values: refused here, with the way out. Renders nothing. */}}
{{- define "provost.checks" -}}
{{- $values := .Values }}
{{- if le (int $values.terminationGracePeriodSeconds) (int $values.drainSeconds) }}
{{- fail (printf "terminationGracePeriodSeconds (%d) must be more than drainSeconds (%d): Kubernetes would kill the operator while it writes down what vendors answered" (int $values.terminationGracePeriodSeconds) (int $values.drainSeconds)) }}
{{- end }}
{{- if not $values.leaderElection.enabled }}
{{- if gt (int $values.replicas) 1 }}
{{- fail (printf "leaderElection.enabled is false with %d replicas: each would make every object at the vendors; set replicas: 1 or turn leader election on" (int $values.replicas)) }}
{{- end }}
{{- end }}
{{- with $values.leaderElection }}
{{- if lt (int .leaseDurationSeconds) (add (int .renewDeadlineSeconds) 5 | int) }}
{{- fail (printf "leaderElection.renewDeadlineSeconds (%d) must be at least 5 less than leaseDurationSeconds (%d): a write that was just let through must reach the vendor before another replica takes over" (int .renewDeadlineSeconds) (int .leaseDurationSeconds)) }}
{{- end }}
{{- end }}
{{- if and $values.serviceMonitor.enabled $values.podMonitor.enabled }}
{{- fail "serviceMonitor.enabled and podMonitor.enabled would read the same metrics twice; turn one off" }}
{{- end }}
{{- if and $values.serviceMonitor.enabled (not $values.service.enabled) }}
{{- fail "serviceMonitor.enabled needs service.enabled; turn that on, or use podMonitor" }}
{{- end }}
{{- if and $values.networkPolicy.enabled $values.proxy.https (not $values.networkPolicy.extraEgress) }}
{{- $host := regexReplaceAll "^https?://([^/?#]*@)?([^/?#]*).*$" $values.proxy.https "${2}" }}
{{- $port := regexFind ":[0-9]+$" $host | trimPrefix ":" | default (ternary "443" "80" (hasPrefix "https:" $values.proxy.https)) }}
{{- $open := list }}
{{- range $values.networkPolicy.vendors.ports }}{{ $open = append $open (int . | toString) }}{{ end }}
{{- if not (has $port $open) }}
{{- fail (printf "networkPolicy.enabled would keep the operator from proxy.https, which listens on port %s: add %s to networkPolicy.vendors.ports, or give a rule of your own in networkPolicy.extraEgress" $port $port) }}
{{- end }}
{{- end }}
{{- end }}
