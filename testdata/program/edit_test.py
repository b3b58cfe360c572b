"""`kfrun edit` and `kfrun create`: what kustomize 5.8.2 does to a kustomization file, and the lines that stay."""

import os
import shutil
import subprocess
import unittest

from harness import KFRUN, Case, main

DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n" \
             "      - image: web:1\n        name: web\n"
SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n  - port: 80\n"
HEAD = "# the shop\nresources:  # all\n- web.yaml\n\n# who\nnamespace: shop # team\n"
KUSTOMIZE = os.environ.get("KUSTOMIZE") or shutil.which("kustomize")  # the oracle; the comparison is skipped without it


def fill(folder, text):
    folder.mkdir(exist_ok=True)
    (folder / "web.yaml").write_text(DEPLOYMENT)
    (folder / "service.yaml").write_text(SERVICE)
    (folder / "p.yaml").write_text("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 7\n")
    (folder / "a.env").write_text("one=1\ntwo=2\n")
    if text is not None:
        (folder / "kustomization.yaml").write_text(text)


class Edit(Case):
    def edited(self, text, *words, code=0):
        folder = self.folder / "work"
        fill(folder, text)
        result = self.kfrun("edit", *words, cwd=folder, code=code)
        return (folder / "kustomization.yaml").read_text(), result.stderr

    def check(self, words, expected, text=HEAD):
        with self.subTest(words):
            self.assertEqual(self.edited(text, *words)[0], expected)

    def check_fault(self, words, message, text=HEAD):
        with self.subTest(words):
            after, err = self.edited(text, *words, code=1)
            self.assertEqual(after, text)
            self.assertIn(message, err)

    def test_a_word_that_is_no_verb_is_named_with_the_likely_one(self):
        self.check_fault(["st", "image", "a=b"], "error: unknown word 'st' of 'kfrun edit'\n  hint: did you mean 'kfrun edit set'?\n")
        self.check_fault(["add", "bases", "x"], "error: unknown word 'bases' of 'kfrun edit add'\n"
                         "  hint: did you mean 'kfrun edit add base'?\n")
        self.check_fault(["xyz"], "  hint: 'kfrun edit' takes one of set, add, remove, fix\n")
        self.check_fault(["set", "image", "--xyz"], "unknown flag '--xyz' of 'kfrun edit set image'")
        self.check_fault(["set"], "'kfrun edit --help' shows what it takes")

    def test_set(self):
        self.check(["set", "image", "web=shop/web:2", "db@sha256:9"], HEAD + "images:\n- digest: sha256:9\n  name: db\n- name: web\n"
                   "  newName: shop/web\n  newTag: \"2\"\n")
        self.check(["set", "image", "web=*:2"], "images:\n- name: web # w\n  newName: a\n  newTag: \"2\"\n",
                   "images:\n- name: web # w\n  newName: a\n  newTag: \"1\"\n")
        self.check(["set", "namespace", "other"], HEAD.replace("namespace: shop", "namespace: other"))
        self.check(["set", "nameprefix", "x-"], HEAD + "namePrefix: x-\n")
        self.check(["set", "namesuffix", "--", "-x"], HEAD + "nameSuffix: -x\n")
        self.check(["set", "label", "app:web", "tier:\"front\""], HEAD + "commonLabels:\n  app: web\n  tier: front\n")
        self.check(["set", "annotation", "a.b/c:d:e"], HEAD + "commonAnnotations:\n  a.b/c: d:e\n")
        self.check(["set", "replicas", "web=3"], HEAD + "replicas:\n- count: 3\n  name: web\n")
        self.check(["set", "buildmetadata", "originAnnotations,managedByLabel"],
                   HEAD + "buildMetadata:\n- originAnnotations\n- managedByLabel\n")
        self.check(["set", "configmap", "m", "--from-literal=a=2", "--new-namespace=n2"],
                   "configMapGenerator:\n- literals: # l\n  - a=2 # one\n  - b=1\n  name: m\n  namespace: n2\n",
                   "configMapGenerator:\n- literals: # l\n  - a=1 # one\n  - b=1\n  name: m\n")

    def test_add(self):
        self.check(["add", "resource", "s*.yaml"], HEAD.replace("- web.yaml\n", "- web.yaml\n- service.yaml\n"))
        self.check(["add", "resource", "--no-verify", "nowhere"], HEAD.replace("- web.yaml\n", "- web.yaml\n- nowhere\n"))
        self.check(["add", "component", "p.yaml"], HEAD + "components:\n- p.yaml\n")
        self.check(["add", "patch", "--path", "p.yaml", "--kind", "Deployment"],
                   HEAD + "patches:\n- path: p.yaml\n  target:\n    kind: Deployment\n")
        self.check(["add", "configmap", "m", "--from-literal=a=b,c=d", "--from-file", "p.yaml,key=web.yaml"],
                   HEAD + "configMapGenerator:\n- files:\n  - p.yaml\n  - key=web.yaml\n  literals:\n  - a=b,c=d\n  name: m\n")
        self.check(["add", "secret", "s", "--from-env-file=a.env", "--disableNameSuffixHash"],
                   HEAD + "secretGenerator:\n- envs:\n  - a.env\n  name: s\n  options:\n    disableNameSuffixHash: true\n  type: Opaque\n")
        self.check(["add", "label", "a:b", "--without-selector", "--include-templates"],
                   HEAD + "labels:\n- includeTemplates: true\n  pairs:\n    a: b\n")
        self.check(["add", "annotation", "-f", "a:b"], HEAD + "commonAnnotations:\n  a: b\n")
        self.check(["add", "transformer", "p.yaml"], HEAD + "transformers:\n- p.yaml\n")
        text, err = self.edited(HEAD, "add", "resource", "web.yaml")
        self.assertEqual(text, HEAD)
        self.assertIn("resource web.yaml already in kustomization file", err)

    def test_remove(self):
        lists = "# r\nresources:\n- web.yaml\n# s\n- service.yaml\ncommonLabels: {a: b, c: d}\n"
        self.check(["remove", "resource", "s*"], lists.replace("- service.yaml\n", ""), lists)
        self.check(["remove", "resource", "none"], lists, lists)
        self.check(["remove", "label", "a"], lists.replace("a: b, ", ""), lists)
        self.check(["remove", "label", "a,c"], lists.replace("commonLabels: {a: b, c: d}\n", ""), lists)
        self.check(["remove", "label", "-i", "x"], lists, lists)
        generators = "configMapGenerator:\n- name: m\n- name: o\n"
        self.check(["remove", "configmap", "m"], "configMapGenerator:\n- name: o\n", generators)
        patches = "patches:\n- path: p.yaml\n- path: p.yaml\n  target: {kind: Deployment}\n"
        self.check(["remove", "patch", "--path", "p.yaml", "--kind", "Deployment"], "patches:\n- path: p.yaml\n", patches)
        self.check(["remove", "patch", "--path", "p.yaml"], "patches:\n- path: p.yaml\n  target: {kind: Deployment}\n", patches)

    def test_fix(self):
        self.check(["fix"], "resources: # b\n- web.yaml\npatches:\n- path: p.yaml # p\napiVersion: kustomize.config.k8s.io/v1beta1\n"
                   "kind: Kustomization\n", "bases: # b\n- web.yaml\npatchesStrategicMerge:\n- p.yaml # p\n")

    def test_fix_makes_vars_into_replacements(self):
        folder = self.folder / "vars"
        (folder / "base").mkdir(parents=True)
        text = "resources:\n- base # b\nvars:\n- name: WHO\n  objref: {kind: Service, name: web, apiVersion: v1}\n"
        (folder / "kustomization.yaml").write_text(text)
        (folder / "base/kustomization.yaml").write_text("resources: [pod.yaml, web.yaml]\n")
        pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p # p\nspec:\n  containers:\n  - name: c\n    args: [a, \"to:$(WHO):80\"]\n"
        (folder / "base/pod.yaml").write_text(pod)
        (folder / "base/web.yaml").write_text(SERVICE)
        before = self.kfrun("build", folder).stdout
        self.assertIn("vars -> replacements\n", self.kfrun("edit", "fix", "--vars", cwd=folder).stdout)
        self.assertEqual((folder / "base/pod.yaml").read_text(), pod.replace("$(WHO)", "WHO_PLACEHOLDER"))
        self.assertEqual((folder / "kustomization.yaml").read_text(), "resources:\n- base # b\nreplacements:\n"
                         "- source:\n    kind: Service\n    name: web\n    version: v1\n  targets:\n  - fieldPaths:\n"
                         "    - spec.containers.0.args.1\n    options:\n      delimiter: ':'\n      index: 1\n"
                         "    select:\n      kind: Pod\n      name: p\n      version: v1\n"
                         "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")
        self.assertEqual(self.kfrun("build", folder).stdout, before)

    def test_vars_that_are_not_delimited_change_nothing(self):
        folder = self.folder / "vars"
        folder.mkdir()
        text = "resources: [p.yaml, q.yaml]\nvars:\n- {name: A, objref: {kind: Pod, name: p}}\n- {name: B, objref: {kind: Pod, name: p}}\n"
        (folder / "kustomization.yaml").write_text(text)
        files = {"p.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nx: $(A)\n",
                 "q.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: q}\nx: a-$(B)/b\n"}
        for name, content in files.items():
            (folder / name).write_text(content)
        result = self.kfrun("edit", "fix", "--vars", cwd=folder, code=1)
        self.assertIn("error with q.yaml: cannot convert all vars to replacements; $(B) is not delimited", result.stderr)
        self.assertEqual((folder / "kustomization.yaml").read_text(), text)
        for name, content in files.items():
            self.assertEqual((folder / name).read_text(), content)

    def test_faults_are_kustomizes(self):
        self.check_fault(["set", "image"], "Error: no image specified\n")
        self.check_fault(["set", "image", "web"], "Error: invalid format of image, use one of the following options:\n- <image>=")
        self.check_fault(["set", "replicas", "web=x"], "Error: invalid format of replica, use the following format: <name>=<count>\n")
        self.check_fault(["set", "namespace", "a", "b"], "Error: must specify exactly one namespace value\n")
        self.check_fault(["set", "annotation", "?:b"], "Error: invalid annotation key: see the syntax")
        self.check_fault(["set", "label", ":b"], "Error: invalid label: ':b' (need k:v pair where v may be quoted)\n")
        self.check_fault(["add", "resource", "nowhere.yaml"], "Error: nowhere.yaml has no match: must build at directory: ")
        self.check_fault(["add", "resource"], "Error: must specify a resource file\n")
        self.check_fault(["add", "patch"], "Error: must provide either patch or path\n")
        self.check_fault(["add", "configmap", "m"],
                         "Error: failed to validate flags: at least from-env-file, or from-file or from-literal must be set\n")
        self.check_fault(["add", "label", "a:c"], "Error: label a already in kustomization file. Use --force to override.\n",
                         "commonLabels:\n  a: b\n")
        self.check_fault(["remove", "label", "x"], "Error: commonLabels is not defined in kustomization file\n")
        self.check_fault(["remove", "configmap", "x"], "Error: no specified configmap(s) were found in the kustomization.yaml file\n")
        self.check_fault(["set", "namespace", "x"], "Error: invalid Kustomization: json: unknown field \"bar\"\n", "bar: 1\n")
        self.kfrun("edit", "set", "colour", "x", code=1)
        empty = self.folder / "empty"
        empty.mkdir()
        self.assertIn("Error: Missing kustomization file 'kustomization.yaml'.",
                      self.kfrun("edit", "set", "namespace", "x", cwd=empty, code=1).stderr)

    def test_mode_and_links_stay(self):
        folder = self.folder / "linked"
        fill(folder, None)
        (folder / "real").write_text(HEAD)
        (folder / "real").chmod(0o640)
        (folder / "kustomization.yaml").symlink_to("real")
        self.kfrun("edit", "set", "nameprefix", "x-", cwd=folder)
        self.assertTrue((folder / "kustomization.yaml").is_symlink())
        self.assertEqual((folder / "real").read_text(), HEAD + "namePrefix: x-\n")
        self.assertEqual((folder / "real").stat().st_mode & 0o777, 0o640)


class Create(Case):
    def created(self, *words, code=0):
        folder = self.folder / "new"
        shutil.rmtree(folder, ignore_errors=True)
        fill(folder, None)
        fill(folder / "base", "resources:\n- web.yaml\n")
        fill(folder / "more", None)
        result = self.kfrun("create", *words, cwd=folder, code=code)
        return (folder / "kustomization.yaml").read_text() if code == 0 else result.stderr

    def test_create(self):
        head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        self.assertEqual(self.created(), head)
        self.assertEqual(self.created("--autodetect"), head + "resources:\n- p.yaml\n- service.yaml\n- web.yaml\n")
        self.assertEqual(self.created("--autodetect", "--recursive"),
                         head + "resources:\n- base\n- more/p.yaml\n- more/service.yaml\n- more/web.yaml\n- p.yaml\n- service.yaml\n- web.yaml\n")
        self.assertEqual(self.created("--resources", "web.yaml,base", "--namespace", "n1", "--nameprefix", "a-", "--namesuffix=-z",
                                      "--labels", "b:c,a:b", "--annotations", "d:e"),
                         head + "resources:\n- web.yaml\n- base\nnamePrefix: a-\nnameSuffix: -z\nnamespace: n1\ncommonLabels:\n  a: b\n"
                         "  b: c\ncommonAnnotations:\n  d: e\n")
        self.assertIn("nowhere has no match", self.created("--resources", "nowhere", code=1))

    def test_what_is_there_stays(self):
        folder = self.folder / "there"
        fill(folder, HEAD)
        self.assertIn("Error: kustomization file already exists\n", self.kfrun("create", cwd=folder, code=1).stderr)
        self.assertEqual((folder / "kustomization.yaml").read_text(), HEAD)


@unittest.skipUnless(KUSTOMIZE, "there is no kustomize to compare with; KUSTOMIZE names one")
class BesideKustomize(Case):
    """What is built after the same edits by both."""

    FILES = [HEAD, "resources: [web.yaml]\nimages:\n  - name: web\n    newTag: '3'\ncommonLabels:\n    a: b\n",
             "bases:\n- web.yaml\nimageTags:\n- name: web\n  newTag: v1\npatchesStrategicMerge:\n- p.yaml\n",
             "resources:\r\n- web.yaml\r\nconfigMapGenerator:\r\n- name: m\r\n  env: a.env\r\n"]
    EDITS = [["set", "image", "web=x/y:2"], ["set", "image", "web@sha256:1", "other:1"], ["set", "image", "web=*:4"],
             ["set", "namespace", "n1"], ["set", "nameprefix", "a-"], ["set", "namesuffix", "--", "-b"], ["set", "label", "a:c", "d:e"],
             ["set", "annotation", "a:c"], ["set", "replicas", "web=4"], ["set", "buildmetadata", "originAnnotations"],
             ["add", "resource", "*.yaml"], ["add", "resource", "service.yaml", "web.yaml"], ["add", "resource", "x.yaml"],
             ["add", "patch", "--path", "p.yaml"], ["add", "patch", "--patch", "- {op: add, path: /metadata/labels, value: {q: r}}",
                                                    "--kind", "Deployment", "--name", "web"],
             ["add", "configmap", "m", "--from-literal=k=v"], ["add", "configmap", "m", "--from-env-file=a.env"],
             ["add", "configmap", "n", "--from-file=f=*.env"], ["add", "configmap", "n", "--from-file=s*.yaml", "--namespace", "q"],
             ["add", "configmap", "m", "--from-literal=k"],
             ["add", "secret", "s", "--from-literal=a=b", "--disableNameSuffixHash"], ["add", "label", "a:c"],
             ["add", "label", "-f", "a:c", "x:y"], ["add", "label", "--without-selector", "x:y", "z:1"], ["add", "annotation", "x"],
             ["remove", "resource", "web*"], ["remove", "label", "a"], ["remove", "annotation", "x"], ["remove", "configmap", "m"],
             ["remove", "secret", "m,o"], ["remove", "patch", "--path", "p.yaml"], ["remove", "transformer", "x"],
             ["remove", "transformer"], ["remove", "label", "a", "b"], ["remove", "buildmetadata", "x"], ["add", "base", "nope"],
             ["add", "component", "nope"], ["set", "configmap", "m", "--from-literal=one=3"], ["fix"]]

    def outcome(self, program, folder, text, words):
        shutil.rmtree(folder, ignore_errors=True)
        fill(folder, text)
        edit = subprocess.run([program, "edit", *words], cwd=folder, capture_output=True, text=True, env=self.environment)
        fault = next((line for line in edit.stderr.splitlines() if line.startswith("Error: ")), "")
        build = subprocess.run([KUSTOMIZE, "build", "."], cwd=folder, capture_output=True, text=True, env=self.environment)
        return edit.returncode, fault.replace(str(folder), ""), build.stdout

    def test_each_edit(self):
        for text in self.FILES:
            for words in self.EDITS:
                with self.subTest(text=text, words=words):
                    theirs = self.outcome(KUSTOMIZE, self.folder / "work", text, words)
                    ours = self.outcome(KFRUN, self.folder / "work", text, words)
                    self.assertEqual(ours, theirs)


main()
