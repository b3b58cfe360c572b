#!/usr/bin/env python3
"""cluster.py KFRUN KFRUN_KUBE_BENCH [--sizes 100,1000,10000] [--only wide,chained,whole] [--run-ms 30000] [--kfrun-flags ...]

Against the cluster of $KUBECONFIG, whose fake nodes (label type=kwok) end pods by themselves:
  wide     N pods that nobody waits for, with kfrun, and the same pods POSTed by kfrun_kube_bench, which does nothing else; as many
           on their way at once. Pods a second, from the first to the last as a watch of its own tells of them.
  chained  chains of pods: from a pod's end to its dependent, both as that watch tells of them.
  whole    a wide run to its end: CPU time and peak memory of kfrun.
Needs kubectl and GNU time. The kubeconfig must name a client certificate in embedded data.
"""

import argparse
import base64
import http.client
import json
import multiprocessing
import os
import re
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

AT_ONCE = 100  # requests on their way, of both clients
PIPELINE = """\
apiVersion: kfrun/v1
kind: Pipeline
name: bench
defaults:
  image: local.test/busybox:1
  pod:
    metadata: {{annotations: {{test/run-ms: "{run_ms}"}}}}
    spec:
      nodeSelector: {{type: kwok}}
      tolerations: [{{key: kwok.x-k8s.io/node, operator: Exists, effect: NoSchedule}}]
tasks:
"""


def kubectl(*words, **options):
    return subprocess.run(["kubectl", *words], check=True, stdout=subprocess.PIPE, **options).stdout


class Server:
    """Where the API server is, and the files that say who we are."""

    def __init__(self, folder):
        config = json.loads(kubectl("config", "view", "--raw", "--minify", "-o", "json"))
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.host = cluster["server"].removeprefix("https://")
        self.files = {}
        for name, data in (("ca", cluster["certificate-authority-data"]), ("cert", user["client-certificate-data"]),
                           ("key", user["client-key-data"])):
            self.files[name] = os.path.join(folder, name)
            with open(self.files[name], "wb") as out:
                out.write(base64.b64decode(data))
        os.chmod(self.files["key"], 0o600)

    def get(self, path):
        context = ssl.create_default_context(cafile=self.files["ca"])
        context.load_cert_chain(self.files["cert"], self.files["key"])
        connection = http.client.HTTPSConnection(self.host, context=context)
        connection.request("GET", path)
        reply = connection.getresponse()
        assert reply.status == 200, reply.status
        return reply


NAME = re.compile(rb'"name":"([^"]*)"')
PATH = re.compile(rb'"kfrun.dev/path":"([^"]*)"')
END = re.compile(rb'"phase":"(?:Succeeded|Failed)"')


VERSION = re.compile(rb'"resourceVersion":"(\d+)"')


def lines_of(server, path, version):
    """Each line of a watch with the time at which it came. A watch that ends goes on behind the last version that it told of."""
    while True:
        reply = server.get(f"{path}?watch=true&allowWatchBookmarks=true&resourceVersion={version}")
        rest = b""
        try:
            while piece := reply.read1(1 << 20):
                now = time.monotonic()
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    assert not line.startswith(b'{"type":"ERROR"'), line
                    version = VERSION.search(line).group(1).decode()
                    if not line.startswith(b'{"type":"BOOKMARK"'):
                        yield now, line
        except (http.client.HTTPException, OSError) as fault:
            print(f"the watch broke: {fault!r}", file=sys.stderr)


def watch(server, name_space, pipe):
    """When each pod of the namespace was added, and when it ended, by the clock of this process; told when the pod "last" comes."""
    path = f"/api/v1/namespaces/{name_space}/pods"
    version = json.loads(server.get(path + "?limit=1").read())["metadata"]["resourceVersion"]
    pipe.send("ready")
    added, ended = {}, {}
    for now, line in lines_of(server, path, version):
        name = NAME.search(line)
        key = (PATH.search(line) or name).group(1).decode()
        if key == "last":
            break
        if line.startswith(b'{"type":"ADDED"'):
            added.setdefault(key, now)
        elif END.search(line):
            ended.setdefault(key, now)
    pipe.send((added, ended))


class Bench:
    """A namespace with a watch on its pods."""

    def __init__(self, server):
        self.server = server
        self.name = "kfrun-bench-" + uuid.uuid4().hex[:8]
        kubectl("create", "namespace", self.name)
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=watch, args=(server, self.name, theirs), daemon=True)
        self.process.start()
        assert self.pipe.recv() == "ready"

    def result(self):
        time.sleep(1)
        kubectl("-n", self.name, "run", "last", "--image=local.test/busybox:1", '--overrides={"spec":{"nodeSelector":{"none":"none"}}}')
        added, ended = self.pipe.recv()
        self.process.join()
        return added, ended

    def remove(self):
        """Waits until all of it is gone, so that it does not disturb what follows."""
        kubectl("delete", "namespace", self.name, "--wait=true")


def wide(count, run_ms):
    return PIPELINE.format(run_ms=run_ms) + f'  t: {{matrix: {{i: {count}}}, command: ["true", "${{{{ matrix.i }}}}"]}}\n'


def chained(chains, links, run_ms):
    lines = [PIPELINE.format(run_ms=run_ms)]
    for chain in range(chains):
        for link in range(links):
            after = f", after: [c{chain}-{link - 1}]" if link else ""
            lines.append(f'  c{chain}-{link}: {{command: ["true", c{chain}-{link}]{after}}}\n')
    return "".join(lines)


class Run:
    """A run of kfrun; `usage` is (seconds on the wall, CPU seconds, peak MB) once it has ended."""

    def __init__(self, options, folder, name_space, pipeline):
        file = os.path.join(folder, "pipeline.yaml")
        with open(file, "w") as out:
            out.write(pipeline)
        self.report = os.path.join(folder, "time")
        self.log = os.path.join(folder, "log")
        # A child's own figure of memory would begin at this interpreter's size, so GNU time starts it.
        command = ["/usr/bin/time", "-f", "%e %U %S %M", "-o", self.report, options.kfrun, "submit", file, "-n", name_space,
                   "--progress", "quiet", *options.kfrun_flags]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=open(self.log, "w"))

    def wait(self):
        code = self.process.wait()
        if code != 0:
            print(open(self.log).read(), file=sys.stderr)
        wall, user, system, kilobytes = map(float, open(self.report).read().split("\n")[-2].split())
        self.usage = (wall, user + system, kilobytes / 1024)
        return code

    def leave(self):
        """As Ctrl-C twice does."""
        child = open(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read().split()[0]
        os.kill(int(child), 2)
        time.sleep(0.5)
        os.kill(int(child), 2)
        self.process.wait()


def count_pods(name_space):
    reply = kubectl("get", "--raw", f"/api/v1/namespaces/{name_space}/pods?limit=1")
    reply = json.loads(reply)
    return len(reply["items"]) + reply["metadata"].get("remainingItemCount", 0)


def rate(added):
    return (len(added) - 1) / (max(added.values()) - min(added.values()))


def bodies_like(name_space, count, file):
    """The pods of a run, as they were POSTed, with other names."""
    pod = json.loads(kubectl("get", "--raw", f"/api/v1/namespaces/{name_space}/pods?limit=1"))["items"][0]
    pod.pop("status")
    metadata = {key: pod["metadata"][key] for key in ("labels", "annotations")}
    spec = pod["spec"]
    for key in ("nodeName", "serviceAccount", "serviceAccountName", "schedulerName", "securityContext", "dnsPolicy", "priority",
                "preemptionPolicy", "enableServiceLinks", "volumes"):
        spec.pop(key, None)
    spec["tolerations"] = [one for one in spec["tolerations"] if one["key"].startswith("kwok")]
    for container in spec["containers"]:
        for key in ("volumeMounts", "terminationMessagePath", "imagePullPolicy"):
            container.pop(key, None)
    with open(file, "w") as out:
        for number in range(count):
            metadata["name"] = f"bench-{pod['metadata']['name'][6:-12]}-{number}"
            metadata["annotations"]["kfrun.dev/path"] = f"t#{number}"
            out.write(json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}, separators=(",", ":")) + "\n")


def load():
    return open("/proc/loadavg").read().split()[0]


def measure_wide(options, server, folder, count):
    before = load()
    bench = Bench(server)
    run = Run(options, folder, bench.name, wide(count, options.run_ms))
    deadline = time.monotonic() + 600
    while count_pods(bench.name) < count and run.process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    added, _ = bench.result()
    run.leave()
    bodies = os.path.join(folder, "bodies")
    bodies_like(bench.name, count, bodies)
    bench.remove()
    bare = Bench(server)
    out = subprocess.run([options.bench, os.environ["KUBECONFIG"], bare.name, str(count), str(AT_ONCE), bodies], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    bare_added, _ = bare.result()
    bare.remove()
    assert len(added) == len(bare_added) == count, (len(added), len(bare_added), count)
    print(f"wide      {count:6}  {rate(added):6.0f} pods/s, bare {rate(bare_added):6.0f} ({out.split(',')[0]}): "
          f"{100 * rate(added) / rate(bare_added):4.0f} %  (goal 95 %)   load {before}", flush=True)


def measure_chained(options, server, folder, count):
    chains = max(1, min(20, count // 10))
    links = count // chains
    before = load()
    bench = Bench(server)
    run = Run(options, folder, bench.name, chained(chains, links, 300))
    run.wait()
    added, ended = bench.result()
    bench.remove()
    delays = sorted(1000 * (added[f"c{c}-{i}"] - ended[f"c{c}-{i - 1}"]) for c in range(chains) for i in range(1, links))
    p50, p99 = (delays[int(len(delays) * part)] for part in (0.5, 0.99))
    wall, cpu, megabytes = run.usage
    print(f"chained   {count:6}  {chains} chains: dependent after {p50:.1f} ms (p50), {p99:.1f} ms (p99), {delays[-1]:.1f} ms (most)"
          f"  (goal 20 ms); {wall:.1f} s, {cpu:.1f} s CPU, {megabytes:.0f} MB   load {before}", flush=True)


def measure_whole(options, server, folder, count):
    before = load()
    bench = Bench(server)
    run = Run(options, folder, bench.name, wide(count, 1000))
    code = run.wait()
    added, _ = bench.result()
    bench.remove()
    assert len(added) == count, (len(added), count)
    wall, cpu, megabytes = run.usage
    print(f"whole     {count:6}  {megabytes:5.1f} MB at most (goal 64 MB), {cpu:.2f} s CPU ({1e3 * cpu / count:.2f} ms a task), {wall:.1f} s, "
          f"{rate(added):.0f} pods/s, exit code {code}   load {before}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kfrun")
    parser.add_argument("bench")
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--only", default="wide,chained,whole")
    parser.add_argument("--run-ms", default=30000, type=int)
    parser.add_argument("--kfrun-flags", default="", type=str.split)
    options = parser.parse_args()
    measures = {"wide": measure_wide, "chained": measure_chained, "whole": measure_whole}
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        for size in map(int, options.sizes.split(",")):
            for name in options.only.split(","):
                measures[name](options, server, folder, size)


main()
