# shellcheck shell=bash
# shellcheck disable=SC2034  # the variables are for the scripts that source this
# Paths, ports and helpers shared by the scripts beside this file; sourced, not run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

CACHE=${KFRUN_CLUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kfrun/cluster}   # binaries, images
STATE=${KFRUN_CLUSTER_STATE:-/var/tmp/kfrun-cluster}     # short: socket paths end at 107 bytes
ADMIN=$STATE/admin.kubeconfig                            # client certificate, system:masters
PKI=$STATE/pki

# All ports are on 127.0.0.1, from this one upwards.
API_PORT=${KFRUN_CLUSTER_PORT:-16443}
ETCD_PORT=$((API_PORT + 1)) ETCD_PEER=$((API_PORT + 2)) KCM_PORT=$((API_PORT + 3))
SCHED_PORT=$((API_PORT + 4)) KUBELET_PORT=$((API_PORT + 5)) KUBELET_HEALTH=$((API_PORT + 6))
CRI_STREAM=$((API_PORT + 7)) KWOK_PORT=$((API_PORT + 8))
NODE=127.0.0.1              # a node named by an IP literal gets it as InternalIP
BRIDGE=kfrun0 POD_CIDR=10.244.0.0/24 SVC_CIDR=10.96.0.0/24
PROVISIONER=kfrun.local/hostpath

say() { echo "${0##*/}: $*" >&2; }
die() { say "$*"; exit 1; }
skip() { say "skipped: $*"; exit 77; }      # 77: no cluster is possible on this machine

# Cache entries are named by what they are made from, so that a changed pin is a new entry.
key() { cat "$@" | sha256sum | cut -c1-12; }
k8s_bin=$CACHE/k8s-$(key "$here"/go/k8s/go.*)
etcd_bin=$CACHE/etcd-$(key "$here"/go/etcd/go.*)
kwok_version=v0.8.0
kwok_bin=$CACHE/kwok-$kwok_version
images=$CACHE/images-$(key "$here/images" "$here/mkimage.py" /etc/os-release)

# $STATE/bin: links to the binaries the running cluster was started from
k() { "$STATE/bin/kubectl" --kubeconfig "$ADMIN" "$@"; }
ctr_() { ctr --address "$STATE/cd.sock" --namespace k8s.io "$@"; }

# have_kubepods: are there cgroups of a kubelet's pods?
have_kubepods() {
  local dir
  for dir in /sys/fs/cgroup/{,*/}kubepods; do [ ! -d "$dir" ] || return 0; done
  return 1
}

# alive NAME: the recorded process lives and is ours; every daemon has $STATE in its arguments,
# while a zombie has none and a process that got the same id after a reboot has others
alive() { [ -e "$STATE/pid/$1" ] && grep -qsF "$STATE/" "/proc/$(<"$STATE/pid/$1")/cmdline"; }

# start NAME COMMAND...: a daemon with its own session, log and pid file, and without the caller's open files: it would keep
# their locks
start() {
  local name=$1; shift
  GOGC=${GOGC:-300} setsid "$@" </dev/null >"$STATE/log/$name.log" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  echo $! >"$STATE/pid/$name"
}

# await SECONDS NAME COMMAND...: polls until the command succeeds
await() {
  local end=$((SECONDS + $1)) name=$2; shift 2
  until "$@" >/dev/null 2>&1; do
    sleep 0.1
    alive "$name" || { tail -n 5 "$STATE/log/$name.log" >&2; die "$name ended"; }
    [ "$SECONDS" -lt "$end" ] || die "timeout waiting for $name (see $STATE/log/$name.log)"
  done
}
