"""What the tests of the whole program share: the binary in a world of its own, without the user's runs and clusters.

KFRUN is the binary. Exit code 77 of a test program means that it was skipped."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
KFRUN = os.environ.get("KFRUN", str(TREE / "build/dev/kfrun"))
PATIENCE = 60  # seconds until something that must happen counts as missing


class Case(unittest.TestCase):
    """A test with a temporary folder `self.folder` and an empty state folder."""

    maxDiff = 4000

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kfrun-test-"))
        self.state = self.folder / "state"
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("KUBE", "KFRUN")) and name not in ("NO_COLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "CI")
        }
        self.environment |= {"HOME": str(self.folder), "KFRUN_STATE_DIR": str(self.state)}
        self.started = []

    def tearDown(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream:
                    stream.close()
        make_writable(self.folder)
        shutil.rmtree(self.folder)

    def kfrun(self, *words, code=0, **options):
        """Runs to the end; the exit code must be `code`."""
        result = subprocess.run([KFRUN, *map(str, words)], capture_output=True, text=True, env=self.environment,
                                cwd=options.pop("cwd", TREE), timeout=options.pop("timeout", 4 * PATIENCE), **options)
        self.assertEqual(result.returncode, code, f"kfrun {' '.join(map(str, words))}\n{result.stdout}\n{result.stderr}")
        return result

    def start(self, *words, **options):
        process = subprocess.Popen([KFRUN, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=self.environment, cwd=TREE, **options)
        self.started.append(process)
        return process

    def kill(self, process):
        """At once; when this returns it is gone, with the locks that it held."""
        process.kill()
        process.wait()

    def finish(self, process, code):
        out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, code, out + err)
        return out, err

    def run_of(self, *words, **options):
        """The run that `submit -o json` carried."""
        return json.loads(self.kfrun("submit", *words, "-o", "json", **options).stdout)

    def pipeline(self, text, name="pipeline.yaml"):
        path = self.folder / name
        path.write_text("apiVersion: kfrun/v1\nkind: Pipeline\nname: test\n" + text)
        return path

    def until(self, condition, what):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if value := condition():
                return value
            time.sleep(0.02)
        self.fail(f"{what}: not after {PATIENCE} s")

    def runs(self):
        return self.kfrun("runs", "--local", "-o", "name").stdout.split()


def make_writable(folder):
    """Artifacts are kept read-only; root does not mind, others do."""
    for path, folders, _ in os.walk(folder):
        for name in [path, *(os.path.join(path, name) for name in folders)]:
            if not os.path.islink(name):
                os.chmod(name, 0o700)


def states(run):
    return {task["task"]: task["state"] for task in run["tasks"]}


def path_of(uri):
    assert uri.startswith("file:///"), uri
    return pathlib.Path(uri.removeprefix("file://"))


def main():
    if not os.access(KFRUN, os.X_OK):
        sys.exit(f"there is no program {KFRUN}")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    unittest.main(verbosity=2)
