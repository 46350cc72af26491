{{- /* The paths of all that this release brings. */ -}}
{{- define "kube-prefetch.crd.files" -}}
{{- $paths := list -}}
{{- range $path, $_ := .Files.Glob "files/crds/*.yaml" }}{{ $paths = append $paths $path }}{{ end -}}
{{- if .Values.techsquad.enabled }}{{ $paths = append $paths "files/techsquad/prefetches.yaml" }}{{ end -}}
{{- $paths | toJson -}}
{{- end -}}

{{- define "kube-prefetch.crd.hash" -}}
{{ .spec | toJson | sha256sum }}
{{- end -}}

{{- /* dict "crd" $crd "root" $: render, or leave; templates/crds.yaml has the table. */ -}}
{{- define "kube-prefetch.crd.decision" -}}
{{- $name := .crd.metadata.name -}}
{{- $release := .root.Release -}}
{{- $live := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" $name | default dict -}}
{{- $annotations := dig "metadata" "annotations" dict $live -}}
{{- $owner := printf "%s/%s" (get $annotations "meta.helm.sh/release-namespace") (get $annotations "meta.helm.sh/release-name") -}}
{{- if or (not $live) (eq $owner (printf "%s/%s" $release.Namespace $release.Name)) -}}
render
{{- else if eq (get $annotations "kube-prefetch.io/crd-hash") (include "kube-prefetch.crd.hash" .crd) -}}
leave
{{- else -}}
{{- include "kube-prefetch.crd.refuse" (dict "name" $name "owner" $owner "release" $release) | fail -}}
{{- end -}}
{{- end -}}

{{- define "kube-prefetch.crd.refuse" -}}
{{- $crd := printf "crd/%s" .name }}

The CustomResourceDefinition {{ .name }} is on the cluster already and differs from this chart's.
{{ if eq .owner "/" }}No Helm release owns it.{{ else }}It belongs to the Helm release {{ .owner }} (namespace/name).{{ end }} Hand it over to this release:

  kubectl label {{ $crd }} app.kubernetes.io/managed-by=Helm --overwrite
  kubectl annotate {{ $crd }} meta.helm.sh/release-name={{ .release.Name }} meta.helm.sh/release-namespace={{ .release.Namespace }} --overwrite

and run the same helm command again, with --force-conflicts if it then speaks of a conflict. Or leave the definition as it
is: --set crds.install=false
{{- end -}}
