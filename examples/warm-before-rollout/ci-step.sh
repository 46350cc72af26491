#!/bin/sh
# A step of any pipeline: has the images of a release pulled where its pods will run, then rolls it out. Nothing is changed where an
# image cannot be pulled. Arguments: the release, its chart, its namespace, and what `helm` is to be told besides.
set -eu
release=$1 chart=$2 namespace=$3
shift 3
helm template "$release" "$chart" --namespace "$namespace" --no-hooks "$@" |
  kubectl prefetch warm --filename - --namespace "$namespace" --wait --timeout 10m
helm upgrade "$release" "$chart" --install --namespace "$namespace" --no-hooks --wait "$@"
