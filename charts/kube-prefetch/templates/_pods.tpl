{{- /* dict "program" "agent" "root" $ */ -}}
{{- define "kube-prefetch.image" -}}
{{- $image := (index .root.Values .program).image -}}
{{- $repository := required (printf "%[1]s.image.repository is empty: set it to where you pushed the %[1]s's image, as docs/images.md says; it is not published" .program) $image.repository -}}
{{ $repository }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end -}}

{{- /* dict "program" "agent" "port" 7073 "root" $; what was asked for wins. */ -}}
{{- define "kube-prefetch.podAnnotations" -}}
{{- $annotations := dict "kubectl.kubernetes.io/default-container" .program -}}
{{- if .root.Values.metrics.scrapeAnnotations -}}
{{- $scrape := dict "prometheus.io/scrape" "true" "prometheus.io/port" (toString .port) "prometheus.io/path" "/metrics" -}}
{{- $annotations = merge $annotations $scrape -}}
{{- end -}}
{{- mergeOverwrite $annotations (index .root.Values .program).podAnnotations | toYaml -}}
{{- end -}}

{{- /* dict "program" "agent" "root" $; what the pods are selected by wins. */ -}}
{{- define "kube-prefetch.podLabels" -}}
{{- $selector := include (printf "kube-prefetch.%s.selector" .program) .root | fromYaml -}}
{{- merge $selector (index .root.Values .program).podLabels | toYaml -}}
{{- end -}}

{{- /* Of pods that need nothing of the node. */ -}}
{{- define "kube-prefetch.unprivileged" -}}
runAsNonRoot: true
{{- with .Values.coordinator.runAsUser }}
runAsUser: {{ . | int64 }}
runAsGroup: {{ . | int64 }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- /* How a folder of the node is mounted: Kubernetes refuses a mount that is both propagated and recursively read-only. */ -}}
{{- define "kube-prefetch.ofTheNode" -}}
readOnly: true
{{- if eq .Values.mountPropagation "None" }}
recursiveReadOnly: IfPossible
{{- else }}
mountPropagation: {{ .Values.mountPropagation }}
{{- end }}
{{- end -}}

{{- define "kube-prefetch.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- /* The seconds between two looks whether it is ready. */ -}}
{{- define "kube-prefetch.probes" -}}
livenessProbe:
  httpGet: {path: /healthz, port: ops}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: ops}
  periodSeconds: {{ . }}
  timeoutSeconds: 2
  failureThreshold: 3
{{- end -}}

{{- /* Which nodes get an agent: for the DaemonSet, and for the coordinator, which leaves the other nodes out of its counts. */ -}}
{{- define "kube-prefetch.agent.placement" -}}
nodeSelector:
  {{- merge (dict "kubernetes.io/os" "linux") .Values.agent.nodeSelector | toYaml | nindent 2 }}
affinity:
  nodeAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms:
        # Virtual nodes have no container runtime that could be asked.
        - matchExpressions:
            - {key: type, operator: NotIn, values: [virtual-kubelet, kwok]}
            - {key: eks.amazonaws.com/compute-type, operator: NotIn, values: [fargate]}
            - {key: liqo.io/type, operator: NotIn, values: [virtual-node]}
{{- with .Values.agent.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
