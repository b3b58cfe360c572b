"""Runs on this machine in containers: with podman where it runs, and with a stand-in for docker for what engines do wrong.

KFRUN_RUNNER_ARGS holds what podman's run needs here beside; KFRUN_TEST_IMAGE is an image that is there and has sh."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

from harness import Case, main, states

IMAGE = os.environ.get("KFRUN_TEST_IMAGE", "local.test/busybox:1")
ARGUMENTS = os.environ.get("KFRUN_RUNNER_ARGS", "")
# What podman needs on a machine with cgroups of version 1 and few rights.
NARROW = "--cgroup-manager=cgroupfs --runtime runc --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --network=none"


def works(arguments):
    if not shutil.which("podman"):
        return False
    done = subprocess.run(["podman", "run", "--rm", "--pull=never", *arguments.split(), IMAGE, "true"], capture_output=True)
    return done.returncode == 0


WORKING = next((one for one in (ARGUMENTS, NARROW) if works(one)), None)

GATE = """\
params: {folder: {type: string}}
defaults: {image: "%s"}
tasks:
  gate:
    command: [sh, -c, 'echo begun; while [ ! -e "$TMPDIR/open" ]; do sleep 0.1; done; echo 7 > $0', "${{ outputs.n }}"]
    outputs: {n: integer}
  after: {command: [sh, -c, 'echo after $0', "${{ tasks.gate.outputs.n }}"]}
outputs: {n: "${{ tasks.gate.outputs.n }}"}
""" % IMAGE


@unittest.skipIf(WORKING is None, f"podman does not run {IMAGE} here")
class Podman(Case):
    def setUp(self):
        super().setUp()
        self.environment |= {"KFRUN_RUNNER": "podman", "KFRUN_RUNNER_ARGS": WORKING or "", "HOME": os.environ.get("HOME", "/")}

    def tearDown(self):
        subprocess.run(["podman", "rm", "-f", "--ignore", *self.containers()], capture_output=True)
        super().tearDown()

    def containers(self):
        listed = subprocess.run(["podman", "ps", "-a", "--filter", f"label=kfrun.state={self.state}", "--format", "{{.Names}}"],
                                capture_output=True, text=True, check=True)
        return listed.stdout.split()

    def run_of(self, text, code=0):
        path = self.pipeline(f'defaults: {{image: "{IMAGE}"}}\n' + text)
        return super().run_of(path, "--local", code=code)

    def begin(self):
        process = self.start("submit", self.pipeline(GATE), "--local", "-p", "folder=x")
        self.until(lambda: any(path.read_text() == "begun\n" for path in self.state.glob("runs/*/logs/gate.log")), "the task begins")
        return process

    def open(self):
        (next(self.state.glob("runs/*/scratch/kfrun-*-gate-*[!e]/")) / "open").touch()

    def test_outputs_artifacts_and_fixed_paths(self):
        run = self.run_of("""\
tasks:
  make:
    command: [sh, -c, 'echo hi > $0; mkdir -p /opt/x; echo 4 > /opt/x/n', "${{ outputs.text }}"]
    outputs: {text: artifact, n: {type: integer, path: /opt/x/n}}
  read: {command: [cat], args: ["${{ tasks.make.outputs.text }}"]}
outputs: {n: "${{ tasks.make.outputs.n }}"}
""")
        self.assertEqual((run["state"], run["outputs"]), ("succeeded", {"n": 4}))
        self.assertEqual(self.kfrun("logs", "@latest", "read").stdout.split()[-1], "hi")
        self.assertEqual(self.containers(), [])

    def test_failures_are_told_as_they_are(self):
        run = self.run_of("""\
tasks:
  code: {command: [sh, -c, 'echo oh; exit 3']}
  own: {command: [sh, -c, 'echo ran; echo name already in use; exit 125']}
  command: {command: [no-such-program]}
  name: {image: "Bad Name", command: ["true"]}
  memory: {command: [sh, -c, 'sleep 1; x=$(head -c 50000000 /dev/zero | tr "\\\\0" a); exit 5'], resources: {limits: {memory: 20Mi}}}
  large: {command: ["true"], resources: {requests: {memory: 900Ti}}}
  slow: {command: [sh, -c, 'trap "exit 9" TERM; while :; do sleep 0.1; done'], timeout: 1s}
  link: {command: [sh, -c, 'ln -s /etc/passwd $0', "${{ outputs.x }}"], outputs: {x: artifact}}
""", code=1)
        reasons = {task["task"]: task["reason"] for task in run["tasks"]}
        for task, words in {"code": "exit code 3: oh", "own": "exit code 125: name already in use", "command": "no-such-program",
                            "name": "image Bad Name", "memory": "limit of 20Mi", "large": "asks for 900Ti of memory",
                            "slow": "did not end within 1", "link": "is a link to a place"}.items():
            self.assertIn(words, reasons[task])
        log = next(self.state.glob("runs/*/logs/own.log")).read_text()
        self.assertEqual(log.count("ran"), 1)
        self.assertEqual(self.containers(), [])

    def test_a_killed_kfrun_is_gone_on_with(self):
        self.kill(self.begin())
        (name,) = self.containers()
        self.open()
        run = json.loads(self.kfrun("resume", "@latest", "-o", "json").stdout)
        self.assertEqual((run["state"], run["outputs"], run["tasks"][0]["attempts"]), ("succeeded", {"n": 7}, 1))
        self.assertIn("gate", name)
        self.assertEqual(next(self.state.glob("runs/*/logs/gate.log")).read_text(), "begun\n")
        self.assertEqual(self.containers(), [])

    def test_a_container_that_was_removed_counts_as_lost(self):
        self.kill(self.begin())
        subprocess.run(["podman", "rm", "-f", *self.containers()], check=True, capture_output=True)
        resume = self.start("resume", "@latest", "-o", "json")
        self.until(lambda: any(path.name == "gate.2.log" for path in self.state.glob("runs/*/logs/*")), "it runs again")
        for folder in self.state.glob("runs/*/scratch/kfrun-*-gate-*/"):
            (folder / "open").touch()
        out, _ = self.finish(resume, 0)
        self.assertEqual((json.loads(out)["state"], json.loads(out)["tasks"][0]["attempts"]), ("succeeded", 2))
        self.assertEqual(self.containers(), [])

    def test_nothing_is_left_behind(self):
        submit = self.begin()
        submit.send_signal(signal.SIGINT)
        time.sleep(0.5)
        submit.send_signal(signal.SIGINT)
        self.finish(submit, 130)
        self.assertEqual(self.containers(), [])
        self.kfrun("delete", "@latest", "--force")
        self.kill(self.begin())
        self.assertEqual(len(self.containers()), 1)
        self.kfrun("delete", "@latest", "--force")
        self.assertEqual(self.containers(), [])

    def test_containers_of_runs_that_are_gone_are_collected(self):
        self.kill(self.begin())
        (name,) = self.containers()
        self.assertIn("0 gone", self.kfrun("gc", "--local").stderr)  # the run can be gone on with
        shutil.rmtree(next(self.state.glob("runs/*")))
        self.assertIn(f"container {name}: its run is gone", self.kfrun("gc", "--local", "--dry-run").stdout)
        self.assertEqual(self.containers(), [name])
        self.assertIn("1 gone", self.kfrun("gc", "--local").stderr)
        self.assertEqual(self.containers(), [])


# As much of docker as the cases need: a container is a folder, "run" does what the file `behaviour` says.
ENGINE = """\
#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/calls"
case "$1" in
  info) cat "$here/info-fault" >&2 2>/dev/null && exit 1; echo '[]' ;;
  run) . "$here/behaviour" ;;
  inspect) if [ -e "$here/answer" ]; then cat "$here/answer"; else echo "Error: No such object: x" >&2; exit 1; fi ;;
esac
"""


class StandIn(Case):
    def setUp(self):
        super().setUp()
        self.engine = self.folder / "docker"
        self.engine.write_text(ENGINE)
        self.engine.chmod(0o755)

    def submit(self, behaviour, code, state=""):
        (self.folder / "behaviour").write_text(behaviour)
        if state:
            (self.folder / "answer").write_text(state)
        path = self.pipeline('tasks: {t: {image: "some/image:1", command: [a, b], args: [c]}}')
        return self.run_of(path, "--local", "--runner", self.engine, code=code)["tasks"][0]

    def calls(self, verb):
        return [line for line in (self.folder / "calls").read_text().splitlines() if line.startswith(verb)]

    def test_command_and_arguments(self):
        self.submit("exit 0", 0)
        (run,) = self.calls("run")
        self.assertTrue(run.endswith("--entrypoint a some/image:1 b c"), run)
        self.assertIn(f"--user {os.getuid()}:{os.getgid()}", run)
        self.assertEqual(len(self.calls("ps")), 1)  # looks for what is left

    def test_an_image_that_cannot_be_had(self):
        task = self.submit("echo \"Unable to find image\"; echo 'docker: Error: pull access denied'; echo \"See 'docker run --help'.\"; exit 125", 1)
        self.assertIn("image some/image:1: Error: pull access denied", task["reason"])

    def test_its_program_is_killed_and_the_container_has_ended(self):
        task = self.submit("kill -9 $$", 1, '{"Status":"exited","ExitCode":4,"OOMKilled":false,"StartedAt":"2100-01-01T00:00:00Z"}')
        self.assertIn("exit code 4", task["reason"])
        self.assertEqual((len(self.calls("run")), task["attempts"]), (1, 1))

    def test_out_of_memory(self):
        task = self.submit("exit 137", 1, '{"Status":"exited","ExitCode":137,"OOMKilled":true,"StartedAt":"2100-01-01T00:00:00Z"}')
        self.assertIn("OOMKilled", task["reason"])

    def test_an_engine_that_does_not_work_or_is_not_there(self):
        (self.folder / "info-fault").write_text("Cannot connect to the Docker daemon\n")
        (self.folder / "behaviour").touch()
        path = self.pipeline('tasks: {t: {image: x, command: [a]}}')
        self.assertIn("Cannot connect to the Docker daemon",
                      self.kfrun("submit", path, "--local", "--runner", self.engine, code=5).stderr)
        gone = self.kfrun("submit", path, "--local", "--runner", self.folder / "podman", code=2).stderr
        self.assertIn("apt install podman", gone)
        self.assertIn("add --local", self.kfrun("submit", path, "--runner", "docker", code=2).stderr)
        self.assertEqual(self.runs(), [])


if __name__ == "__main__":
    main()
