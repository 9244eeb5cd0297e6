#!/bin/sh
# Build a real kube-apiserver from Debian's source, for tests/engines/kueue/test_real_server.py.
# As root, on Debian 12: scripts/kube_apiserver.sh FOLDER. Takes some 15 minutes of one processor
# once and 2 GB; prints where the binary is. Outside FOLDER only packages of Debian are written.
set -eu
[ $# -eq 1 ] || { echo "usage: scripts/kube_apiserver.sh FOLDER" >&2; exit 2; }
mkdir -p "$1/lists/partial" "$1/gopath/src/k8s.io"
cd "$1"
folder=$(pwd -P)
binary=$folder/kube-apiserver
[ ! -x "$binary" ] || { echo "$binary"; exit 0; }

apt-get install --yes --quiet --no-install-recommends golang-go etcd-server dpkg-dev openssl \
    golang-github-modern-go-reflect2-dev >&2
apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' | sort -u >sources.list
sources() {
    apt-get -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$folder/lists" --quiet "$@" >&2
}
sources update
rm -rf kubernetes-*/
sources source kubernetes
ln -sfn "$folder"/kubernetes-*/ gopath/src/k8s.io/kubernetes
# What it brings of reflect2 (1.0.1) crashes under Go 1.18 and later; Debian's does not.
reflect=gopath/src/k8s.io/kubernetes/vendor/github.com/modern-go/reflect2
rm -rf "$reflect"
cp -rL /usr/share/gocode/src/github.com/modern-go/reflect2 "$reflect"

export GO111MODULE=off CGO_ENABLED=0 GOFLAGS=-p=2
export GOPATH="$folder/gopath" GOCACHE="$folder/cache"
cd gopath/src/k8s.io/kubernetes
# What its own makefile generates before it builds: the schemas of the kinds that are built in.
go build -o "$folder/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
grep -rl --include='*.go' '+k8s:openapi-gen=' pkg staging/src/k8s.io | xargs -n1 dirname | sort -u |
    grep -v -e code-generator -e sample-apiserver -e /example |
    sed 's#^staging/src/#vendor/#; s#^#k8s.io/kubernetes/#' | paste -sd, >"$folder/kinds"
"$folder/openapi-gen" --input-dirs "$(cat "$folder/kinds")" --output-base "$GOPATH/src" \
    --output-package k8s.io/kubernetes/pkg/generated/openapi \
    --output-file-base zz_generated.openapi --report-filename "$folder/violations" \
    --go-header-file hack/boilerplate/boilerplate.generatego.txt
go build -o "$binary" ./cmd/kube-apiserver
echo "$binary"
