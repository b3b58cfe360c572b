"""Runs the same pipeline over and over while kfrun is killed or its API server misbehaves, and compares each with an undisturbed run.

    faults.py local  [--kills N]            kill -9 behind the k-th line of the record
    faults.py kill   [--sample N] [--from K] [--side before|after|both]   kill -9 at the k-th request to the API server
    faults.py errors [--runs N] [--percent P] [--seed S] [--only FAULT,FAULT...]   random faults of fault_proxy.py in every request

Prints the figures as JSON on the last line; exit code 1 when anything was lost, doubled or left behind. KFRUN is the binary;
KFRUN_TEST_KUBECONFIG names the cluster, KFRUN_TEST_BUSYBOX an image in it."""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import time

import fault_proxy

TREE = pathlib.Path(__file__).resolve().parents[2]
KFRUN = os.environ.get("KFRUN", str(TREE / "build/dev/kfrun"))
KUBECONFIG = os.environ.get("KFRUN_TEST_KUBECONFIG", "")
BUSYBOX = os.environ.get("KFRUN_TEST_BUSYBOX", "local.test/busybox:1")
PATIENCE = 240

PIPELINE = """\
apiVersion: kfrun/v1
kind: Pipeline
name: faults
defaults: {image: '%s'}
tasks:
  seed:
    command: [sh, -c, 'echo 3 > "$1"; echo "a table" > "$2"', seed, "${{ outputs.n }}", "${{ outputs.table }}"]
    outputs: {n: integer, table: artifact}
  plain: {command: [sh, -c, 'echo nothing to hand over']}
  left:
    command: [sh, -c, 'wc -c < "$1" > "$2"', left, "${{ tasks.seed.outputs.table }}", "${{ outputs.size }}"]
    outputs: {size: integer}
  right:
    command: [sh, -c, 'cat "$1" "$1" > "$2"', right, "${{ tasks.seed.outputs.table }}", "${{ outputs.copy }}"]
    outputs: {copy: artifact}
  turn:
    matrix: {x: [1, 2, 3]}
    command: [sh, -c, 'echo $(($1 * $2)) > "$3"', turn, "${{ matrix.x }}", "${{ tasks.seed.outputs.n }}", "${{ outputs.y }}"]
    outputs: {y: integer}
  flaky:
    command: [sh, -c, 'test "$KFRUN_ATTEMPT" -gt 0']
    retry: 1
  single:
    command: [sh, -c, 'echo one > "$1"', single, "${{ outputs.word }}"]
    outputs: {word: string}
    once: true
  taken: {when: tasks.seed.outputs.n > 2, command: [sh, -c, 'echo taken']}
  passed: {when: tasks.seed.outputs.n > 3, command: [sh, -c, 'echo never']}
  gather:
    command: [sh, -c, 'echo "$1 $2 $3 $(wc -c < "$4")" > "$5"', gather, "${{ tasks.turn.outputs.y }}", "${{ tasks.left.outputs.size }}",
              "${{ tasks.single.outputs.word }}", "${{ tasks.right.outputs.copy }}", "${{ outputs.all }}"]
    after: [flaky, plain]
    outputs: {all: string}
finally:
  bye: {command: [sh, -c, 'echo bye'], always: true}
outputs:
  all: ${{ tasks.gather.outputs.all }}
"""

Expected = collections.namedtuple("Expected", "outputs states requests")


def kubectl(*words):
    return subprocess.run(["kubectl", "--kubeconfig", KUBECONFIG, *words], check=True, capture_output=True, text=True).stdout


def objects(kind, namespace, run=""):
    selector = "kfrun.dev/run" + (f"={run}" if run else "")
    return json.loads(kubectl("get", kind, "-n", namespace, "-l", selector, "-o", "json"))["items"]


class World:
    """A folder, an environment, and the pipeline in it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kfrun-faults-"))
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("KUBE", "KFRUN"))}
        self.environment |= {"HOME": str(self.folder), "KFRUN_STATE_DIR": str(self.folder / "state")}
        self.pipeline = self.folder / "pipeline.yaml"
        self.pipeline.write_text(PIPELINE % BUSYBOX)
        self.number = 0

    def start(self, *words):
        return subprocess.Popen([KFRUN, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment)

    def call(self, *words):
        process = self.start(*words)
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += f"\n[not finished after {PATIENCE} s]"
        return process.returncode, out, err

    def close(self):
        subprocess.run(["chmod", "-R", "u+w", self.folder], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def summary_of(out):
    run = json.loads(out)
    return run["outputs"], {task["task"]: task["state"] for task in run["tasks"]}


def faults_of_record(lines):
    """What breaks the rule that each attempt is recorded once."""
    problems = []
    begun = collections.Counter((line["instance"], line.get("attempt", 0)) for line in lines if line["event"] == "attempt_started")
    ended = collections.Counter((line["instance"], line.get("attempt", 0)) for line in lines if line["event"] == "attempt_ended")
    for attempt, count in [*begun.items(), *ended.items()]:
        if count > 1:
            problems.append(f"doubled: {attempt} is recorded {count} times")
    problems += [f"lost: {attempt} has no end" for attempt in begun if attempt not in ended]
    problems += [f"doubled: {attempt} ended without a beginning" for attempt in ended if attempt not in begun]
    if (count := sum(line["event"] == "run_ended" for line in lines)) != 1:
        problems.append(f"lost: {count} ends of the run")
    return problems


def compare(expected, code, out, err):
    if code != 0:
        return [f"lost: exit code {code}\n{err[-2000:]}"]
    outputs, states = summary_of(out)
    problems = []
    if outputs != expected.outputs:
        problems.append(f"lost: outputs {outputs} where {expected.outputs} are expected")
    if states != expected.states:
        problems.append(f"lost: states {states} where {expected.states} are expected")
    return problems


# On this machine.


def lines_of(world, run):
    path = world.folder / "state/runs" / run / "record.ndjson"
    text = path.read_text() if path.exists() else ""
    return text[: text.rfind("\n") + 1].splitlines()


def local_run(world, expected, kill_at):
    world.number += 1
    run = f"k{world.number}-{secrets.token_hex(3)}"
    process = world.start("submit", world.pipeline, "--local", "--no-cache", "--id", run, "-o", "json")
    while kill_at and process.poll() is None:
        if len(lines_of(world, run)) >= kill_at:
            process.kill()
            break
        time.sleep(0.001)
    out, err = process.communicate()
    code = process.returncode
    is_killed = code == -9
    if is_killed:
        world.pipeline.rename(world.folder / "away")  # the record is enough
        code, out, err = world.call("resume", run, "--local", "-o", "json")
        (world.folder / "away").rename(world.pipeline)
    if not expected:
        return Expected(*summary_of(out), len(lines_of(world, run)))
    problems = compare(expected, code, out, err)
    # A process dies with kfrun: a task that is to run once may then have run, and is given up.
    if problems and "may have run, and is to run once" in err + out:
        problems = []
    elif not problems:
        problems = faults_of_record([json.loads(line) for line in lines_of(world, run)])
    if os.path.exists(world.folder / "state/runs" / run / "scratch"):
        problems.append("left behind: scratch space")
    return is_killed, problems


def sweep_locally(options):
    world = World()
    try:
        expected = local_run(world, None, 0)
        figures = Figures()
        for k in range(1, min(options.kills, expected.requests) + 1):
            is_killed, problems = local_run(world, expected, k)
            figures.add(f"kill behind line {k}", int(is_killed), problems)
        return figures
    finally:
        world.close()


# On a cluster.


class Figures:
    def __init__(self):
        self.runs = self.faults = 0
        self.problems = []

    def add(self, what, faults, problems):
        self.runs += 1
        self.faults += faults
        self.problems += [f"{what}: {problem}" for problem in problems]
        print(f"{what}: {'; '.join(problems) if problems else 'as undisturbed'}", file=sys.stderr, flush=True)

    def print(self, **more):
        def count(word):
            return sum(f": {word}" in problem for problem in self.problems)

        print(json.dumps({"runs": self.runs, "faults": self.faults, "lost": count("lost"), "doubled": count("doubled"),
                          "left behind": count("left behind"), **more}))


def record_of(namespace, run):
    """Its lines, as the cluster has them."""
    segments = [o for o in objects("configmaps", namespace, run) if o["metadata"]["labels"].get("kfrun.dev/kind") == "log"]
    segments.sort(key=lambda o: int(o["metadata"]["labels"]["kfrun.dev/segment"]))
    text = ""
    for segment in segments:
        if "kfrun.dev/resumes" in segment["metadata"].get("annotations", {}):
            text = text[: text.rfind("\n") + 1]
        text += "".join(piece for _, piece in sorted(segment["data"].items()))
    return [json.loads(line) for line in text.splitlines()]


def leftovers(namespace, run):
    """What a run that has ended should not have left."""
    problems = [f"left behind: lease {o['metadata']['name']}" for o in objects("leases", namespace, run)]
    for pod in objects("pods", namespace, run):
        name = pod["metadata"]["name"]
        if pod["metadata"].get("finalizers"):
            problems.append(f"left behind: a finalizer on {name}")
        if pod["status"]["phase"] not in ("Succeeded", "Failed"):
            problems.append(f"left behind: {name} is {pod['status']['phase']}")
    single = [o for o in objects("pods", namespace, run) if o["metadata"]["annotations"]["kfrun.dev/path"] == "single"]
    if len(single) > 1:
        problems.append(f"doubled: a task that is to run once has {len(single)} pods")
    return problems


class Cluster:
    def __init__(self):
        self.namespace = "kfrun-faults-" + secrets.token_hex(4)
        self.config = fault_proxy.read_kubeconfig(KUBECONFIG)
        kubectl("create", "namespace", self.namespace)
        self.world = World()

    def close(self):
        kubectl("delete", "namespace", self.namespace, "--wait=false")
        self.world.close()

    def run(self, expected, fault):
        """One run through a proxy of its own; `fault` gets each request. What was wrong, and what was injected."""
        run = "f" + secrets.token_hex(5)
        processes = []
        proxy = fault_proxy.Proxy(self.config, fault, kill=lambda: processes[-1].kill())
        try:
            kubeconfig = proxy.kubeconfig(self.world.folder / f"{run}.kubeconfig", self.namespace)
            words = ["--id", run, "-o", "json", "--kubeconfig", kubeconfig, "--progress", "plain"]
            errors = ""
            for _ in range(20):
                processes.append(self.world.start("submit", self.world.pipeline, "--no-cache", *words))
                try:
                    out, err = processes[-1].communicate(timeout=PATIENCE)
                except subprocess.TimeoutExpired:
                    processes[-1].kill()
                    out, err = processes[-1].communicate()
                    err += f"\n[not finished after {PATIENCE} s]"
                errors += err
                code = processes[-1].returncode
                if code != -9:
                    break
            if not expected:
                if code != 0:
                    raise SystemExit(f"the undisturbed run failed:\n{errors}")
                self.remove(run)
                return Expected(*summary_of(out), proxy.count)
            problems = compare(expected, code, out, errors) or faults_of_record(record_of(self.namespace, run))
            problems += [f"doubled: {len(uids)} pods {name}" for name, uids in proxy.pods.items() if len(uids) > 1]
            # Containers end a moment before their pods do.
            end = time.monotonic() + 30
            while (rest := leftovers(self.namespace, run)) and time.monotonic() < end:
                time.sleep(1)
            return sum(proxy.injected.values()), problems + rest + self.remove(run)
        finally:
            proxy.close()

    def remove(self, run):
        code, _, err = self.world.call("delete", "--force", run, "-n", self.namespace, "--kubeconfig", KUBECONFIG)
        if code != 0:
            return [f"left behind: {err}"]
        end = time.monotonic() + 60
        while time.monotonic() < end:
            rest = [o for kind in ("pods", "configmaps", "leases") for o in objects(kind, self.namespace, run)]
            if not rest:
                return []
            time.sleep(1)
        return [f"left behind after its deletion: {o['kind']} {o['metadata']['name']}" for o in rest]


def at(number, what):
    """A fault at one request."""
    return lambda request: what if request.number == number else None


def kill_everywhere(options):
    cluster = Cluster()
    try:
        expected = cluster.run(None, lambda request: None)
        sides = ["before", "after"] if options.side == "both" else [options.side]
        moments = [(k, side) for k in range(options.first, expected.requests + 1) for side in sides]
        if options.sample:
            step = max(1, len(moments) // options.sample)
            moments = moments[step // 2 :: step][: options.sample]
        figures = Figures()
        with concurrent.futures.ThreadPoolExecutor(options.parallel) as pool:
            results = {pool.submit(cluster.run, expected, at(k, f"kill {side}")): f"kill {side} request {k}" for k, side in moments}
            for done in concurrent.futures.as_completed(results):
                figures.add(results[done], *done.result())
        figures.requests = expected.requests
        return figures
    finally:
        cluster.close()


def random_faults(rng, percent, only):
    everywhere = ["429", "503 before", "500 before", "500 after", "reset before", "reset after", "reset in body", "401"]

    def fault(request):
        if rng.random() * 100 >= percent:
            return None
        is_watch = "watch=" in request.path
        is_list = request.method == "GET" and ("limit=" in request.path)
        kinds = everywhere + (["410", "410"] if is_watch or "continue=" in request.path else []) + (["stale"] if is_list else [])
        if is_watch:
            kinds = [kind for kind in kinds if kind not in ("500 after", "reset after", "reset in body")]
        if only:
            kinds = [kind for kind in only if kind in kinds or kind.startswith("kill") or (kind == "silent" and is_watch)]
        return rng.choice(kinds) if kinds else None

    return fault


def err_everywhere(options):
    cluster = Cluster()
    try:
        expected = cluster.run(None, lambda request: None)
        figures = Figures()
        with concurrent.futures.ThreadPoolExecutor(options.parallel) as pool:
            results = {}
            only = options.only.split(",") if options.only else []
            for i in range(options.runs):
                seed = options.seed + i
                results[pool.submit(cluster.run, expected, random_faults(random.Random(seed), options.percent, only))] = f"seed {seed}"
            for done in concurrent.futures.as_completed(results):
                figures.add(results[done], *done.result())
        return figures
    finally:
        cluster.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    local = verbs.add_parser("local")
    local.add_argument("--kills", type=int, default=1000)
    kill = verbs.add_parser("kill")
    kill.add_argument("--sample", type=int, default=0)
    kill.add_argument("--from", dest="first", type=int, default=1)
    kill.add_argument("--side", choices=["before", "after", "both"], default="both")
    errors = verbs.add_parser("errors")
    errors.add_argument("--runs", type=int, default=20)
    errors.add_argument("--percent", type=float, default=10)
    errors.add_argument("--seed", type=int, default=1)
    errors.add_argument("--only", default="")
    for verb in (kill, errors):
        verb.add_argument("--parallel", type=int, default=3)
    options = parser.parse_args()
    figures = {"local": sweep_locally, "kill": kill_everywhere, "errors": err_everywhere}[options.verb](options)
    figures.print(sweep=options.verb)
    sys.exit(1 if figures.problems else 0)


if __name__ == "__main__":
    main()
