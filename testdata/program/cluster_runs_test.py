"""The same program against a real cluster: what comes out of a pipeline there is what comes out of it here.

KFRUN_TEST_KUBECONFIG names the cluster; KFRUN_TEST_BUSYBOX and KFRUN_TEST_SKLEARN name images that it can pull."""

import json
import os
import pathlib
import signal

from cluster import BUSYBOX, KUBECONFIG, ClusterCase, kubectl, require_cluster
from harness import TREE, main, states

SKLEARN = os.environ.get("KFRUN_TEST_SKLEARN", "local.test/sklearn:1")
DIGITS = "examples/digits/pipeline.yaml"


class OnACluster(ClusterCase):
    def hello(self):
        text = (TREE / "examples/hello/pipeline.yaml").read_text()
        self.assertIn("busybox:1.36", text)
        path = self.folder / "hello.yaml"
        path.write_text(text.replace("busybox:1.36", BUSYBOX))
        return path

    def sleeper(self, seconds):
        return self.pipeline(f"tasks:\n  nap: {{image: '{BUSYBOX}', command: [sh, -c, 'echo begun; sleep {seconds}; echo woken']}}\n")

    def get(self):
        return json.loads(self.kfrun("get", "@latest", "-o", "json", *self.here).stdout)

    def pods(self):
        return kubectl("get", "pods", "-n", self.namespace, "-o", "name").split()

    def test_hello(self):
        file = self.hello()
        local = self.run_of(file, "--local")
        run = self.run_of(file, *self.here)
        self.assertEqual(run["outputs"], local["outputs"])
        self.assertEqual(states(run), states(local))
        self.assertEqual(self.kfrun("logs", run["id"], "shout", *self.here).stdout, "HELLO, WORLD\n")
        again = self.run_of(file, *self.here)
        self.assertEqual(states(again), {"greet": "cached", "shout": "succeeded"})
        self.assertEqual(again["outputs"], run["outputs"])

        listed = self.kfrun("runs", "-o", "name", *self.here).stdout.split()
        self.assertEqual(listed, [again["id"], run["id"]])
        rows = [line.split() for line in self.kfrun("runs", *self.here).stdout.splitlines()[1:]]
        self.assertEqual([(row[0], row[1], row[-1]) for row in rows],
                         [(again["id"], "succeeded", "2/2"), (run["id"], "succeeded", "2/2")])
        self.kfrun("delete", run["id"], again["id"], *self.here)
        self.assertEqual(self.kfrun("runs", "-o", "name", *self.here).stdout, "")  # the namespace's alone
        self.assertEqual(self.runs(), [local["id"]])
        self.until(lambda: not self.pods(), "the runs' pods are gone")

    def test_digits(self):
        local = self.run_of(DIGITS, "--local")
        run = self.run_of(DIGITS, "-p", f"image={SKLEARN}", *self.here, timeout=600)
        self.assertEqual(states(run), states(local))
        for output in ("accuracy", "best"):
            self.assertEqual(run["outputs"][output], local["outputs"][output])
        for task in ("evaluate", "choose", "release"):
            self.assertEqual(self.kfrun("logs", run["id"], task, *self.here).stdout, self.kfrun("logs", local["id"], task).stdout)
        again = self.run_of(DIGITS, "-p", f"image={SKLEARN}", *self.here)
        self.assertEqual({state for name, state in states(again).items() if name != "train"}, {"cached"})
        self.assertEqual(again["outputs"], run["outputs"])

    def test_logs_are_followed(self):
        submit = self.start("submit", self.sleeper(10), *self.here)
        self.until(lambda: "running" in self.kfrun("runs", *self.here).stdout, "the run is there")
        logs = self.start("logs", "@latest", "-f", *self.here)
        self.assertEqual(logs.stdout.readline(), "nap | begun\n")
        self.assertIsNone(submit.poll(), "the line came only after the task had ended")
        self.assertEqual(self.finish(logs, 0)[0], "nap | woken\n")
        self.finish(submit, 0)

    def running_sleeper(self, *words):
        submit = self.start("submit", self.sleeper(300), *self.here, *words)
        self.until(lambda: self.pods() and "running" in states(self.get()).values(), "the pod runs")
        return submit

    def test_stopped_from_elsewhere(self):
        submit = self.running_sleeper()
        self.kfrun("stop", "@latest", "--wait", *self.here)
        self.finish(submit, 1)
        self.assertEqual(states(self.get()), {"nap": "stopped"})

    def test_interrupted(self):
        submit = self.running_sleeper()
        submit.send_signal(signal.SIGINT)
        self.until(lambda: self.get()["reason"] == "suspended: interrupted", "the record says so")
        submit.send_signal(signal.SIGINT)
        self.assertIn("kfrun resume", self.finish(submit, 130)[1])
        self.assertEqual(states(self.get()), {"nap": "running"})
        self.kfrun("stop", "@latest", *self.here)
        self.assertEqual((self.get()["state"], states(self.get())), ("stopped", {"nap": "stopped"}))

    def test_a_time_out(self):
        self.kfrun("submit", self.sleeper(300), "--timeout", "5s", *self.here, code=124)
        self.assertEqual(self.get()["state"], "stopped")

    def test_denied(self):
        token = pathlib.Path(KUBECONFIG).parent / "token.kubeconfig"
        if not token.exists():
            self.skipTest("this cluster has no user without rights")
        self.kfrun("submit", self.hello(), "--kubeconfig", token, *self.here, code=4)
        self.kfrun("get", "@latest", "--kubeconfig", token, *self.here, code=4)

    def test_an_image_that_is_not_there(self):
        file = self.pipeline("tasks:\n  lost: {image: 'Not/A:Name', command: [echo]}\n")
        result = self.kfrun("submit", file, *self.here, code=1)
        self.assertIn("Not/A:Name", result.stderr)


require_cluster()
main()
