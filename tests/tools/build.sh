#!/bin/sh
# Builds the programs that the tests hand the project's files to, into
# target/tools/ of this repository:
#
#   helm       renders and installs the chart
#   promtool   checks metrics, rules and configuration of Prometheus
#   gitops     what kstatus, Argo CD and Flux make of an object (this folder)
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
if [ -x "$out/helm" ] && [ -x "$out/promtool" ] && [ -x "$out/gitops" ] && [ "$(cat "$out/.stamp" 2>/dev/null)" = "$stamp" ]; then
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
mv "$new/helm" "$new/promtool" "$new/gitops" "$out/"
echo "$stamp" >"$out/.stamp"
echo "tools: built helm $helm, promtool and gitops in $out"
