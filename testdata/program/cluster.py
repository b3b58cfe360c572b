"""What the program tests on a real cluster share: KFRUN_TEST_KUBECONFIG names it, each test has a namespace of its own there."""

import os
import secrets
import shutil
import subprocess
import sys

from harness import Case

KUBECONFIG = os.environ.get("KFRUN_TEST_KUBECONFIG", "")
BUSYBOX = os.environ.get("KFRUN_TEST_BUSYBOX", "local.test/busybox:1")


def kubectl(*words):
    return subprocess.run(["kubectl", "--kubeconfig", KUBECONFIG, *words], check=True, capture_output=True, text=True).stdout


def require_cluster():
    for reason, missing in (("KFRUN_TEST_KUBECONFIG names no cluster", not KUBECONFIG), ("there is no kubectl", not shutil.which("kubectl"))):
        if missing:
            print(f"skipped: {reason}")
            sys.exit(77)


class ClusterCase(Case):
    def setUp(self):
        super().setUp()
        self.namespace = "kfrun-test-" + secrets.token_hex(4)
        kubectl("create", "namespace", self.namespace)
        # No pod is taken before its service account is there.
        kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=60s", "-n", self.namespace)
        self.environment["KUBECONFIG"] = KUBECONFIG
        self.here = ["-n", self.namespace]

    def tearDown(self):
        kubectl("delete", "namespace", self.namespace, "--wait=false")
        super().tearDown()
