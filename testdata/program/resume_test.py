"""Runs on this machine that are left, suspended, killed, tried again."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

from harness import KFRUN, Case, main, states

GATE = """\
params: {folder: {type: string}}
tasks:
  gate:
    command: [sh, -c, 'echo begun; touch $0/begun; while [ ! -e $0/open ]; do sleep 0.02; done; echo 7 > $1', "${{ params.folder }}",
              "${{ outputs.n }}"]
    outputs: {n: integer}
  after: {command: [sh, -c, 'echo after $0', "${{ tasks.gate.outputs.n }}"]}
outputs: {n: "${{ tasks.gate.outputs.n }}"}
"""

FLAKY = """\
params: {folder: {type: string}}
tasks:
  good: {command: [sh, -c, 'echo ran >> $0/good', "${{ params.folder }}"]}
  bad: {command: [sh, -c, 'test -e $0/mended', "${{ params.folder }}"]}
  turn: {matrix: {x: [1, 2]}, command: [sh, -c, 'echo ran >> $0/turn$1; test $1 = 1 || test -e $0/mended', "${{ params.folder }}", "${{ matrix.x }}"]}
  after: {command: [sh, -c, 'echo ran >> $0/after', "${{ params.folder }}"], after: [bad, good]}
finally:
  bye: {command: [sh, -c, 'echo ran >> $0/bye', "${{ params.folder }}"], always: true}
"""


class Resumed(Case):
    def begin(self, *words, text=GATE):
        process = self.start("submit", self.pipeline(text), "--local", "-p", f"folder={self.folder}", *words)
        self.until((self.folder / "begun").exists, "the task begins")
        return process

    def get(self):
        return json.loads(self.kfrun("get", "@latest", "-o", "json").stdout)

    def open(self):
        (self.folder / "open").touch()

    def row(self):
        return self.kfrun("runs", "--local").stdout.splitlines()[1].split()

    def check_is_interrupted(self):
        run = self.get()
        hint = f"nobody carries it; 'kfrun resume {run['id']}' goes on"
        self.assertEqual((run["state"], run["reason"], states(run)), ("interrupted", hint, {"gate": "running"}))
        self.assertIn("state: interrupted\n", self.kfrun("get", "@latest", "-o", "yaml").stdout)
        for form in ("table", "wide"):
            self.assertIn(f"state    interrupted: {hint}\n", self.kfrun("get", "@latest", "-o", form).stdout)
        listed = self.kfrun("runs", "--local")
        self.assertIn(f"'kfrun resume {run['id']}' goes on", listed.stderr)
        self.assertEqual(self.row()[1], "interrupted")
        self.assertEqual(json.loads(self.kfrun("runs", "--local", "-o", "json").stdout)[0]["state"], "interrupted")
        time.sleep(0.2)
        self.assertEqual(self.kfrun("runs", "--local").stdout, listed.stdout, "time stands still")

    def test_killed_and_resumed_without_its_file(self):
        self.kill(self.begin())
        self.check_is_interrupted()
        (self.folder / "pipeline.yaml").unlink()
        self.open()
        run = json.loads(self.kfrun("resume", "@latest", "-o", "json").stdout)
        self.assertEqual((run["state"], run["outputs"], states(run)), ("succeeded", {"n": 7}, {"gate": "succeeded", "after": "succeeded"}))
        self.assertEqual(json.loads(self.kfrun("resume", "@latest", "-o", "json").stdout), run)

    def test_interrupted_once_waits_for_what_runs(self):
        submit = self.begin()
        submit.send_signal(signal.SIGINT)
        self.until(lambda: self.get()["reason"] == "suspended: interrupted", "the record says so")
        self.assertEqual((self.get()["state"], self.row()[1]), ("suspended", "suspended"))
        self.open()
        _, err = self.finish(submit, 130)
        self.assertIn("kfrun resume " + self.get()["id"], err)
        self.assertEqual((self.get()["state"], states(self.get())), ("interrupted", {"gate": "succeeded"}))
        self.assertEqual(self.row()[1], "interrupted")
        self.kfrun("resume", "@latest")
        self.assertEqual((self.get()["state"], self.get()["tasks"][0]["attempts"]), ("succeeded", 1))

    def test_suspended_from_elsewhere_and_continued(self):
        submit = self.begin("--progress", "plain")
        self.assertEqual((self.get()["state"], self.row()[1]), ("running", "running"))
        self.kfrun("suspend", "@latest", "--message", "lunch")
        self.until(lambda: self.get()["reason"] == "suspended: lunch", "the record says so")
        self.assertEqual((self.get()["state"], self.row()[1]), ("suspended", "suspended"))
        line = f"suspended: lunch; 'kfrun resume {self.get()['id']}' goes on\n"
        self.assertIn("state    " + line, self.kfrun("get", "@latest").stdout)
        self.open()
        self.until(lambda: states(self.get())["gate"] == "succeeded", "what runs goes on")
        self.assertNotIn("after", states(self.get()))
        follower = self.kfrun("resume", "@latest", "-o", "json")
        self.assertIn("being carried by another kfrun", follower.stderr)
        self.assertEqual(json.loads(follower.stdout)["state"], "succeeded")
        self.assertEqual(self.finish(submit, 0)[1].count(line), 1)

    def test_a_stop_outlives_the_kfrun_that_did_not_hear_of_it(self):
        submit = self.begin()
        submit.send_signal(signal.SIGSTOP)
        self.assertIn("will stop", self.kfrun("stop", "@latest", "--message", "enough").stdout)
        submit.kill()
        submit.communicate()
        run = json.loads(self.kfrun("resume", "@latest", "-o", "json", code=1).stdout)
        self.assertEqual((run["state"], states(run)["gate"]), ("stopped", "stopped"))
        self.open()
        self.assertEqual(json.loads(self.kfrun("retry", "@latest", "-o", "json").stdout)["state"], "succeeded")

    def test_submitting_the_same_run_again_follows_it(self):
        first = self.begin("--id", "mine")
        second = self.start("submit", self.folder / "pipeline.yaml", "--local", "-p", f"folder={self.folder}", "--id", "mine",
                            "--progress", "plain")
        self.assertIn("follows it", second.stderr.readline())
        self.open()
        self.finish(first, 0)
        _, err = self.finish(second, 0)
        self.assertIn("after", err)
        self.assertEqual(self.runs(), ["mine"])
        self.kfrun("submit", self.folder / "pipeline.yaml", "--local", "-p", "folder=/", "--id", "mine", code=1)

    def test_a_follower_takes_over(self):
        first = self.begin("--id", "mine")
        second = self.start("resume", "mine", "--local")
        self.assertIn("follows it", second.stderr.readline())
        self.kill(first)
        self.open()
        self.finish(second, 0)

    def test_a_run_that_nobody_carries_is_stopped(self):
        text = GATE + "finally:\n  bye: {command: [sh, -c, 'touch $0/bye', '${{ params.folder }}'], always: true}\n"
        self.kill(self.begin(text=text))
        self.assertIn("stopped", self.kfrun("stop", "@latest").stdout)
        self.assertEqual(states(self.get()), {"gate": "stopped", "after": "stopped", "bye": "succeeded"})

    def test_waiting_shows_progress(self):
        submit = self.begin()
        wait = self.start("wait", "@latest", "--follow")
        self.open()
        self.assertIn("after", self.finish(wait, 0)[1])
        self.finish(submit, 0)


class TriedAgain(Case):
    def test_what_succeeded_is_kept(self):
        self.kfrun("submit", self.pipeline(FLAKY), "--local", "-p", f"folder={self.folder}", code=1)
        first = json.loads(self.kfrun("get", "@latest", "-o", "json").stdout)
        self.assertEqual((first["state"], states(first)["after"]), ("failed", "omitted"))
        self.kfrun("retry", "@latest", code=1)
        (self.folder / "mended").touch()
        run = json.loads(self.kfrun("retry", "@latest", "-o", "json").stdout)
        self.assertEqual((run["id"], run["state"], set(states(run).values())), (first["id"], "succeeded", {"succeeded"}))
        attempts = {task["task"]: task["attempts"] for task in run["tasks"]}
        self.assertEqual(attempts, {"good": 1, "bad": 3, "turn#0": 1, "turn#1": 3, "after": 1, "bye": 3})
        count = {name: len((self.folder / name).read_text().split()) for name in ("good", "turn1", "turn2", "after", "bye")}
        self.assertEqual(count, {"good": 1, "turn1": 1, "turn2": 3, "after": 1, "bye": 3})
        self.assertIn("nothing to retry", self.kfrun("retry", "@latest", code=1).stderr)


class Killed(Case):
    def test_behind_every_line_of_the_record(self):
        faults = pathlib.Path(__file__).with_name("faults.py")
        result = subprocess.run([sys.executable, "-B", faults, "local", "--kills", "40"], capture_output=True, text=True,
                                env=os.environ | {"KFRUN": KFRUN})
        print(result.stdout, file=sys.stderr)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


main()
