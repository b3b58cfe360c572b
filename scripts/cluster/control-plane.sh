# shellcheck shell=bash
# shellcheck disable=SC2154  # set in lib.sh
# etcd, API server, controller manager and scheduler on 127.0.0.1; sourced by up.

start_control_plane() {
  install -d -m 700 "$STATE/etcd"
  local peer=http://127.0.0.1:$ETCD_PEER client=http://127.0.0.1:$ETCD_PORT
  start etcd "$STATE/bin/etcd" --name e --data-dir "$STATE/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls "$client" --advertise-client-urls "$client" --listen-peer-urls "$peer" \
    --initial-advertise-peer-urls "$peer" --initial-cluster "e=$peer" --quota-backend-bytes 8589934592
  # A loopback address is no valid endpoint of the service "kubernetes": no reconciler.
  start apiserver "$STATE/bin/kube-apiserver" --etcd-servers="$client" \
    --bind-address=127.0.0.1 --secure-port="$API_PORT" --endpoint-reconciler-type=none \
    --tls-cert-file="$PKI/apiserver.crt" --tls-private-key-file="$PKI/apiserver.key" \
    --client-ca-file="$PKI/ca.crt" --token-auth-file="$PKI/tokens.csv" \
    --authorization-mode=Node,RBAC --anonymous-auth=false --allow-privileged=true \
    --service-account-issuer=https://kubernetes.default.svc --service-cluster-ip-range="$SVC_CIDR" \
    --service-account-signing-key-file="$PKI/sa.key" --service-account-key-file="$PKI/sa.pub" \
    --kubelet-client-certificate="$PKI/apiserver-kubelet.crt" --kubelet-client-key="$PKI/apiserver-kubelet.key" \
    --kubelet-certificate-authority="$PKI/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --max-requests-inflight=2000 --max-mutating-requests-inflight=1000 --enable-priority-and-fairness=false \
    --profiling=false
  await 60 apiserver k get --raw /readyz
  start kcm "$STATE/bin/kube-controller-manager" --kubeconfig="$STATE/kcm.kubeconfig" \
    --authentication-kubeconfig="$STATE/kcm.kubeconfig" --authorization-kubeconfig="$STATE/kcm.kubeconfig" \
    --bind-address=127.0.0.1 --secure-port="$KCM_PORT" --leader-elect=false \
    --root-ca-file="$PKI/ca.crt" --service-account-private-key-file="$PKI/sa.key" \
    --use-service-account-credentials=true --node-monitor-period=1s --node-monitor-grace-period=10s \
    --kube-api-qps=500 --kube-api-burst=500 --terminated-pod-gc-threshold=100000 \
    --pvclaimbinder-sync-period=1s --concurrent-job-syncs=20 --concurrent-gc-syncs=40
  cat >"$STATE/scheduler.yaml" <<Y
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection: {kubeconfig: $STATE/scheduler.kubeconfig, qps: 1000, burst: 1000}
leaderElection: {leaderElect: false}
Y
  start scheduler "$STATE/bin/kube-scheduler" --config="$STATE/scheduler.yaml" \
    --authentication-kubeconfig="$STATE/scheduler.kubeconfig" \
    --authorization-kubeconfig="$STATE/scheduler.kubeconfig" \
    --bind-address=127.0.0.1 --secure-port="$SCHED_PORT"
}
