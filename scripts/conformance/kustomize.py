"""The work of kustomize.sh: kustomize.py CORPUS KFRUN."""

import collections
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

corpus, kfrun = sys.argv[1:3]
COLUMNS = ("identical", "same error", "fails as well", "other error text", "different", "failed", "should fail")
GOOD = ("identical", "same error", "fails as well")


def run(arguments, folder):
    return subprocess.run([kfrun, "build", *arguments], cwd=folder, capture_output=True, check=False)


def comparable(text, folder, name):
    """An error text without what differs from run to run; kfrun's places and hints stand on lines of their own."""
    text = re.sub(r"0x[0-9a-f]+", "0xPTR", text.replace(folder, name))
    lines = [line.rstrip() for line in text.splitlines()]
    noise = ("# Warning", "  hint:", "  at ")
    told = ("well-defined vars", "has been deprecated", "Sorting order is set both")
    kept = [line for line in lines if not line.startswith(noise) and not any(words in line for words in told)]
    return "\n".join(kept).strip()


def verdict(done, wanted_code, wanted_digest, wanted_error, folder, name):
    if wanted_code == 0:
        if done.returncode != 0:
            return "failed"
        return "identical" if hashlib.sha256(done.stdout).hexdigest() == wanted_digest else "different"
    if done.returncode == 0:
        return "should fail"
    ours = comparable(done.stderr.decode(errors="replace"), folder, name)
    same = done.returncode == wanted_code and ours == comparable(wanted_error, folder, name)
    return "same error" if same else "other error text"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def case(family, name, empty):
    folder = os.path.join(corpus, family, name)
    with open(os.path.join(folder, "case.json"), encoding="utf-8") as file:
        recorded = json.load(file)
    inputs = os.path.join(folder, "input")
    if not os.path.isdir(inputs):
        inputs = empty
    done = run([*recorded["args"], recorded["target"]], inputs)
    expected = os.path.join(folder, "expected.yaml")
    error = os.path.join(folder, "expected.err")
    digest = hashlib.sha256(read(expected)).hexdigest() if recorded["rc"] == 0 else ""
    return verdict(done, recorded["rc"], digest, read(error).decode(errors="replace") if recorded["rc"] else "", inputs, "$ROOT")


def root(tree, recorded, flags=()):
    done = run([*flags, os.path.join(tree, recorded["root"])], "/")
    return verdict(done, recorded["rc"], recorded.get("sha256"), recorded.get("stderr", ""), tree, "$TREE")


def older_root(recorded, release):
    """What another release printed for a root of the recorded trees. Where it fails, kfrun must; the words are those of today's."""
    trees = [os.path.join(corpus, "roots", name, "tree") for name in sorted(os.listdir(os.path.join(corpus, "roots")))]
    tree = next((tree for tree in trees if os.path.isdir(os.path.join(tree, recorded["root"]))), trees[0])
    found = root(tree, recorded, ("--compat", release))
    return "fails as well" if found in ("same error", "other error text") else found


def areas(empty):
    """Each area's name and its cases as (name, function that gives the verdict)."""
    compat = re.compile(r"compat-(\d.*)")
    for family in sorted(os.listdir(corpus)):
        folder = os.path.join(corpus, family)
        cases = [n for n in sorted(os.listdir(folder)) if os.path.exists(os.path.join(folder, n, "case.json"))] if os.path.isdir(folder) else []
        if cases:
            yield family, [(n, lambda n=n, f=family: case(f, n, empty)) for n in cases]
    roots = os.path.join(corpus, "roots")
    for name in sorted(os.listdir(roots)) if os.path.isdir(roots) else []:
        index = os.path.join(roots, name, "index.jsonl")
        tree = os.path.join(roots, name, "tree")
        if not os.path.exists(index):
            continue
        with open(index, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        yield f"roots/{name}", [(r["root"], lambda r=r, t=tree: root(t, r)) for r in lines if r.get("usable", True)]
    for family in sorted(os.listdir(corpus)):
        index = os.path.join(corpus, family, "index.jsonl")
        release = compat.fullmatch(family)
        if not release or not os.path.exists(index):
            continue
        with open(index, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        yield family, [(r["root"], lambda r=r, v=release[1]: older_root(r, v)) for r in lines if r.get("usable", True)]


def main():
    total = collections.Counter()
    unexpected = []
    print(f"{'area':<16}{'cases':>7}" + "".join(f"{column:>18}" for column in COLUMNS))
    with tempfile.TemporaryDirectory() as empty, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for area, cases in areas(os.path.realpath(empty)):
            verdicts = list(pool.map(lambda entry: entry[1](), cases))
            count = collections.Counter(verdicts)
            total += count
            print(f"{area:<16}{len(cases):>7}" + "".join(f"{count[column]:>18}" for column in COLUMNS))
            unexpected += [(area, name, v) for (name, _), v in zip(cases, verdicts) if v not in GOOD]
    for area, name, what in unexpected:
        print(f"{what}: {area}/{name}")
    good = sum(total[verdict] for verdict in GOOD)
    print(f"{good} of {sum(total.values())} as expected")
    return 0 if good == sum(total.values()) else 1


sys.exit(main())
