"""Compares local runs of compiled Kubeflow pipelines with their expectations; see kfp.sh."""
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

STATES = {"SUCCEEDED": "succeeded", "FAILED": "failed", "CACHED": "cached", "NOT_TRIGGERED": "skipped", "OMITTED": "omitted"}
RUNTIME = "<RUNTIME>"  # a value that differs from run to run


def with_folder(value, folder):
    """The expectation or argument with {TMP} replaced; what lies in the recorder's own folders is only checked to be there."""
    if isinstance(value, str):
        if "{TMP}/root" in value or "{{$." in value:  # the recorder's own folder; a text that it kept unresolved
            return RUNTIME
        return value.replace("{TMP}", folder)
    if isinstance(value, list):
        return [with_folder(item, folder) for item in value]
    if isinstance(value, dict):
        return {key: with_folder(item, folder) for key, item in value.items()}
    return value


def as_json(text):
    if isinstance(text, str) and text[:1] in "[{":
        try:
            return json.loads(text)
        except ValueError:
            pass
    return text


def same(expected, found):
    if isinstance(expected, str) and expected == RUNTIME:
        return found not in (None, "")
    expected, found = as_json(expected), as_json(found)
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(same(expected[key], found[key]) for key in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(same, expected, found))
    return expected == found


def is_artifact(value):
    return isinstance(value, dict) and "$artifact" in value or isinstance(value, list) and value != [] and all(map(is_artifact, value))


def path_of(artifact):
    uri = artifact["$artifact"]
    return pathlib.Path(uri[len("file://"):] if uri.startswith("file://") else uri)


def artifact_differs(expected, found):
    if not is_artifact(found) or isinstance(found, list):
        return "is no artifact"
    path = path_of(found)
    if "content" in expected and (not path.is_file() or path.read_text() != expected["content"]):
        return "has another content"
    if isinstance(expected.get("dir"), dict):
        files = {str(one.relative_to(path)): one.read_text() for one in path.rglob("*") if one.is_file()}
        if files != expected["dir"]:
            return f"holds {files}"
    if not same(expected.get("metadata") or {}, found.get("metadata") or {}):
        return f"has metadata {found.get('metadata')}"
    if expected.get("type") and expected["type"] != found.get("type"):
        return f"is of type {found.get('type')}"
    return ""


def by_path(tasks):
    """Tasks of a run by path, with the loops themselves, which are known by their turns."""
    found = {task["task"]: task for task in tasks}
    loops = {}
    for path in found:
        head, _, last = path.rpartition("/")
        if "#" in last:
            loops.setdefault((head + "/" if head else "") + last.split("#")[0], []).append(found[path])
    for path, turns in loops.items():
        bad = [turn["state"] for turn in turns if turn["state"] not in ("succeeded", "cached", "skipped")]
        found.setdefault(path, {"state": bad[0] if bad else "succeeded", "attempts": 0, "inputs": {}, "outputs": {}})
        found[path]["iterations"] = len(turns)
    return found


class Comparison:
    def __init__(self):
        self.faults = []

    def fault(self, text):
        self.faults.append(text)

    def values(self, what, expected, found):
        for name, value in expected.items():
            if name not in found:
                self.fault(f"{what} {name} is missing, expected {value!r}")
            elif not same(value, found[name]):
                self.fault(f"{what} {name}: expected {value!r}, found {found[name]!r}")

    def task(self, path, expected, found):
        if expected["state"] in STATES and found["state"] != STATES[expected["state"]]:
            return self.fault(f"{path}: expected {expected['state']}, found {found['state']} ({found.get('reason', '')})")
        if "attempts" in expected and found["attempts"] != expected["attempts"]:
            self.fault(f"{path}: expected {expected['attempts']} attempts, found {found['attempts']}")
        if "iterations" in expected and found.get("iterations", 0) != expected["iterations"]:
            self.fault(f"{path}: expected {expected['iterations']} turns, found {found.get('iterations', 0)}")
        self.values(f"{path}: input", expected.get("inputs", {}), found["inputs"])
        self.values(f"{path}: output", expected.get("outputs", {}), found["outputs"])

    def run(self, expected, found, folder):
        status = "SUCCEEDED" if found["state"] == "succeeded" else "FAILED"
        if status != expected["run_status"]:
            self.fault(f"expected the run {expected['run_status']}, found {found['state']} ({found.get('reason', '')})")
        tasks = by_path(found["tasks"])
        wanted = with_folder(expected["tasks"], folder)
        optional = set(expected.get("may_be_omitted", []))
        for path, task in wanted.items():
            if path in optional and (path not in tasks or tasks[path]["state"] == "omitted"):
                continue
            if path in tasks:
                self.task(path, task, tasks[path])
            else:
                self.fault(f"{path}: never came to be")
        for path in tasks.keys() - wanted.keys() - optional:
            self.fault(f"{path}: unexpected ({tasks[path]['state']})")
        for path, outputs in with_folder(expected.get("outputs", {}), folder).items():
            self.values(f"{path}: output", outputs, tasks.get(path, {}).get("outputs", {}))
        self.values("output", with_folder(expected.get("output_parameters", {}), folder), found["outputs"])
        for name, artifact in with_folder(expected.get("output_artifacts", {}), folder).items():
            why = artifact_differs(artifact, found["outputs"][name]) if name in found["outputs"] else "is missing"
            if why:
                self.fault(f"output artifact {name} {why}")
        self.files(expected, folder)

    def files(self, expected, folder):
        for name, content in expected.get("files_after", {}).items():
            path = pathlib.Path(folder) / name
            found = path.read_text() if path.is_file() else None
            if expected.get("files_after_unordered") and found is not None:
                content, found = sorted(content.split("\n")), sorted(found.split("\n"))
            if with_folder(content, folder) != found:
                self.fault(f"file {name}: expected {content!r}, found {found!r}")


class Runner:
    def __init__(self, kfrun, runtime):
        self.kfrun, self.runtime = kfrun, runtime
        self.fake = tempfile.mkdtemp(prefix="kfrun-kfp-pip-")
        # Stands in for pip: what components ask for besides the SDK is not installed.
        os.makedirs(self.fake + "/pip")
        for name in ("__init__", "__main__"):
            pathlib.Path(f"{self.fake}/pip/{name}.py").write_text("")

    def environment(self, state):
        return dict(os.environ, KFRUN_STATE_DIR=state, KFRUN_KFP_RUNTIME=self.runtime, PYTHONPATH=self.fake, PIP_NO_INPUT="1")

    def refuses(self, file):
        done = subprocess.run([self.kfrun, "lint", str(file)], capture_output=True, text=True)
        return [] if done.returncode == 2 else [f"expected to be refused, but lint gave {done.returncode}"]

    def run(self, file, expected, folder, state, cache):
        arguments = pathlib.Path(state) / "arguments.json"
        arguments.write_text(json.dumps(with_folder(expected.get("arguments") or {}, folder)))
        words = [self.kfrun, "submit", str(file), "--local", "--progress", "quiet", "-o", "json", "-P", str(arguments)]
        done = subprocess.run(words + ([] if cache else ["--no-cache"]), capture_output=True, text=True, timeout=300,
                              env=self.environment(state), cwd=folder)
        comparison = Comparison()
        if done.returncode not in (0, 1):
            return [f"kfrun ended with {done.returncode}: {done.stderr.strip()[:600]}"]
        comparison.run(expected, json.loads(done.stdout), folder)
        return comparison.faults

    def own_case(self, case):
        expected = json.loads((case / "expected.json").read_text())
        about = json.loads((case / "case.json").read_text())
        file = next(case / name for name in ("pipeline.yaml", "manifest.yaml", "job.json", "pipeline.json")
                    if (case / name).exists() and (not case.name.startswith("fmt-") or name != "pipeline.yaml"))
        if expected.get("expect") == "INVALID_IR":
            return self.refuses(file)
        faults = []
        if not expected["runs"]:
            done = subprocess.run([self.kfrun, "lint", str(file)], capture_output=True, text=True)
            return [] if done.returncode == 0 else [done.stderr[:600]]
        with tempfile.TemporaryDirectory(prefix="kfrun-kfp-") as base:
            for number, run in enumerate(expected["runs"]):
                shared = 0 if about.get("cache") else number
                folder, state = f"{base}/{shared}", f"{base}/state{shared}"
                os.makedirs(folder, exist_ok=True)
                os.makedirs(state, exist_ok=True)
                for name, text in (about.get("files") or {}).items():
                    pathlib.Path(folder, name).write_text(text)
                faults += [f"run {number}: {fault}" for fault in self.run(file, run, folder, state, about.get("cache"))]
            release(base)
        return faults

    def upstream(self, file, expectation):
        expected = json.loads(expectation.read_text())
        with tempfile.TemporaryDirectory(prefix="kfrun-kfp-") as base:
            folder, state = base + "/tmp", base + "/state"
            os.makedirs(folder)
            os.makedirs(state)
            faults = self.run(file, expected, folder, state, False)
            release(base)
            return faults


def release(folder):
    """Artifacts are kept read-only; the folder is to go."""
    subprocess.run(["chmod", "-R", "u+w", folder], check=False)


def cases_of(corpus):
    """(area, name, file or folder, expectation) of everything that has a usable expectation."""
    areas = {"bad": "refused", "ct": "containers", "lw": "lightweight", "fmt": "formats", "k8s": "kubernetes"}
    for case in sorted((corpus / "cases").iterdir()):
        yield areas.get(case.name.split("-")[0], "other"), case.name, case, None
    for expectation in sorted((corpus / "upstream-ir" / "expected").glob("*.json")):
        if json.loads(expectation.read_text()).get("usable"):
            files = [one for one in (corpus / "upstream-ir").glob(expectation.stem + ".*")]
            yield "upstream", expectation.stem, files[0], expectation


def main():
    corpus, kfrun, runtime = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    wanted = set(sys.argv[4:])
    runner = Runner(kfrun, runtime)

    def judge(case):
        area, name, where, expectation = case
        try:
            faults = runner.upstream(where, expectation) if expectation else runner.own_case(where)
        except Exception as error:  # a case that breaks the comparison differs
            faults = [f"{type(error).__name__}: {error}"]
        return area, name, faults

    table, good = {}, 0
    cases = [case for case in cases_of(corpus) if not wanted or case[1] in wanted]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for area, name, faults in pool.map(judge, cases):
            counts = table.setdefault(area, [0, 0])
            counts[1] += 1
            counts[0] += not faults
            good += not faults
            for fault in faults[:4]:
                print(f"{name}: {fault[:400]}", flush=True)
    shutil.rmtree(runner.fake)
    print()
    for area, (right, total) in table.items():
        print(f"{area:12} {right:3} of {total:3}")
    print(f"{good} of {len(cases)} as expected")
    return 0 if good == len(cases) else 1


if __name__ == "__main__":
    sys.exit(main())
