"""`kfrun build`, beside what the real kustomize printed (testdata/examples), and its ways of ending."""

import json
import os
import pathlib
import signal
import subprocess

from harness import KFRUN, PATIENCE, TREE, Case, main

GOLDEN = TREE / "testdata/examples"


class Build(Case):
    def test_examples(self):
        roots = {str(file.parent.relative_to(TREE / "examples")).replace("/", "-"): file.parent
                 for file in (TREE / "examples").glob("**/kustomization.yaml")}
        self.assertEqual(sorted(roots), sorted(file.stem for file in GOLDEN.glob("*.yaml")))
        for name, root in roots.items():
            with self.subTest(name):
                self.assertEqual(self.kfrun("build", root).stdout, (GOLDEN / f"{name}.yaml").read_text())

    def test_without_an_argument(self):
        out = self.kfrun("build", cwd=TREE / "examples/overlay/base").stdout
        self.assertEqual(out, (GOLDEN / "overlay-base.yaml").read_text())

    def test_explain(self):
        text = self.kfrun("build", "examples/overlay/overlays/production", "--explain", "Deployment/web:spec.replicas").stdout
        self.assertEqual(text, "Deployment/web/web:spec.replicas: 5\n"
                               "  ../../base/deployment.yaml:6:13: read: 1\n"
                               "  kustomization.yaml:7:3: replicas[0]: 1 -> 5\n")
        document = json.loads(self.kfrun("build", "examples/overlay/overlays/production", "-o", "json", "--explain",
                                         "Deployment/web:spec.template.spec.containers[name=web].image").stdout)
        self.assertEqual(document, [{
            "resource": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "namespace": "web"},
            "path": "spec.template.spec.containers[name=web].image", "value": "nginx:1.27",
            "chain": [{"by": "read", "file": "../../base/deployment.yaml", "line": 15, "column": 16, "to": "nginx:1.27"}]}])
        refused = self.kfrun("build", "examples/overlay/overlays/production", "--explain", "Deployment/wep:spec", code=1)
        self.assertIn("did you mean 'web'?", refused.stderr)

    def test_compat(self):
        new = self.kfrun("build", "examples/overlay/base").stdout
        old = self.kfrun("build", "examples/overlay/base", "--compat", "3.2.0").stdout
        self.assertNotEqual(new, old)  # the hash covers the name there
        self.assertEqual(self.kfrun("build", "examples/overlay/base", "--compat", "5.8.2").stdout, new)
        refused = self.kfrun("build", "examples/overlay/base", "--compat", "4.0.0", code=1)
        self.assertIn("known are 3.2.0, 5.8.2", refused.stderr)

    def test_into_a_file(self):
        file = self.folder / "out.yaml"
        self.assertEqual(self.kfrun("build", "examples/overlay/base", "-o", file).stdout, "")
        self.assertEqual(file.read_text(), (GOLDEN / "overlay-base.yaml").read_text())

    def test_into_a_folder(self):
        self.kfrun("build", "examples/overlay/base", "-o", self.folder / ".")
        golden = (GOLDEN / "overlay-base.yaml").read_text().split("---\n")
        files = sorted(self.folder.glob("*.yaml"))
        self.assertEqual(len(files), len(golden))
        self.assertEqual(sorted(file.read_text() for file in files), sorted(golden))
        for file in files:  # group_version_kind_name.yaml in lower case
            kind = next(line for line in file.read_text().splitlines() if line.startswith("kind: ")).split()[1]
            self.assertIn(f"_{kind.lower()}_", file.name if file.name[0] != "v" else "_" + file.name)

    def test_faults_have_a_file(self):
        for name, text in (("r.yaml", "a: b\n"), ("c.yaml", "- foo\n")):
            folder = self.folder / name.replace(".", "-")
            folder.mkdir()
            field = "resources" if name == "r.yaml" else "configurations"
            (folder / "kustomization.yaml").write_text(f"{field}: [{name}]\n")
            (folder / name).write_text(text)
            self.assertRegex(self.kfrun("build", folder, code=1).stderr, rf"at \S*{name}:1:1")

    def test_what_cannot_be_built(self):
        folder = self.folder / "broken"
        folder.mkdir()
        (folder / "kustomization.yaml").write_text("resources: [absent.yaml]\n")
        result = self.kfrun("build", folder, code=1)
        self.assertEqual(result.stdout, "")
        self.assertIn("absent.yaml", result.stderr)
        self.assertTrue(result.stderr.lower().startswith("error: "))
        self.kfrun("build", self.folder / "nowhere", code=1)

    def test_wrong_usage_is_1_as_in_kustomize(self):
        self.assertIn("--enable-helm", self.kfrun("build", "--enable-hlm", code=1).stderr)
        self.kfrun("build", "examples/overlay/base", "--load-restrictor", "Sometimes", code=1)

    def function(self, text, programs):
        """A folder with one ConfigMap that a function transforms; `programs` are scripts in PATH."""
        folder = self.folder / "function"
        folder.mkdir(exist_ok=True)
        (folder / "kustomization.yaml").write_text("resources: [m.yaml]\ntransformers: [f.yaml]\n")
        (folder / "m.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n")
        (folder / "f.yaml").write_text("apiVersion: v1\nkind: F\nmetadata:\n  name: f\n  annotations:\n"
                                       f"    config.kubernetes.io/function: '{text}'\n")
        for name, script in programs.items():
            (folder / name).write_text("#!/bin/sh\n" + script)
            (folder / name).chmod(0o755)
        self.environment["PATH"] = f"{folder}:{os.environ['PATH']}"
        return folder

    def test_a_function_in_a_container(self):
        folder = self.function("container: {image: img}", {"docker": 'echo "$@" > args; echo told >&2; sed "s/name: m/name: other/"'})
        result = self.kfrun("build", folder, "--enable-alpha-plugins", "-e", "A=1")
        self.assertEqual(result.stdout, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\n")
        self.assertEqual(result.stderr, "told\n")
        self.assertTrue((folder / "args").read_text().endswith(" -e A=1 -e LOG_TO_STDERR=true -e STRUCTURED_RESULTS=true img\n"))
        self.assertIn("external plugins disabled", self.kfrun("build", folder, code=1).stderr)

    def test_a_function_that_fails_says_why(self):
        folder = self.function("exec: {path: ./fail}", {"fail": "echo reason >&2; exit 3"})
        result = self.kfrun("build", folder, "--enable-alpha-plugins", "--enable-exec", code=1)
        self.assertEqual(result.stderr, "reason\nError: couldn't execute function: exit status 3 \n")

    def test_a_function_that_hangs_ends_with_the_terminal(self):
        folder = self.function("exec: {path: ./hang}", {"hang": "echo $$ >&2; exec sleep 100"})
        process = self.start("build", folder, "--enable-alpha-plugins", "--enable-exec", start_new_session=True)
        child = int(process.stderr.readline())
        os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C sends
        process.wait(PATIENCE)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.until(lambda: not pathlib.Path(f"/proc/{child}").exists(), "the function's end")

    def test_a_reader_that_goes_away(self):
        read, write = os.pipe()
        os.close(read)
        process = subprocess.run([KFRUN, "build", "examples/digits/deploy/overlays/prod"], stdout=write, stderr=subprocess.PIPE,
                                 cwd=TREE, env=self.environment)
        os.close(write)
        self.assertEqual((process.returncode, process.stderr), (0, b""))

    def test_a_full_disk(self):
        with open("/dev/full", "w") as full:
            process = subprocess.run([KFRUN, "build", "examples/overlay/base"], stdout=full, stderr=subprocess.PIPE, text=True,
                                     cwd=TREE, env=self.environment)
        self.assertEqual(process.returncode, 1)
        self.assertIn("No space left", process.stderr)


main()
