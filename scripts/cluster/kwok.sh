# shellcheck shell=bash
# shellcheck disable=SC2154  # set in lib.sh
# KWOK with N fake nodes (label type=kwok, taint kwok.x-k8s.io/node=fake:NoSchedule); sourced by up.

start_kwok() {
  local i big='{cpu: "100000", memory: 1000Ti, pods: "1000000", ephemeral-storage: 1000Ti}'
  ln -sf "$kwok_bin"/* "$STATE/bin/"
  alive kwok || start kwok "$STATE/bin/kwok" --kubeconfig="$ADMIN" --config="$here/kwok-stages.yaml" \
    --manage-all-nodes=false --manage-nodes-with-label-selector=type=kwok --node-lease-duration-seconds=16 \
    --server-address="127.0.0.1:$KWOK_PORT" --tls-cert-file="$PKI/kubelet.crt" \
    --tls-private-key-file="$PKI/kubelet.key" --cidr=10.245.0.0/16 -v WARN
  for ((i = 0; i < $1; i++)); do cat <<Y
apiVersion: v1
kind: Node
metadata:
  name: fake-$i
  labels: {type: kwok, kubernetes.io/hostname: fake-$i, kubernetes.io/os: linux, kubernetes.io/arch: amd64}
  annotations: {kwok.x-k8s.io/node: fake}
spec: {taints: [{key: kwok.x-k8s.io/node, value: fake, effect: NoSchedule}]}
status: {allocatable: $big, capacity: $big}
---
Y
  done | k apply --server-side -f - >/dev/null
  await 60 kwok k wait --for=condition=Ready node -l type=kwok --timeout=1s
}
