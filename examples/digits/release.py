"""release.py MODEL METRICS BUNDLE: packs what a server needs, model and metrics, into one tar file, the same bytes every time."""

import io
import sys
import tarfile

model, metrics, bundle = sys.argv[1:]
with tarfile.open(bundle, "w") as tar:
    for name, path in ("model.joblib", model), ("metrics.json", metrics):
        with open(path, "rb") as file:
            content = file.read()
        entry = tarfile.TarInfo(name)  # owner, mode and time stay at their defaults
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
        print(f"{name}: {len(content)} bytes")
