"""Where runs are looked for, and what is said when they are not there."""

import json
import os
import signal
import subprocess
import time

from api_server import ApiServer
from harness import KFRUN, Case, main

HELLO = "examples/hello/pipeline.yaml"
END = json.dumps({"state": "succeeded", "at": "2026-01-01T00:05:00Z", "done": 2, "tasks": 2})


class OnThisMachine(Case):
    def test_a_state_folder_that_cannot_be(self):
        (self.folder / "file").write_text("")
        self.environment["KFRUN_STATE_DIR"] = str(self.folder / "file")
        for words in (["runs"], ["get", "@latest"], ["submit", HELLO, "--local"]):
            with self.subTest(words):
                error = self.kfrun(*words, code=2).stderr
                self.assertIn(str(self.folder / "file"), error)
                self.assertIn("Not a directory", error)

    def test_a_state_folder_without_rights(self):
        self.state.mkdir(mode=0o555)
        self.folder.chmod(0o755)
        nobody = {"user": 65534} if os.geteuid() == 0 else {}
        error = self.kfrun("runs", code=2, cwd="/", **nobody).stderr
        self.assertIn("Permission denied", error)
        self.assertIn("KFRUN_STATE_DIR", error)

    def test_one_bad_record(self):
        run = self.run_of(HELLO, "--local")
        bad = self.state / "runs/bad-1"
        bad.mkdir()
        (bad / "head.json").write_text("{")
        result = self.kfrun("runs", "-o", "name")
        self.assertEqual(result.stdout, run["id"] + "\n")
        self.assertIn("run bad-1 is passed over", result.stderr)
        self.assertEqual(self.kfrun("get", "@latest", "-o", "name").stdout, run["id"] + "\n")
        self.assertIn("bad-1", self.kfrun("gc", "--older-than", "1h").stderr)
        self.kfrun("delete", "--force", "bad-1")
        self.assertEqual(self.kfrun("runs").stderr, "")

    def test_artifacts_that_nothing_names_are_collected(self):
        path = self.pipeline("""\
tasks:
  make: {command: [sh, -c, 'printf %2048s x > "$0"', "${{ outputs.file }}"], outputs: {file: artifact}}
""")
        gc = lambda *flags: self.kfrun("gc", "--local", *flags)
        first = self.run_of(path, "--local")
        (artifact,) = (self.state / "store").iterdir()
        self.age(artifact)
        self.assertIn("0 gone", gc().stderr)  # the run names it
        self.kfrun("delete", first["id"])
        self.assertIn("0 gone", gc().stderr)  # the cache names it
        (self.state / "cache.log").unlink()
        would = gc("--dry-run")
        self.assertIn(f"artifact {artifact.name}/file: no run and no cached result names it, 2.0 KiB", would.stdout)
        self.assertIn("1 would go, 2.0 KiB", would.stderr)
        self.assertTrue((artifact / "file").exists())
        os.utime(artifact)
        self.assertIn("younger than an hour stay: 1", gc().stderr)
        self.assertTrue((artifact / "file").exists())
        self.age(artifact)
        self.assertIn("1 gone, 2.0 KiB", gc().stderr)
        self.assertEqual(list((self.state / "store").iterdir()), [])

    def test_an_artifact_that_a_run_makes_again_is_young_again(self):
        path = self.pipeline("""\
tasks:
  make: {command: [sh, -c, 'echo x > "$0"', "${{ outputs.file }}"], outputs: {file: artifact}}
""")
        self.run_of(path, "--local")
        (artifact,) = (self.state / "store").iterdir()
        self.age(artifact)
        (self.state / "cache.log").unlink()
        for run in self.runs():
            self.kfrun("delete", run)
        self.kfrun("delete", self.run_of(path, "--local")["id"])
        (self.state / "cache.log").unlink()
        self.assertIn("younger than an hour stay: 1", self.kfrun("gc", "--local").stderr)
        self.assertTrue((artifact / "file").exists())

    def age(self, path):
        then = time.time() - 2 * 3600
        os.utime(path, (then, then))

    def test_a_run_that_is_not_there(self):
        run = self.run_of(HELLO, "--local")
        self.assertIn("did you mean '@latest'?", self.kfrun("get", "@lates", code=2).stderr)
        self.assertIn(f"did you mean '{run['id']}'?", self.kfrun("get", run["id"][:-1] + "_", code=2).stderr)
        self.assertIn(f"on this machine ({self.state})", self.kfrun("get", "nope", code=2).stderr)

    def test_stopped_just_as_it_ends(self):
        run = self.run_of(HELLO, "--local")
        record = self.state / "runs" / run["id"] / "record.ndjson"
        *lines, last = record.read_text().splitlines(keepends=True)
        record.write_text("".join(lines))
        holder = subprocess.Popen(["flock", record, "sleep", "60"])
        self.started.append(holder)
        self.until(lambda: subprocess.run(["flock", "-n", record, "true"]).returncode == 1, "the lock")
        stop = self.start("stop", run["id"])
        self.until((record.parent / "stop").exists, "the wish")
        with record.open("a") as file:
            file.write(last)
        out, err = self.finish(stop, 1)
        self.assertEqual(out, "")
        self.assertIn("had ended by then: succeeded", err)


class OnACluster(Case):
    def setUp(self):
        super().setUp()
        self.server = ApiServer()
        self.there = ["--server", self.server.url]

    def tearDown(self):
        self.server.close()
        super().tearDown()

    def head(self, run, created="2026-01-01T00:00:00Z", **data):
        head = {"id": run, "name": "test", "namespace": "default", "executor": "kubernetes", "created": created, "maxParallel": 0}
        labels = {"kfrun.dev/run": run, "kfrun.dev/kind": "run"}
        self.server.put("default", "configmaps", {"metadata": {"name": f"kfrun-{run}", "labels": labels},
                                                  "data": {"head": json.dumps(head)} | data})

    def log(self, run, *entries):
        labels = {"kfrun.dev/run": run, "kfrun.dev/kind": "log"}
        text = "".join(json.dumps(entry) + "\n" for entry in entries)
        self.server.put("default", "configmaps", {"metadata": {"name": f"kfrun-{run}-log-0", "labels": labels}, "data": {"0000": text}})

    def test_denied(self):
        self.server.refuse = 403
        result = self.kfrun("runs", *self.there, code=4)
        self.assertEqual(result.stdout, "")
        self.assertIn("the test forbids it", result.stderr)
        self.kfrun("get", "@latest", *self.there, code=4)

    def test_a_namespace_has_its_own_runs_only(self):
        here = self.run_of(HELLO, "--local")["id"]
        self.head("there-1", end=END)
        self.assertEqual(self.kfrun("runs", *self.there, "-o", "name").stdout, "there-1\n")
        self.assertEqual(self.kfrun("runs", *self.there, "--local", "-o", "name").stdout, here + "\n")
        self.assertEqual(self.kfrun("get", "@latest", *self.there, "-o", "name").stdout, "there-1\n")
        error = self.kfrun("get", here, *self.there, "-n", "default", code=2).stderr
        self.assertIn(f"in namespace default of {self.server.url}", error)
        self.assertNotIn("on this machine", error)

    def test_ended_runs_are_listed_from_their_heads(self):
        self.head("ended-1", "2026-01-01T00:00:00Z", end=END)
        self.head("open-1", "2026-01-01T01:00:00Z")
        self.log("open-1", {"at": "2026-01-01T01:00:00Z", "event": "run_started"},
                 {"at": "2026-01-01T01:00:01Z", "event": "attempt_started", "instance": "a", "task": "a"})
        self.head("bad-1", "2026-01-01T02:00:00Z", head="{")
        self.server.requests.clear()
        result = self.kfrun("runs", *self.there)
        rows = [line.split() for line in result.stdout.splitlines()[1:]]
        self.assertEqual([(row[0], row[1], row[-2], row[-1]) for row in rows],
                         [("open-1", "interrupted", "1.0s", "0/1"), ("ended-1", "succeeded", "5m00s", "2/2")])
        self.assertIn("run bad-1 is passed over", result.stderr)
        logs = [request for request in self.server.requests if "log" in request]
        self.assertEqual(len(logs), 2, logs)  # once more when nobody carries it: it may have ended in between
        for log in logs:
            self.assertIn("open-1", log)
        self.assertIn("'kfrun resume open-1' goes on", result.stderr)
        self.assertEqual(self.kfrun("get", "@latest", *self.there, "-o", "name").stdout, "open-1\n")

    def test_nobody_is_told_to_be_missing_where_leases_may_not_be_read(self):
        self.head("open-1")
        self.log("open-1", {"at": "2026-01-01T00:00:00Z", "event": "run_started"})
        self.assertIn("interrupted", self.kfrun("get", "open-1", *self.there).stdout)
        self.server.forbidden = {"leases"}
        for words in (["runs"], ["get", "open-1"], ["get", "open-1", "-o", "json"]):
            with self.subTest(words):
                out = self.kfrun(*words, *self.there).stdout
                self.assertIn("running", out)
                self.assertNotIn("interrupted", out)

    def test_the_last_lines_are_followed_through_a_broken_connection(self):
        self.head("open-1")
        entries = [{"at": "2026-01-01T01:00:00Z", "event": "run_started"},
                   {"at": "2026-01-01T01:00:01Z", "event": "attempt_started", "instance": "a", "task": "a"}]
        self.log("open-1", *entries)
        dag = {"name": "test", "tasks": [{"name": "a", "kind": "container"}]}
        labels = {"kfrun.dev/run": "open-1", "kfrun.dev/kind": "plan"}
        self.server.put("default", "configmaps", {"metadata": {"name": "kfrun-open-1-plan-0", "labels": labels},
                                                  "data": {"0000": json.dumps({"format": "kfrun/plan-v1", "name": "test", "dags": [dag]})}})
        lines = [f"line {i}\n" for i in range(10)]
        self.server.log = "".join(lines[:6])
        follow = self.start("logs", "open-1", "a", "--tail", "2", "-f", *self.there)
        out = [follow.stdout.readline(), follow.stdout.readline()]
        self.assertEqual(out, lines[4:6], "" if out[0] else follow.stderr.read())
        self.server.log += lines[6]
        out.append(follow.stdout.readline())
        self.server.break_logs()
        self.server.log += "".join(lines[7:])
        out += [follow.stdout.readline() for _ in range(3)]
        self.assertEqual(out, lines[4:])

    def test_an_image_that_cannot_be_pulled(self):
        path = self.pipeline("tasks: {a: {command: [x], image: no.such/image:1}}\n")
        submit = self.start("submit", path, *self.there, "--progress", "plain")
        pod = self.until(lambda: next(iter(self.server.of("pods")), None), "the pod")
        waiting = {"reason": "ErrImagePull", "message": "no.such/image:1: not found"}
        status = {"name": "main", "image": "no.such/image:1", "state": {"waiting": waiting}}
        self.server.put("default", "pods", pod | {"status": {"phase": "Pending", "containerStatuses": [status]}})
        err = ""
        while "running    a: image no.such/image:1: " not in err:
            err += (line := submit.stderr.readline())
            self.assertTrue(line, err)
        submit.send_signal(signal.SIGINT)
        while "waiting for a (image no.such/image:1: " not in err:
            err += (line := submit.stderr.readline())
            self.assertTrue(line, err)
        run = self.kfrun("runs", *self.there, "-o", "name").stdout.strip()
        self.kfrun("stop", run, *self.there)
        self.until(lambda: not self.server.of("pods"), "the pod's end")
        self.assertEqual([options["gracePeriodSeconds"] for kind, options in self.server.deletions if kind == "pods"], [1])

    def test_a_namespace_that_is_not_there(self):
        error = self.kfrun("submit", HELLO, *self.there, "-n", "absent", code=2, timeout=60).stderr
        self.assertIn("there is no namespace absent", error)
        self.assertIn("kubectl create namespace absent", error)


main()
