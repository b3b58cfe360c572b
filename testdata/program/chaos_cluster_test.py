"""Pods, nodes and daemons of a real cluster that go away under a run: it ends as an undisturbed one, what is not the user's fault
costs none of the user's retries, and nothing is left behind.

Daemons can be killed only where the cluster is the one of scripts/cluster."""

import collections
import datetime
import json
import subprocess
import threading

import faults
from cluster import BUSYBOX, KUBECONFIG, ClusterCase, kubectl, require_cluster
from harness import TREE, main, states

NODE = "127.0.0.1"
PART = TREE / "scripts/cluster/part"

# `long` runs when the trouble comes.
PIPELINE = """\
defaults: {image: '%s', cache: false}
tasks:
  seed:
    command: [sh, -c, 'echo 7 > "$1"; echo "a table" > "$2"', seed, "${{ outputs.n }}", "${{ outputs.table }}"]
    outputs: {n: integer, table: artifact}
  long:
    matrix: {x: [1, 2, 3]}
    command: [sh, -c, 'sleep 5; echo $(($1 * $2)) > "$3"', long, "${{ matrix.x }}", "${{ tasks.seed.outputs.n }}", "${{ outputs.y }}"]
    outputs: {y: integer}
  gather:
    command: [sh, -c, 'echo "$1 $(cat "$2")" > "$3"', gather, "${{ tasks.long.outputs.y }}", "${{ tasks.seed.outputs.table }}",
              "${{ outputs.all }}"]
    outputs: {all: string}
outputs:
  all: ${{ tasks.gather.outputs.all }}
"""
EXPECTED = {"all": "[7,14,21] a table"}


def is_our_cluster():
    """Whether scripts/cluster runs the cluster of these tests, so that its daemons may be killed."""
    words = ["env", "-u", "KFRUN_TEST_KUBECONFIG", str(TREE / "scripts/cluster/env")]
    result = subprocess.run(words, capture_output=True, text=True)
    return result.returncode == 0 and f"KUBECONFIG={KUBECONFIG}\n" in result.stdout


def part(verb, name):
    subprocess.run([PART, verb, name], check=True, capture_output=True)


class FakeNode:
    """A healthy second node on which nothing can run: where all nodes are lost, Kubernetes takes no pod from any."""

    def __init__(self):
        self.name = "kfrun-fake"
        node = {"apiVersion": "v1", "kind": "Node",
                "metadata": {"name": self.name},
                "spec": {"taints": [{"key": "kfrun.dev/fake", "effect": "NoSchedule"}]},
                "status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "0"}, "capacity": {"cpu": "1", "memory": "1Gi", "pods": "0"},
                           "conditions": [{"type": "Ready", "status": "True", "reason": "Fake", "lastHeartbeatTime": self.now()[:19] + "Z"}]}}
        self.apply(node)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.beat)
        self.thread.start()

    @staticmethod
    def now():
        return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    @staticmethod
    def apply(thing):
        subprocess.run(["kubectl", "--kubeconfig", KUBECONFIG, "apply", "--server-side", "-f", "-"], input=json.dumps(thing), text=True,
                       check=True, capture_output=True)

    def beat(self):
        while True:
            self.apply({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                        "metadata": {"name": self.name, "namespace": "kube-node-lease"},
                        "spec": {"holderIdentity": self.name, "leaseDurationSeconds": 8, "renewTime": self.now()}})
            if self.stop.wait(2):
                return

    def close(self):
        self.stop.set()
        self.thread.join()
        kubectl("delete", "node", self.name)
        kubectl("delete", "lease", self.name, "-n", "kube-node-lease", "--ignore-not-found")


class OnACluster(ClusterCase):
    def need_daemons(self):
        if not is_our_cluster():
            self.skipTest("the daemons of this cluster are not ours to kill")

    def kill_part(self, name):
        part("kill", name)
        self.addCleanup(lambda: subprocess.run([PART, "start", name], capture_output=True))

    def start_part(self, name):
        part("start", name)
        if name == "apiserver":
            self.until(lambda: subprocess.run(["kubectl", "--kubeconfig", KUBECONFIG, "get", "--raw", "/readyz"],
                                              capture_output=True).returncode == 0, "the API server is ready")
        if name == "kubelet":
            self.until(lambda: "True" in kubectl("get", "node", NODE, "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].status}"),
                       "the node is ready")

    def pods(self, task=""):
        pods = json.loads(kubectl("get", "pods", "-l", "kfrun.dev/run", "-o", "json", *self.here))["items"]
        return [pod for pod in pods if pod["metadata"]["annotations"]["kfrun.dev/path"].startswith(task)]

    def running(self, task):
        return [pod["metadata"]["name"] for pod in self.pods(task)
                if pod["status"]["phase"] == "Running" and not pod["metadata"].get("deletionTimestamp")]

    def begin(self, text=PIPELINE % BUSYBOX, task="long", count=3):
        """A run, and the pods of `task` that run."""
        process = self.start("submit", self.pipeline(text), *self.here, "--progress", "plain", "-o", "json", "--id", "chaos")

        def pods():
            if process.poll() is not None:
                self.fail("it ended early:\n" + "".join(process.communicate()))
            names = self.running(task)
            return names if len(names) >= count else []

        return process, self.until(pods, "its pods run")

    def check(self, process, outputs=None, attempts=None):
        """It ended well, each attempt is recorded once, and nothing is left."""
        out, err = process.communicate(timeout=150)
        self.assertEqual(process.returncode, 0, out + err)
        run = json.loads(out)
        if outputs:
            self.assertEqual(run["outputs"], outputs)
        self.assertEqual(set(states(run).values()), {"succeeded"})
        if attempts:
            counts = collections.Counter()
            for task in run["tasks"]:
                counts[task["task"].partition("#")[0]] += task["attempts"]
            self.assertEqual(counts, attempts, err)
        self.assertEqual(faults.faults_of_record(faults.record_of(self.namespace, "chaos")), [])
        # A pod that is being deleted has some seconds for it.
        self.until(lambda: not faults.leftovers(self.namespace, "chaos"), "nothing is left behind")
        return err

    def failures(self):
        return [(line["outcome"]["failure"], line["outcome"].get("reason", "")) for line in faults.record_of(self.namespace, "chaos")
                if line["event"] == "attempt_ended" and "failure" in line["outcome"]]

    # Loses its first pod, then fails by itself: two failures, one of which is the user's.
    TWICE = f"""\
tasks:
  twice: {{image: '{BUSYBOX}', command: [sh, -c, 'trap "exit 3" TERM; sleep 4 & wait; test "$KFRUN_ATTEMPT" -ge 2'], retry: 1, cache: false}}
"""

    def test_undisturbed(self):
        process, _ = self.begin()
        self.check(process, EXPECTED, {"seed": 1, "long": 3, "gather": 1})

    def test_a_pod_is_deleted(self):
        process, pods = self.begin(self.TWICE, "twice", 1)
        kubectl("delete", "pod", *pods, *self.here, "--wait=false")
        self.check(process, attempts={"twice": 3})
        self.assertEqual([failure for failure, _ in self.failures()], ["infrastructure", "user"])

    def test_a_pod_is_evicted(self):
        process, pods = self.begin(self.TWICE, "twice", 1)
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pods[0], "namespace": self.namespace}}
        file = self.folder / "eviction.json"
        file.write_text(json.dumps(eviction))
        kubectl("create", "--raw", f"/api/v1/namespaces/{self.namespace}/pods/{pods[0]}/eviction", "-f", file)
        err = self.check(process, attempts={"twice": 3})
        self.assertEqual(self.failures(), [("infrastructure", "EvictionByEvictionAPI"), ("user", "")])
        self.assertIn("Eviction API", err)

    def test_out_of_memory(self):
        text = (f"tasks:\n  hungry: {{image: '{BUSYBOX}', resources: {{limits: {{memory: 24Mi}}}}, retry: 1, cache: false,\n"
                "    command: [sh, -c, 'echo eating; test \"$KFRUN_ATTEMPT\" -ge 1 || tail /dev/zero']}\n")
        process = self.start("submit", self.pipeline(text), *self.here, "--progress", "plain", "-o", "json", "--id", "chaos")
        err = self.check(process, attempts={"hungry": 2})
        self.assertEqual(self.failures(), [("user", "OOMKilled")])
        self.assertIn("24Mi", err)

    def test_a_node_is_tainted(self):
        process, pods = self.begin()
        self.addCleanup(lambda: subprocess.run(["kubectl", "--kubeconfig", KUBECONFIG, "taint", "node", NODE, "kfrun.dev/chaos-"],
                                               capture_output=True))
        kubectl("taint", "node", NODE, "kfrun.dev/chaos=now:NoExecute")
        self.until(lambda: not set(pods) & set(self.running("long")), "the node is empty")
        line = ""
        while "tainted kfrun.dev/chaos" not in line:  # what nodes have free, behind the scheduler's words
            line = process.stderr.readline()
            self.assertTrue(line, "it does not say why it waits")
        kubectl("taint", "node", NODE, "kfrun.dev/chaos-")
        self.check(process, EXPECTED)
        self.assertEqual(set(self.failures()), {("infrastructure", "DeletionByTaintManager")})

    def test_what_no_node_has_is_waited_for_as_long_as_wished(self):
        file = self.pipeline(f"tasks:\n  big: {{image: '{BUSYBOX}', command: [\"true\"], resources: {{requests: {{cpu: 900}}}}}}\n")
        result = self.kfrun("submit", file, *self.here, "--progress", "plain", "--unschedulable-timeout", "4s", code=1)
        self.assertRegex(result.stderr, r"failed .*Insufficient cpu.* free: .*cpu.*memory")
        self.until(lambda: not self.pods(), "its pod goes")

    def test_the_api_server_is_killed(self):
        self.need_daemons()
        process, _ = self.begin()
        self.kill_part("apiserver")
        self.assertRaises(subprocess.TimeoutExpired, process.wait, 3)
        self.start_part("apiserver")
        self.check(process, EXPECTED, {"seed": 1, "long": 3, "gather": 1})

    def test_the_kubelet_is_killed(self):
        self.need_daemons()
        process, _ = self.begin()
        self.kill_part("kubelet")
        self.assertRaises(subprocess.TimeoutExpired, process.wait, 6)  # containers end meanwhile
        self.start_part("kubelet")
        self.check(process, EXPECTED, {"seed": 1, "long": 3, "gather": 1})

    def test_a_node_is_lost(self):
        """`again` does not wait for what ran there; what `ended` came to is not lost."""
        self.need_daemons()
        self.addCleanup(FakeNode().close)
        soon = [{"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}
                for key in ("not-ready", "unreachable")]
        process, pods = self.begin(f"""\
defaults: {{image: '{BUSYBOX}', cache: false}}
tasks:
  again:
    command: [sh, -c, 'test "$KFRUN_ATTEMPT" -gt 0 || sleep 300']
    onNodeLoss: {{retry-after: 1s}}
  ended:
    command: [sh, -c, 'sleep 9']  # ends without its kubelet, which is away for longer
    pod: {{spec: {{tolerations: {json.dumps(soon)}}}}}
""", "", 2)
        self.kill_part("kubelet")
        self.until(lambda: len(self.pods("again")) == 2, "it runs again")
        self.assertEqual(len(self.pods("ended")), 1)
        self.start_part("kubelet")
        err = self.check(process, attempts={"again": 2, "ended": 1})
        self.assertEqual(self.failures(), [("infrastructure", "NodeLost")])
        self.assertIn("does not answer: waiting", err)

    def test_all_at_once(self):
        """The driver, the API server and the kubelet die, and a pod is deleted before the driver comes back."""
        self.need_daemons()
        process, pods = self.begin()
        self.kill_part("apiserver")
        self.kill(process)
        self.kill_part("kubelet")
        self.start_part("apiserver")
        kubectl("delete", "pod", pods[0], *self.here, "--grace-period=0", "--force")
        self.start_part("kubelet")
        process = self.start("resume", "chaos", *self.here, "--progress", "plain", "-o", "json")
        self.check(process, EXPECTED)
        self.assertEqual(self.failures(), [("infrastructure", "PodLost")])

    def test_the_driver_is_killed_while_the_api_server_is_away(self):
        self.need_daemons()
        process, _ = self.begin()
        self.kill_part("apiserver")
        self.kill(process)
        self.start_part("apiserver")
        self.check(self.start("resume", "chaos", *self.here, "--progress", "plain", "-o", "json"), EXPECTED,
                   {"seed": 1, "long": 3, "gather": 1})


require_cluster()
main()
