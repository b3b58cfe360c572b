"""Runs on this machine, whole: from the command line to outputs, logs, records and exit codes."""

import json
import os
import signal
import subprocess
import time

from harness import KFRUN, TREE, Case, main, path_of, states

HELLO = "examples/hello/pipeline.yaml"
# Says when it has begun, and goes on when the test lets it.
GATE = """\
params: {folder: {type: string}}
tasks:
  gate:
    command: [sh, -c, 'echo begun; touch $0/begun; while [ ! -e $0/open ]; do sleep 0.02; done; echo opened', "${{ params.folder }}"]
"""


class Hello(Case):
    def test_outputs_records_and_cache(self):
        result = self.kfrun("submit", HELLO, "--local")
        self.assertIn("hello, world", result.stdout)
        self.assertIn(str(self.state), result.stderr)  # where logs and artifacts are
        run = json.loads(self.kfrun("get", "@latest", "-o", "json").stdout)
        self.assertEqual(run["outputs"], {"greeting": "hello, world"})
        self.assertEqual(states(run), {"greet": "succeeded", "shout": "succeeded"})
        self.assertEqual(self.kfrun("logs", "@latest", "shout").stdout, "HELLO, WORLD\n")
        self.assertEqual(self.kfrun("logs", "@latest").stdout, "shout | HELLO, WORLD\n")

        again = self.run_of(HELLO, "--local")
        self.assertEqual(states(again), {"greet": "cached", "shout": "succeeded"})  # shout has no outputs to take from the cache
        self.assertEqual(again["outputs"], run["outputs"])
        logs = self.kfrun("logs", again["id"], "greet")
        self.assertEqual(logs.stdout, "")
        self.assertIn("cached", logs.stderr)
        fresh = self.run_of(HELLO, "--local", "--no-cache")
        self.assertEqual(set(states(fresh).values()), {"succeeded"})
        other = self.run_of(HELLO, "--local", "-p", "name=you")
        self.assertEqual(other["outputs"], {"greeting": "hello, you"})
        self.assertEqual(states(other)["greet"], "succeeded")

        self.assertEqual(self.runs(), [other["id"], fresh["id"], again["id"], run["id"]])
        self.kfrun("delete", run["id"], again["id"])
        self.assertEqual(self.runs(), [other["id"], fresh["id"]])
        self.kfrun("get", run["id"], code=2)

    def test_ways_to_print(self):
        for form in ("table", "wide", "json", "yaml", "name"):
            with self.subTest(form):
                printed = self.kfrun("submit", HELLO, "--local", "-o", form).stdout
                self.assertIn("hello", printed)
                self.assertEqual(printed, self.kfrun("get", "@latest", "-o", form).stdout)
        self.assertEqual(self.kfrun("submit", HELLO, "--local", "--dry-run").stdout, self.kfrun("compile", HELLO).stdout)
        self.assertEqual(len(self.runs()), 5)

    def test_progress(self):
        quiet = self.kfrun("submit", HELLO, "--local", "--progress", "quiet")
        self.assertEqual(quiet.stderr, "")
        lines = self.kfrun("submit", HELLO, "--local", "--progress=json").stderr.splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{")]
        self.assertIn(("greet", "cached"), [(event["instance"], event["state"]) for event in events])
        plain = self.kfrun("submit", HELLO, "--local", "--no-cache").stderr
        self.assertRegex(plain, r"(?m)^\d\d:\d\d:\d\d  succeeded +greet$")
        self.environment["CLICOLOR_FORCE"] = "1"
        self.assertIn("\033[32m", self.kfrun("submit", HELLO, "--local").stderr)
        self.environment["NO_COLOR"] = "1"
        self.assertNotIn("\033", self.kfrun("submit", HELLO, "--local").stderr)

    def test_parameters_from_files(self):
        (self.folder / "p.yaml").write_text("name: file\n")
        self.assertEqual(self.run_of(HELLO, "--local", "-P", self.folder / "p.yaml")["outputs"], {"greeting": "hello, file"})
        (self.folder / "name").write_text("at sign")
        self.assertEqual(self.run_of(HELLO, "--local", "-p", f"name=@{self.folder}/name")["outputs"], {"greeting": "hello, at sign"})

    def test_a_reader_that_goes_away(self):
        self.kfrun("submit", HELLO, "--local")
        read, write = os.pipe()
        os.close(read)
        process = subprocess.run([KFRUN, "get", "@latest"], stdout=write, stderr=subprocess.PIPE, env=self.environment)
        os.close(write)
        self.assertEqual((process.returncode, process.stderr), (0, b""))


class Digits(Case):
    def by_hand(self):
        """The same scripts in the same order, without kfrun: the metrics that must come out."""
        scripts, folder = TREE / "examples/digits", self.folder / "hand"
        folder.mkdir()
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

        def python(script, *words):
            subprocess.run(["/usr/bin/python3", scripts / script, *map(str, words)], cwd=folder, env=environment, check=True,
                           stdout=subprocess.DEVNULL)

        python("load.py", "table", "images")
        python("split.py", "table", 7, "train", "choose", "test")
        models, accuracies = [], []
        for gamma in (0.0002, 0.001, 0.005):
            for penalty in (1, 10):
                models.append(f"model-{gamma}-{penalty}")
                python("train.py", "--train=train", "--choose=choose", f"--gamma={gamma}", f"--penalty={penalty}",
                       f"--model={models[-1]}", "--accuracy=accuracy")
                accuracies.append(float((folder / "accuracy").read_text()))
        python("choose.py", f"--models={json.dumps(models)}", f"--accuracies={json.dumps(accuracies)}", "--best=best", "--index=index")
        python("evaluate.py", "best", "test", "metrics", "accuracy")
        return json.loads((folder / "metrics").read_text()), int((folder / "index").read_text())

    def test_metrics_are_those_of_the_scripts_alone(self):
        metrics, best = self.by_hand()
        run = self.run_of("examples/digits/pipeline.yaml", "--local")
        found = states(run)
        self.assertEqual({found[f"train#{i}"] for i in range(6)}, {"succeeded"})
        self.assertEqual(found["release"], "succeeded")
        self.assertEqual(json.loads(path_of(run["outputs"]["metrics"]["$artifact"]).read_text()), metrics)
        self.assertEqual((run["outputs"]["accuracy"], run["outputs"]["best"]), (metrics["accuracy"], best))
        self.assertGreaterEqual(metrics["accuracy"], 0.97)

        again = self.run_of("examples/digits/pipeline.yaml", "--local")
        self.assertEqual({state for name, state in states(again).items() if name != "train"}, {"cached"})
        self.assertEqual(again["outputs"], run["outputs"])
        lines = self.kfrun("logs", run["id"], "evaluate").stdout
        self.assertIn(f"accuracy {metrics['accuracy']} on", lines)
        trained = self.kfrun("logs", run["id"], "train").stdout
        self.assertEqual({line.split(" | ")[0] for line in trained.splitlines()}, {f"train#{i}" for i in range(6)})
        self.assertEqual(self.run_of("examples/digits/pipeline.yaml", "--local", "-p", "goal=1.5")["tasks"][-1]["state"], "skipped")


class Components(Case):
    def test_parts_in_other_files(self):
        fine = self.run_of("examples/components/pipeline.yaml", "--local")
        self.assertEqual(states(fine)["again"], "skipped")
        self.assertAlmostEqual(fine["outputs"]["pi"], 3.14, delta=0.03)
        self.assertFalse(fine["outputs"]["thrown-again"])

        coarse = self.run_of("examples/components/pipeline.yaml", "--local", "-p", "points=10", "-p", "throwers=1", "-p", "goal=0.0001")
        self.assertEqual(states(coarse)["again/throw#7"], "succeeded")
        self.assertTrue(coarse["outputs"]["thrown-again"])
        said = self.kfrun("logs", coarse["id"], "report").stdout
        self.assertIn(f"The run succeeded; pi is about {coarse['outputs']['pi']:g}", said)


class WhileItRuns(Case):
    def begin(self, text=GATE, *words):
        process = self.start("submit", self.pipeline(text), "--local", "-p", f"folder={self.folder}", *words)
        self.until((self.folder / "begun").exists, "the task begins")
        return process

    def test_logs_are_followed(self):
        submit = self.begin()
        self.assertEqual(self.kfrun("logs", "@latest", "gate").stdout, "begun\n")
        logs = self.start("logs", "@latest", "-f")
        self.assertEqual(logs.stdout.readline(), "gate | begun\n")
        self.assertIsNone(submit.poll(), "the line came only after the task had ended")
        self.assertEqual(self.kfrun("get", "@latest", "-o", "json").stdout.count('"state": "running"'), 2)
        (self.folder / "open").touch()
        self.assertEqual(self.finish(logs, 0)[0], "gate | opened\n")
        self.finish(submit, 0)
        self.assertEqual(self.kfrun("logs", "@latest", "gate", "--tail", "1").stdout, "opened\n")
        result = self.kfrun("logs", "@latest", "gat", code=2)
        self.assertIn("did you mean 'gate'?", result.stderr)

    def test_waiting_from_elsewhere(self):
        submit = self.begin()
        self.kfrun("wait", "@latest", "--timeout", "200ms", code=124)
        self.kfrun("delete", "@latest", code=1)
        wait = self.start("wait", "@latest")
        (self.folder / "open").touch()
        self.assertIn("succeeded", self.finish(wait, 0)[0])
        self.finish(submit, 0)

    def test_stopped_from_elsewhere(self):
        text = GATE + "finally:\n  bye: {command: [sh, -c, 'touch $0/bye', '${{ params.folder }}'], always: true}\n"
        submit = self.begin(text)
        self.kfrun("stop", "@latest", "--wait", "--message", "wrong data")
        self.finish(submit, 1)
        run = json.loads(self.kfrun("get", "@latest", "-o", "json").stdout)
        self.assertEqual((run["state"], states(run)["gate"]), ("stopped", "stopped"))
        self.assertIn("wrong data", json.dumps(run))
        self.assertTrue((self.folder / "bye").exists(), "the final task ran")
        self.kfrun("stop", "@latest", code=1)
        self.kfrun("wait", "@latest", code=1)

    def test_interrupted_twice_leaves_nothing_running(self):
        stubborn = GATE.replace("echo begun;", 'trap "" TERM; echo $$ > $0/pid; echo begun;')
        submit = self.begin(stubborn)
        submit.send_signal(signal.SIGINT)
        self.until(lambda: submit.stderr.readline().startswith("interrupted"), "it says so")
        begin = time.monotonic()
        submit.send_signal(signal.SIGINT)
        self.finish(submit, 130)
        self.assertLess(time.monotonic() - begin, 5, "it did not wait for the grace period's end")
        pid = int((self.folder / "pid").read_text())
        self.until(lambda: not is_alive(pid), "the task is gone")

    def test_terminated_waits_for_a_while_only(self):
        submit = self.begin(GATE.replace("echo begun;", "echo $$ > $0/pid; echo begun;"))
        begin = time.monotonic()
        submit.send_signal(signal.SIGTERM)
        _, err = self.finish(submit, 130)
        self.assertGreater(time.monotonic() - begin, 9, "it waited for what runs")
        self.assertIn("at most 10 s", err)
        pid = int((self.folder / "pid").read_text())
        self.until(lambda: not is_alive(pid), "the task is gone")
        self.assertEqual(json.loads(self.kfrun("get", "@latest", "-o", "json").stdout)["state"], "interrupted")

    def test_a_time_out(self):
        submit = self.start("submit", self.pipeline(GATE), "--local", "-p", f"folder={self.folder}", "--timeout", "500ms")
        self.finish(submit, 124)
        self.assertEqual(json.loads(self.kfrun("get", "@latest", "-o", "json").stdout)["state"], "stopped")


class Failures(Case):
    def test_a_task_that_fails(self):
        pipeline = self.pipeline("""\
tasks:
  bad: {command: [sh, -c, 'echo what went wrong; exit 3']}
  after: {command: [echo, never], after: [bad]}
""")
        result = self.kfrun("submit", pipeline, "--local", code=1)
        self.assertIn("what went wrong", result.stderr)  # the last lines of its log
        run = json.loads(self.kfrun("get", "@latest", "-o", "json").stdout)
        self.assertEqual((run["state"], states(run)), ("failed", {"bad": "failed", "after": "omitted"}))
        self.kfrun("wait", "@latest", code=1)

    def test_a_retry(self):
        pipeline = self.pipeline("""\
params: {folder: {type: string}}
tasks:
  flaky:
    command: [sh, -c, 'echo try; if [ -e $0/tried ]; then exit 0; fi; touch $0/tried; exit 1', "${{ params.folder }}"]
    retry: 1
""")
        run = self.run_of(pipeline, "--local", "-p", f"folder={self.folder}")
        self.assertEqual((run["tasks"][0]["state"], run["tasks"][0]["attempts"]), ("succeeded", 2))
        self.assertEqual(self.kfrun("logs", run["id"], "flaky").stdout, "try\ntry\n")


class Cache(Case):
    def test_tasks_without_outputs_run_every_time(self):
        published = self.folder / "published"
        path = self.pipeline("params: {n: integer}\ntasks:\n"
                             f"  train: {{script: 'echo model-${{{{ params.n }}}} > {self.folder}/model'}}\n"
                             f"  publish: {{after: [train], script: 'cat {self.folder}/model >> {published}'}}\n"
                             f"  keyed: {{after: [publish], cache: once, script: 'echo keyed >> {published}'}}\n")
        for n in ("1", "2", "2"):
            self.run_of(path, "--local", "-p", f"n={n}")
        self.assertEqual(published.read_text().split(), ["model-1", "keyed", "model-2", "model-2"])

    def test_what_a_program_imports_counts(self):
        path = self.pipeline("tasks:\n  t: {command: [python3, program.py, '${{ outputs.v }}'], outputs: {v: integer}}\n")
        (path.parent / "program.py").write_text("import sys, helper\nopen(sys.argv[1], 'w').write(str(helper.v))\n")
        for value, state in ((1, "succeeded"), (1, "cached"), (22, "succeeded")):
            (path.parent / "helper.py").write_text(f"v = {value}\n")
            run = self.run_of(path, "--local")
            self.assertEqual(states(run), {"t": state})


class Artifacts(Case):
    def test_those_from_the_cache_are_linked_too(self):
        path = self.pipeline("tasks:\n  make: {command: [sh, -c, 'echo 1 > ${{ outputs.model }}'], outputs: {model: artifact}}\n")
        for state in ("succeeded", "cached"):
            run = self.run_of(path, "--local")
            self.assertEqual(states(run), {"make": state})
            link = self.state / "runs" / run["id"] / "artifacts/make/model"
            self.assertEqual(link.read_text(), "1\n")


class Names(Case):
    LOOP = """\
tasks:
  train:
    matrix: {rate: [0.1, 0.2], depth: [3]}
    command: [sh, -c, 'echo fit ${{ matrix.rate }} | tee ${{ outputs.fit }}']
    outputs: {fit: string}
  all:
    uses: "#part"
    matrix: {seed: [7]}
    with: {seed: "${{ matrix.seed }}"}
---
apiVersion: kfrun/v1
kind: Pipeline
name: part
params: {seed: integer}
tasks:
  inner: {command: [sh, -c, 'echo ${{ params.seed }}']}
"""

    def test_turns_have_the_values_of_their_axes(self):
        result = self.kfrun("submit", str(self.pipeline(self.LOOP)) + "#test", "--local")
        for text in (result.stdout, result.stderr, self.kfrun("get", "@latest").stdout):
            self.assertIn("train#1[rate=0.2,depth=3]", text)
            self.assertIn("all#0/inner[seed=7]", text)
        turns = {task["task"]: task.get("turn") for task in json.loads(self.kfrun("get", "@latest", "-o", "json").stdout)["tasks"]}
        self.assertEqual(turns["train#0"], "rate=0.1,depth=3")
        again = self.kfrun("submit", str(self.pipeline(self.LOOP)) + "#test", "--local").stdout
        self.assertRegex(again, r"train#1\[rate=0.2,depth=3\] +cached")

    def test_a_turn_by_its_number_or_as_it_is_shown(self):
        self.kfrun("submit", str(self.pipeline(self.LOOP)) + "#test", "--local")
        for name in ("train#1", "train#1[rate=0.2,depth=3]"):
            self.assertEqual(self.kfrun("logs", "@latest", name).stdout, "fit 0.2\n")

    def test_attempts_count_from_one_everywhere(self):
        path = self.pipeline("tasks:\n  flaky: {retry: 1, command: [sh, -c, 'echo try; test $KFRUN_ATTEMPT = 1']}\n")
        shown = self.kfrun("submit", path, "--local").stderr
        self.assertIn("flaky (attempt 2)", shown)
        self.assertEqual(self.kfrun("logs", "@latest").stdout, "flaky | try\nflaky (attempt 2) | try\n")
        logs = self.state / "runs" / self.runs()[0] / "logs"
        self.assertEqual(sorted(path.name for path in logs.iterdir()), ["flaky.2.log", "flaky.log"])
        lines = self.kfrun("submit", path, "--local", "--no-cache", "--progress", "json").stderr.splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{")]
        self.assertEqual([event["attempt"] for event in events if event["instance"] == "flaky"], [1, 1, 2, 2])

    def test_a_reason_is_told_once(self):
        path = self.pipeline("tasks:\n  bad: {retry: 1, command: [sh, -c, 'echo no such luck; exit 3']}\n")
        result = self.kfrun("submit", path, "--local", code=1)
        self.assertEqual(result.stderr.count("    | no such luck"), 2, result.stderr)  # one an attempt
        self.assertEqual(result.stderr.count("exit code 3"), 2, result.stderr)
        self.assertEqual(result.stdout.count("exit code 3"), 1, result.stdout)
        self.assertIn("state    failed: bad\n", result.stdout)


def is_alive(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


main()
