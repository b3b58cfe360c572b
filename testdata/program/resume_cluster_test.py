"""Runs on a real cluster that are left, carried by two, suspended, tried again, and what they leave behind."""

import json
import signal

from cluster import BUSYBOX, ClusterCase, kubectl, require_cluster
from harness import main, states


class OnACluster(ClusterCase):
    def tearDown(self):
        for pod in self.objects("pods"):
            if pod["metadata"].get("finalizers"):
                kubectl("patch", "pod", pod["metadata"]["name"], *self.here, "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
        super().tearDown()

    def objects(self, kind):
        return json.loads(kubectl("get", kind, "-l", "kfrun.dev/run", "-o", "json", *self.here))["items"]

    def task(self, name, script, more=""):
        return f"  {name}: {{image: '{BUSYBOX}', command: [sh, -c, '{script}'], cache: false{more}}}\n"

    def get(self):
        return json.loads(self.kfrun("get", "@latest", "-o", "json", *self.here).stdout)

    def begin(self, text):
        process = self.start("submit", self.pipeline(text), *self.here, "--progress", "plain")
        self.until(lambda: any(pod["status"]["phase"] == "Running" for pod in self.objects("pods")), "a pod runs")
        return process

    def test_killed_and_resumed_from_elsewhere(self):
        self.kill(self.begin("tasks:\n" + self.task("nap", "sleep 6") + self.task("after", "true", ", after: [nap]")))
        (self.folder / "pipeline.yaml").unlink()
        self.environment["KFRUN_STATE_DIR"] = str(self.folder / "another machine")
        run = json.loads(self.kfrun("resume", "@latest", "-o", "json", *self.here).stdout)
        self.assertEqual((run["state"], [task["attempts"] for task in run["tasks"]]), ("succeeded", [1, 1]))
        self.assertEqual(len(self.objects("pods")), 2)
        self.assertEqual(self.objects("leases"), [])

    def test_a_pod_that_went_while_nobody_looked(self):
        self.kill(self.begin("tasks:\n" + self.task("nap", "sleep 8")))
        kubectl("delete", "pods", "--all", "--grace-period=0", "--force", *self.here)
        run = json.loads(self.kfrun("resume", "@latest", "-o", "json", *self.here).stdout)
        self.assertEqual((run["state"], run["tasks"][0]["attempts"]), ("succeeded", 2))

    def test_two_drivers(self):
        first = self.begin("tasks:\n" + self.task("nap", "sleep 12") + self.task("after", "true", ", after: [nap]"))
        second = self.start("resume", "@latest", "--progress", "plain", *self.here)
        self.assertIn("follows it", second.stderr.readline())
        self.kill(first)
        self.assertIn("after", self.finish(second, 0)[1])
        self.assertEqual(len(self.objects("pods")), 2)

    def test_a_driver_that_was_taken_for_dead(self):
        first = self.begin("tasks:\n" + self.task("nap", "sleep 40") + self.task("after", "true", ", after: [nap]"))
        first.send_signal(signal.SIGSTOP)
        second = self.start("resume", "@latest", "--progress", "plain", *self.here)

        def holder():
            return [lease["spec"]["holderIdentity"].split("_")[1] for lease in self.objects("leases")]

        self.until(lambda: holder() == [str(second.pid)], "the lease was over")
        first.send_signal(signal.SIGCONT)
        self.finish(second, 0)
        out, err = self.finish(first, 0)
        self.assertIn("being carried by another kfrun", err)
        ends = [line for pieces in (o["data"] for o in self.objects("configmaps") if o["metadata"]["labels"].get("kfrun.dev/kind") == "log")
                for piece in pieces.values() for line in piece.splitlines() if '"attempt_ended"' in line]
        self.assertEqual(len(ends), 2, "each attempt is recorded once")

    def test_suspended_and_continued_from_elsewhere(self):
        submit = self.begin("tasks:\n" + self.task("nap", "sleep 6") + self.task("after", "true", ", after: [nap]"))
        self.kfrun("suspend", "@latest", "--message", "lunch", *self.here)
        self.until(lambda: states(self.get())["nap"] == "succeeded", "what runs goes on")
        self.assertEqual((self.get()["reason"], states(self.get())), ("suspended: lunch", {"nap": "succeeded"}))
        self.kfrun("resume", "@latest", *self.here)
        self.finish(submit, 0)

    def test_what_succeeded_is_kept_in_a_retry(self):
        text = "tasks:\n" + self.task("good", "true") + self.task("bad", 'test "$KFRUN_ATTEMPT" -ge 1')
        self.kfrun("submit", self.pipeline(text), *self.here, code=1)
        run = json.loads(self.kfrun("retry", "@latest", "-o", "json", *self.here).stdout)
        self.assertEqual((run["state"], [task["attempts"] for task in run["tasks"]]), ("succeeded", [1, 2]))

    def test_what_is_to_run_once_waits_to_be_recorded(self):
        self.kill(self.begin("tasks:\n" + self.task("single", "sleep 3", ", once: true")))
        self.until(lambda: self.objects("pods")[0]["status"]["phase"] == "Succeeded", "it ends while nobody looks")
        kubectl("delete", "pods", "--all", "--wait=false", *self.here)
        self.assertIn("0 would go", self.kfrun("gc", "--dry-run", *self.here).stderr)
        run = json.loads(self.kfrun("resume", "@latest", "-o", "json", *self.here).stdout)
        self.assertEqual((run["state"], run["tasks"][0]["attempts"]), ("succeeded", 1))
        self.until(lambda: not self.objects("pods"), "it may go then")

    def test_what_dead_runs_left_is_collected(self):
        self.kill(self.begin("tasks:\n" + self.task("single", "sleep 300", ", once: true")))
        kubectl("delete", "configmap", "-l", "kfrun.dev/kind=run", *self.here)
        self.until(lambda: "finalizer" in json.dumps(self.objects("pods")) or self.objects("pods"), "its pod is held")
        self.kfrun("gc", *self.here)
        self.until(lambda: not any(self.objects(kind) for kind in ("pods", "leases", "configmaps")), "nothing is left")

    def test_a_pod_that_came_after_its_run_had_ended_is_collected(self):
        """As when kfrun was killed while it asked for one."""
        self.kfrun("submit", self.pipeline("tasks:\n" + self.task("nap", "true")), *self.here)
        pod = self.objects("pods")[0]
        labels = {name: pod["metadata"]["labels"][name] for name in ("kfrun.dev/run", "kfrun.dev/task")}
        late = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "late", "labels": labels},
                "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0,
                         "containers": [{"name": "main", "image": BUSYBOX, "command": ["sleep", "300"]}]}}
        file = self.folder / "late.json"
        file.write_text(json.dumps(late))
        kubectl("create", "-f", file, *self.here)
        self.kfrun("gc", *self.here)
        self.until(lambda: [pod["metadata"]["name"] for pod in self.objects("pods")] == [pod["metadata"]["name"]], "only that one goes")


require_cluster()
main()
