#!/usr/bin/env python3
"""scale.py N FOLDER: writes a kustomization of N Deployments, N Services and N generated ConfigMaps that they refer to, with a name
prefix, a namespace, labels on everything, and a patch for every tenth Deployment."""

import pathlib
import sys

count, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
resources, generators, patches = [], [], []
for i in range(count):
    name = f"shop-{i}"
    resources.append(f"{name}.yaml")
    (folder / resources[-1]).write_text(f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels: {{team: t{i % 9}}}
spec:
  replicas: {1 + i % 4}
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      containers:
      - name: server
        image: images.example.org/shop/{name}:1.{i % 12}
        args: [--listen=:8080, --shard={i}]
        envFrom:
        - configMapRef: {{name: {name}-settings}}
        env:
        - name: MODE
          valueFrom:
            configMapKeyRef: {{name: {name}-settings, key: mode}}
        ports:
        - {{name: http, containerPort: 8080}}
        resources:
          requests: {{cpu: 100m, memory: 64Mi}}
          limits: {{memory: 256Mi}}
        volumeMounts:
        - {{name: settings, mountPath: /etc/shop}}
      volumes:
      - name: settings
        configMap: {{name: {name}-settings}}
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
spec:
  selector: {{app: {name}}}
  ports:
  - {{name: http, port: 80, targetPort: http}}
""")
    generators.append(f"- name: {name}-settings\n  literals: [mode=m{i % 5}, url=http://{name}/]\n")
    if i % 10 == 0:
        patches.append(f"{name}-patch.yaml")
        (folder / patches[-1]).write_text(f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  template:
    spec:
      containers:
      - name: server
        env:
        - {{name: EXTRA, value: "{i}"}}
      - name: watcher
        image: images.example.org/shop/watcher:2
""")
(folder / "kustomization.yaml").write_text(
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamePrefix: big-\nnamespace: shop\n"
    "labels:\n- pairs: {app.kubernetes.io/part-of: shop}\n  includeSelectors: true\n"
    "resources:\n" + "".join(f"- {file}\n" for file in resources)
    + "configMapGenerator:\n" + "".join(generators)
    + "patches:\n" + "".join(f"- path: {file}\n" for file in patches)
)
