"""`kfrun build` of what is elsewhere: git repositories (over file:// and HTTP) and files of a web server.

Where kustomize 5.8.2 is on PATH (or is KUSTOMIZE), it builds each case too, and must say the same."""

import functools
import http.server
import os
import pathlib
import re
import shutil
import subprocess
import threading

from harness import Case, main

POD = """apiVersion: v1
kind: Pod
metadata:
  labels:
    app: web
  name: web
spec:
  containers:
  - image: nginx:1
    name: nginx
"""
PREFIX = "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: p-\nfieldSpecs: [{path: metadata/name}]\n"
TREES = {
    "simple.git": {"pod.yaml": POD, "kustomization.yaml": "resources: [pod.yaml]\n"},
    "layers": {
        "base/pod.yaml": POD,
        "base/kustomization.yaml": "resources: [pod.yaml]\n",
        "dev/kustomization.yaml": "resources: [../base]\nnamePrefix: dev-\n",
        "part/kustomization.yaml": "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnamePrefix: part-\n",
        "outside/kustomization.yaml": "resources: [../../../../../../../../etc]\n",
        "above/kustomization.yaml": "resources: [../base/pod.yaml]\n",
        "ring1/kustomization.yaml": "resources: ['file://$R/layers//ring2']\n",
        "ring2/kustomization.yaml": "resources: ['file://$R/layers//ring1']\n",
        "other/kustomization.yaml": "resources: ['file://$R/simple.git?ref=second']\nnamePrefix: other-\n",
        "again/in/kustomization.yaml": "resources: ['file://$R/layers//again/up']\n",
        "again/up/kustomization.yaml": "resources: [../base]\n",
        "again/base/kustomization.yaml": "resources: [../../base]\nnameSuffix: -again\n",
        "plugin/kustomization.yaml": "resources: [../base]\ntransformers: [p.yaml]\nconfigMapGenerator: [{name: m, literals: [a=b]}]\n",
        "plugin/p.yaml": PREFIX,
    },
    "web": {
        "pod.yaml": POD,
        "patch.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {patched: 'yes'}}\n",
        "settings.env": "A=b\nC=d\n",
        "p.yaml": PREFIX,
        "torn.yaml": "a: [\n",
    },
}

# Kustomizations, and what their output or error holds. $R is the folder of the repositories, $H the web server.
GOOD = {
    "resources: [file://$R/simple.git]": [POD],
    "resources: [file://$R/layers//dev]": ["name: dev-web"],
    "resources: ['file://$R/simple.git?ref=second']": ["image: nginx:2"],
    "resources: ['file://$R/simple.git?version=second&timeout=500']": ["image: nginx:2"],
    "resources: ['file://$R/modules.git/module']": [POD],
    "resources: ['file://$R/modules.git/module?ref=relative']": [POD],
    "resources: ['file://$R/layers//dev', 'file://$R/layers//base']": ["name: dev-web", "name: web"],
    "resources: ['file://$R/layers//base']\ncomponents: ['file://$R/layers//part?ref=main']": ["name: part-web"],
    "resources: ['file://$R/layers//other']": ["name: other-web", "image: nginx:2"],
    "resources: ['file://$R/layers//again/in']": ["name: web-again"],
    "bases: ['file://$R/layers//base']": [POD],
    "resources: ['git::file://$R/layers//base']": [POD],
    "resources: ['$H/git/layers//dev?ref=main']": ["name: dev-web"],
    "resources: ['file://$R/simple.git']\nbuildMetadata: [originAnnotations]": [
        "config.kubernetes.io/origin: |\n      path: notCloned/pod.yaml\n      repo: file://"],
    "resources: ['file://$R/layers//plugin?ref=main']\nnamePrefix: x-\nbuildMetadata: [originAnnotations, transformerAnnotations]": [
        "      path: base/pod.yaml\n      repo: file://", "      ref: main\n", "configuredIn: plugin/p.yaml"],
    "resources: [$H/pod.yaml]\nnamePrefix: x-\nbuildMetadata: [originAnnotations]": ["name: x-web", "pod.yaml\n"],
    "resources: [$H/pod.yaml]\npatches: [{path: $H/patch.yaml}]": ["patched: \"yes\""],
    "resources: [$H/pod.yaml]\ntransformers: [$H/p.yaml]\nbuildMetadata: [transformerAnnotations]": ["name: p-web"],
    "configMapGenerator: [{name: m, envs: [$H/settings.env]}]": ["  A: b\n  C: d\n"],
}
BAD = {
    "resources: ['file://$R/modules.git/module?submodules=0']": ["unable to find one of 'kustomization.yaml'"],
    "resources: ['file://$R/simple.git?timeout=1us']": ["hit 1µs timeout running '", "git init'"],
    "resources: [file:///not/a/repository]": [
        "git fetch --depth=1 file:///not/a/repository HEAD': fatal: '/not/a/repository' does not appear to be a git repository",
        ": exit status 128"],
    "resources: ['file://$R/simple.git?ref=none']": ["couldn't find remote ref none"],
    "resources: ['file://$R/simple.git//none']": ["evalsymlink failure on '", "/none: no such file or directory"],
    "resources: ['file://$R/layers//base/pod.yaml']": ["' refers to file 'pod.yaml'; expecting directory"],
    "resources: ['file://$R/layers//root']": ["refers to directory outside of repo"],
    "resources: ['file://$R/layers//outside']": ["bases in kustomizations found in cloned git repos must be within the repo"],
    "resources: ['file://$R/layers//above']": ["security; file '"],
    "resources: ['file://$R/layers//ring1']": ["cycle detected: URI 'file://"],
    "resources: ['file://$R/layers//../x']": ["must build at directory"],
    "components: ['file://$R/layers//base']": ["expected kind 'Component'"],
    "resources: [$H/none.yaml]": ["accumulating resources: accumulating resources from '", "HTTP Error: status code 404 (Not Found)"],
    "resources: [$H/a/b/none.yaml]": ["URL is a git repository", "git fetch --depth=1 http://"],
    "resources: ['http://127.0.0.1:1/none.yaml']": [
        "Get \"http://127.0.0.1:1/none.yaml\": dial tcp 127.0.0.1:1: connect: connection refused"],
    "resources: [$H/torn.yaml]": ["MalformedYAMLError"],
    "resources: [$H/pod.yaml]\npatches: [{path: $H/none.yaml}]": ["HTTP Error: status code 404 (Not Found)"],
    "resources: [$H/pod.yaml]\nvalidators: [$H/p.yaml]": ["validator shouldn't modify the resource map: id in self missing"],
}


class Server(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, and below /git/ the repositories beside it, through git's own program."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        return self.git(b"") if self.path.startswith("/git/") else super().do_GET()

    def do_POST(self):
        self.git(self.rfile.read(int(self.headers["Content-Length"])))

    def git(self, body):
        path, _, query = self.path.removeprefix("/git").partition("?")
        variables = {"GIT_PROJECT_ROOT": str(pathlib.Path(self.directory).parent), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
                     "QUERY_STRING": query, "REQUEST_METHOD": self.command, "CONTENT_LENGTH": str(len(body)),
                     "CONTENT_TYPE": self.headers.get("Content-Type", ""), "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                     "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", "")}
        answer = subprocess.run(["git", "http-backend"], input=body, capture_output=True,
                                env=os.environ | variables).stdout
        head, _, rest = answer.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(headers.pop("Status", "200 OK").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest)


def kustomize():
    """The program that all is compared with, if it is here."""
    program = os.environ.get("KUSTOMIZE") or shutil.which("kustomize")
    if program and "v5.8.2" in subprocess.run([program, "version"], capture_output=True, text=True).stdout:
        return program
    return None


class RemoteBuild(Case):
    def setUp(self):
        super().setUp()
        self.environment |= {"LC_ALL": "C", "TMPDIR": str(self.folder / "tmp"), "GIT_CONFIG_COUNT": "1",
                             "GIT_CONFIG_KEY_0": "protocol.file.allow", "GIT_CONFIG_VALUE_0": "always"}
        for kind in ("AUTHOR", "COMMITTER"):
            self.environment |= {f"GIT_{kind}_NAME": "n", f"GIT_{kind}_EMAIL": "n@example.com"}
        (self.folder / "tmp").mkdir()
        self.repositories = self.folder / "far"
        for name, tree in TREES.items():
            for path, text in tree.items():
                file = self.repositories / name / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text.replace("$R", str(self.repositories)))
        (self.repositories / "layers/root").symlink_to("/")
        self.commit("simple.git")
        self.git("simple.git", "checkout", "-b", "second")
        (self.repositories / "simple.git/pod.yaml").write_text(POD.replace("nginx:1", "nginx:2"))
        self.commit("simple.git")
        self.git("simple.git", "checkout", "main")
        self.commit("layers")
        (self.repositories / "modules.git").mkdir()
        self.commit("modules.git")
        for branch, url in (("relative", "../simple.git"), ("main", f"{self.repositories}/simple.git")):
            self.git("modules.git", "checkout", "-B", branch)
            self.git("modules.git", "submodule", "add", "--force", url, "module")
            self.commit("modules.git")
            self.git("modules.git", "checkout", "main")
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Server, directory=str(self.repositories / "web")))
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def tearDown(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        self.assertEqual(os.listdir(self.folder / "tmp"), [], "clones stay")
        super().tearDown()

    def git(self, repository, *words):
        subprocess.run(["git", *words], cwd=self.repositories / repository, check=True, capture_output=True, env=self.environment)

    def commit(self, repository):
        self.git(repository, "init", "--initial-branch=main")
        self.git(repository, "add", ".")
        self.git(repository, "commit", "--allow-empty", "-m", "state")

    def written(self, text):
        return text.replace("$R", str(self.repositories)).replace("$H", self.url)

    def check(self, kustomization, code, expected):
        here = self.folder / "here"
        here.mkdir(exist_ok=True)
        (here / "kustomization.yaml").write_text(self.written(kustomization) + "\n")
        result = self.kfrun("build", here, code=code)
        for text in expected:
            self.assertIn(text, result.stderr if code else result.stdout)
        self.compare(["build", str(here)], result)

    def compare(self, words, result):
        if not kustomize():
            return
        other = subprocess.run([kustomize(), *words], capture_output=True, text=True, env=self.environment)
        for folder in (self.folder / "tmp").iterdir():  # it leaves some
            shutil.rmtree(folder)
        self.assertEqual(result.stdout, other.stdout)
        self.assertEqual(result.returncode, other.returncode)
        self.assertEqual(without_chance(result.stderr), without_chance(other.stderr))

    def test_what_can_be_built(self):
        for kustomization, expected in GOOD.items():
            with self.subTest(kustomization):
                self.check(kustomization, 0, expected)

    def test_what_cannot(self):
        for kustomization, expected in BAD.items():
            with self.subTest(kustomization):
                self.check(kustomization, 1, expected)

    def test_a_repository_is_the_root(self):
        for url, code in (("file://$R/layers//dev?ref=main", 0), ("file://$R/layers//none", 1), ("file://$R/none", 1)):
            with self.subTest(url):
                words = ["build", self.written(url)]
                self.compare(words, self.kfrun(*words, code=code))

    def test_one_url_is_cloned_once(self):
        program = self.folder / "bin/git"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\necho \"$1\" >> {self.folder}/calls\nexec {shutil.which('git')} \"$@\"\n")
        program.chmod(0o755)
        self.environment["PATH"] = f"{program.parent}:{self.environment['PATH']}"
        here = self.folder / "here"
        here.mkdir()
        urls = ["layers//dev?ref=main", "layers//base?ref=main", "layers//other?ref=main&timeout=9"]
        text = "".join(f"- file://{self.repositories}/{url}\n" for url in urls)
        (here / "kustomization.yaml").write_text("resources:\n" + text)
        self.kfrun("build", here)
        calls = (self.folder / "calls").read_text().split()
        self.assertEqual(calls.count("fetch"), 2)  # layers, and what `other` names

    def test_a_ref_is_no_option_of_git(self):
        mark = self.folder / "mark"
        url = f"file://{self.repositories}/layers//dev?ref=--upload-pack=touch%20{mark};"
        self.assertIn("begins with '-'", self.kfrun("build", url.replace(";", "%3B"), code=1).stderr)
        self.assertFalse(mark.exists())


def without_chance(text):
    """Without names of temporary folders, dates, pointers, and kfrun's own places and hints."""
    text = re.sub(r"kustomize-\w+", "CLONE", text)
    text = re.sub(r"(?m)^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", "", text)
    text = re.sub(r"(?m)^  (at|hint|in):? .*\n", "", text)
    return re.sub(r"&\{0x[0-9a-f]+ ", "&{0xP ", text)


if __name__ == "__main__":
    if not shutil.which("git"):
        raise SystemExit(77)
    main()
