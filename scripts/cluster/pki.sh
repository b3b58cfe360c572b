# shellcheck shell=bash
# shellcheck disable=SC2154  # set in lib.sh
# Certificates, kubeconfigs and the token of the cluster, made once; sourced by up.

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

# cert NAME SUBJECT [SAN]
cert() {
  new_key "$1.key"
  printf 'extendedKeyUsage=serverAuth,clientAuth\nkeyUsage=digitalSignature\n%s\n' \
    "${3:+subjectAltName=$3}" >"$1.ext"
  openssl req -new -key "$1.key" -subj "$2" |
    openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile "$1.ext" -out "$1.crt" 2>/dev/null
  rm "$1.ext"
}

# kubeconfig FILE USER: self-contained, for a user given in flow YAML
kubeconfig() {
  cat >"$1" <<Y
apiVersion: v1
kind: Config
current-context: kfrun
clusters: [{name: kfrun, cluster: {server: "https://127.0.0.1:$API_PORT", certificate-authority-data: $(base64 -w0 ca.crt)}}]
users: [{name: user, user: $2}]
contexts: [{name: kfrun, context: {cluster: kfrun, user: user, namespace: default}}]
Y
}
by_cert() { echo "{client-certificate-data: $(base64 -w0 "$1.crt"), client-key-data: $(base64 -w0 "$1.key")}"; }

make_pki() (
  [ ! -e "$PKI/complete" ] || exit 0
  umask 077; mkdir -p "$PKI"; cd "$PKI" || exit
  new_key ca.key
  openssl req -x509 -new -key ca.key -days 3650 -subj /CN=kfrun-test-ca -out ca.crt \
    -addext keyUsage=critical,keyCertSign,cRLSign
  cert apiserver /CN=kube-apiserver \
    "IP:127.0.0.1,IP:${SVC_CIDR%.*}.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
  cert apiserver-kubelet /O=system:masters/CN=kube-apiserver-kubelet-client
  cert admin /O=system:masters/CN=admin
  cert kcm /CN=system:kube-controller-manager
  cert scheduler /CN=system:kube-scheduler
  cert kubelet "/O=system:nodes/CN=system:node:$NODE" DNS:localhost,IP:127.0.0.1
  new_key sa.key; openssl ec -in sa.key -pubout -out sa.pub 2>/dev/null
  for name in admin kcm scheduler kubelet; do
    kubeconfig "$STATE/$name.kubeconfig" "$(by_cert $name)"
  done
  token=$(openssl rand -hex 16)
  echo "$token,dev-user,1001,\"devs,testers\"" >tokens.csv
  kubeconfig "$STATE/token.kubeconfig" "{token: $token}"
  : >complete
)
