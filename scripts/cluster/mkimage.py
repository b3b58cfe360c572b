#!/usr/bin/env python3
"""mkimage.py OUT.tar NAME:TAG[,TAG...] ROOTFS [--arch A] [--entrypoint A B...] [--cmd A B...]

Packs a folder into a one-layer image archive that `ctr images import` accepts."""
import argparse
import hashlib
import io
import json
import tarfile

ap = argparse.ArgumentParser()
ap.add_argument("out")
ap.add_argument("ref")
ap.add_argument("rootfs")
ap.add_argument("--arch", default="amd64")
ap.add_argument("--entrypoint", nargs="*", default=[])
ap.add_argument("--cmd", nargs="*", default=[])
args = ap.parse_args()


def reproducible(entry):
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


layer = io.BytesIO()
with tarfile.open(fileobj=layer, mode="w") as tar:
    tar.add(args.rootfs, arcname=".", filter=reproducible)
layer = layer.getvalue()
digest = hashlib.sha256(layer).hexdigest()
path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
config = json.dumps({
    "architecture": args.arch, "os": "linux", "created": "1970-01-01T00:00:00Z",
    "config": {"Env": [path], "Entrypoint": args.entrypoint, "Cmd": args.cmd},
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest]},
    "history": [{"created_by": "mkimage.py"}],
}).encode()
name, tags = args.ref.split(":")
manifest = json.dumps([{
    "Config": hashlib.sha256(config).hexdigest() + ".json",
    "RepoTags": [f"{name}:{tag}" for tag in tags.split(",")],
    "Layers": [digest + "/layer.tar"],
}]).encode()
with tarfile.open(args.out, "w") as tar:
    for member, data in ((json.loads(manifest)[0]["Config"], config),
                         (digest + "/layer.tar", layer), ("manifest.json", manifest)):
        info = tarfile.TarInfo(member)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
