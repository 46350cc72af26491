{{- define "kube-prefetch.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains "kube-prefetch" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- .Release.Name | trunc 36 | trimSuffix "-" -}}-kube-prefetch
{{- end -}}
{{- end -}}

{{- define "kube-prefetch.coordinator" -}}
{{ include "kube-prefetch.fullname" . }}-coordinator
{{- end -}}

{{- define "kube-prefetch.agent" -}}
{{ include "kube-prefetch.fullname" . }}-agent
{{- end -}}

{{- /* The Secret and the ConfigMap of the certificate authority. */ -}}
{{- define "kube-prefetch.authority" -}}
{{ include "kube-prefetch.fullname" . }}-ca
{{- end -}}

{{- /* The DNS name that agents call, and that the coordinator's certificate is for. */ -}}
{{- define "kube-prefetch.service" -}}
{{ include "kube-prefetch.coordinator" . }}.{{ .Release.Namespace }}.svc
{{- end -}}

{{- define "kube-prefetch.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: kube-prefetch
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "kube-prefetch.coordinator.selector" -}}
app.kubernetes.io/name: kube-prefetch
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: coordinator
{{- end -}}

{{- define "kube-prefetch.agent.selector" -}}
app.kubernetes.io/name: kube-prefetch
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: agent
{{- end -}}

{{- define "kube-prefetch.viewer" -}}
{{ include "kube-prefetch.fullname" . }}-viewer
{{- end -}}

{{- define "kube-prefetch.viewer.subjects" -}}
{{- range .Values.viewer.subjects }}
- kind: {{ .kind }}
  name: {{ .name | quote }}
  {{- if eq .kind "ServiceAccount" }}
  namespace: {{ .namespace | default $.Release.Namespace }}
  {{- else }}
  apiGroup: rbac.authorization.k8s.io
  {{- end }}
{{- end }}
{{- end -}}

{{- /* What of the host is mounted so that the agent reaches the runtime's socket. */ -}}
{{- define "kube-prefetch.runtimeFolder" -}}
{{ if .Values.runtime.socket }}{{ dir .Values.runtime.socket }}{{ else }}/run{{ end }}
{{- end -}}

{{- /* The same for the image service's socket; empty where the other folder holds it. */ -}}
{{- define "kube-prefetch.imageServiceFolder" -}}
{{- $folder := include "kube-prefetch.runtimeFolder" . -}}
{{- with .Values.runtime.imageSocket -}}
{{- if not (hasPrefix (printf "%s/" $folder) .) }}{{ dir . }}{{ end -}}
{{- end -}}
{{- end -}}

{{- define "kube-prefetch.test.selector" -}}
app.kubernetes.io/name: kube-prefetch
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: test
{{- end -}}
