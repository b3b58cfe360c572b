"""A sample of scripts/faults.sh: a run on a real cluster is killed at some of its requests, or its API server misbehaves."""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from harness import KFRUN, main


class OnACluster(unittest.TestCase):
    def sweep(self, *words):
        faults = pathlib.Path(__file__).with_name("faults.py")
        result = subprocess.run([sys.executable, "-B", faults, *words], capture_output=True, text=True, env=os.environ | {"KFRUN": KFRUN})
        print(result.stdout, file=sys.stderr)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_kills(self):
        self.sweep("kill", "--sample", "6", "--parallel", "6")

    def test_errors(self):
        self.sweep("errors", "--runs", "3", "--parallel", "3", "--percent", "8")


if not os.environ.get("KFRUN_TEST_KUBECONFIG") or not shutil.which("kubectl"):
    print("skipped: KFRUN_TEST_KUBECONFIG names no cluster, or there is no kubectl")
    sys.exit(77)
main()
