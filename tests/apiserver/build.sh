#!/bin/sh
# Builds what the tests and the demo use in place of a cluster, into
# target/apiserver/ of this repository:
#
#   provost-apiserver   etcd and kube-apiserver in one process (this folder)
#   kubectl             the plain one of the same Kubernetes release
#
# It does nothing when they are there already and nothing has changed here, or
# when the caller has an API server of another kind (see below).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$here/../.." && pwd)/target/apiserver

if [ "${PROVOST_USE_EXISTING_CLUSTER:-}" = 1 ]; then
    echo "apiserver: PROVOST_USE_EXISTING_CLUSTER=1, so there is nothing to build: the cluster of the current kubeconfig is used"
    exit 0
fi
if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
    echo "apiserver: KUBEBUILDER_ASSETS is set, so there is nothing to build: etcd, kube-apiserver and kubectl of $KUBEBUILDER_ASSETS are used"
    exit 0
fi

mkdir -p "$out"
# One build at a time: whoever waits here then finds everything up to date.
exec 9>"$out/.lock"
if command -v flock >/dev/null; then
    flock 9
fi

cd "$here"
stamp=$(cat go.mod go.sum ./*.go build.sh | cksum)
if [ -x "$out/provost-apiserver" ] && [ -x "$out/kubectl" ] && [ "$(cat "$out/.stamp" 2>/dev/null)" = "$stamp" ]; then
    exit 0
fi

# No C compiler, no libc of this machine; no workspace or flags of the caller.
export CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=readonly

# `go list -m` fails when go.mod wants a newer Go and this one may not fetch it.
if ! command -v go >/dev/null || ! go list -m >/dev/null; then
    echo "apiserver: the API server for the tests is built with Go: install Go 1.26 or newer, or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl, or set KUBECONFIG with PROVOST_USE_EXISTING_CLUSTER=1" >&2
    exit 1
fi

echo "apiserver: building kube-apiserver, etcd and kubectl from source; the first time this takes about 4 minutes on two cores, and 3 GB in the caches of Go"

# The version is part of the API (kubectl version, /version, user agents), and
# upstream's build sets it in just this way. The module's name has no commit,
# and its date is that of the release: two builds are the same to the byte.
kubernetes=$(go list -m -f '{{.Version}} {{.Time.Format "2006-01-02T15:04:05Z"}}' k8s.io/kubernetes)
version=${kubernetes% *}
date=${kubernetes#* }
major=${version%%.*}
major=${major#v}
minor=${version#*.}
minor=${minor%%.*}
ldflags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    ldflags="$ldflags -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
    ldflags="$ldflags -X $package.gitCommit=unknown -X $package.gitTreeState=archive -X $package.buildDate=$date"
done

new=$(mktemp -d "$out/.build-XXXXXX")
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM
go build -trimpath -buildvcs=false -ldflags "$ldflags" -o "$new/provost-apiserver" . 9>&-
go build -trimpath -buildvcs=false -ldflags "$ldflags" -o "$new/kubectl" k8s.io/kubernetes/cmd/kubectl 9>&-
mv "$new/provost-apiserver" "$new/kubectl" "$out/"
echo "$stamp" >"$out/.stamp"
echo "apiserver: built $version in $out"
