#!/bin/sh
# Builds the programs that the tests hand the project's files to, into
# target/tools/ of this repository:
#
#   helm       renders and installs the chart
#   promtool   checks metrics, rules and configuration of Prometheus
#   gitops     what kstatus, Argo CD and Flux make of an object (this folder)
#   crds/      the definitions of Argo CD's and Flux's own kinds
#
# It does nothing when they are there already and nothing has changed here.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$here/../.." && pwd)/target/tools

mkdir -p "$out"
# One build at a time: whoever waits here then finds everything up to date.
exec 9>"$out/.lock"
if command -v flock >/dev/null; then
    flock 9
fi

cd "$here"
stamp=$(cat go.mod go.sum gitops/*.go build.sh | cksum)
if [ -x "$out/helm" ] && [ -x "$out/promtool" ] && [ -x "$out/gitops" ] && [ -d "$out/crds" ] && [ "$(cat "$out/.stamp" 2>/dev/null)" = "$stamp" ]; then
    exit 0
fi

# No C compiler, no libc of this machine; no workspace or flags of the caller.
# The tag leaves the clouds out of promtool, which finds no targets here.
export CGO_ENABLED=0 GOWORK=off GOFLAGS="-mod=readonly -tags=remove_all_sd"

# `go list -m` fails when go.mod wants a newer Go and this one may not fetch it.
if ! command -v go >/dev/null || ! go list -m >/dev/null; then
    echo "tools: the programs for the tests are built with Go: install Go 1.26 or newer" >&2
    exit 1
fi

echo "tools: building helm, promtool and gitops from source, once"

# A helm that does not know its version calls itself the oldest of its line.
helm=$(go list -m -f '{{.Version}}' helm.sh/helm/v4)
ldflags="-s -w -X helm.sh/helm/v4/internal/version.version=$helm"

new=$(mktemp -d "$out/.build-XXXXXX")
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM
go build -trimpath -buildvcs=false -ldflags "$ldflags" -o "$new/" ./gitops helm.sh/helm/v4/cmd/helm github.com/prometheus/prometheus/cmd/promtool 9>&-

# copy MODULE SUM FILE...: files of a module that nothing here is built from.
copy() {
    told=$(cd "$new" && GOFLAGS='' go mod download -json "$1")
    case $told in
    *"\"Sum\": \"$2\""*) ;;
    *) echo "tools: $1 is not what it was: $told" >&2 && exit 1 ;;
    esac
    dir=$(printf '%s\n' "$told" | sed -n 's/.*"Dir": "\(.*\)",*/\1/p')
    shift 2
    for file; do cp "$dir/$file" "$new/crds/"; done
}
mkdir "$new/crds"
copy github.com/argoproj/argo-cd/v3@v3.5.7 h1:Xm1BF+I5OgDKUG3SDK49vn2/Y5AMyaNVko+/JT08gj0= \
    manifests/crds/application-crd.yaml manifests/crds/applicationset-crd.yaml manifests/crds/appproject-crd.yaml
copy github.com/fluxcd/kustomize-controller@v1.9.6 h1:XB+G3A0mky0j5uVHZWv4oSlS2RvZBoNIUhstIvY0JKE= \
    config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml
copy github.com/fluxcd/source-controller@v1.9.6 h1:nG534/bI6nVpyHra7ONAk6xDB3xPsVT+EOLHZHXPrrc= \
    config/crd/bases/source.toolkit.fluxcd.io_gitrepositories.yaml
chmod -R u+w "$new/crds"
rm -rf "$out/crds"
mv "$new/crds" "$new/helm" "$new/promtool" "$new/gitops" "$out/"
echo "$stamp" >"$out/.stamp"
echo "tools: built helm $helm, promtool and gitops in $out"
