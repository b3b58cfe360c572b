"""evaluate.py MODEL TEST METRICS ACCURACY: measures a model on images that neither training nor choosing saw."""

import json
import sys

import joblib
import numpy
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

model_file, test_file, metrics_file, accuracy_file = sys.argv[1:]
model, test = joblib.load(model_file), numpy.load(test_file)
found, right = model.predict(test["pixels"]), test["digits"]
metrics = {
    "accuracy": round(accuracy_score(right, found), 6),
    "f1_macro": round(f1_score(right, found, average="macro"), 6),
    "images": len(right),
    "gamma": model.gamma,
    "penalty": model.C,
    "confusion": confusion_matrix(right, found).tolist(),
}
with open(metrics_file, "w") as file:
    json.dump(metrics, file, indent=1)
with open(accuracy_file, "w") as file:
    file.write(repr(metrics["accuracy"]))
print(f"accuracy {metrics['accuracy']} on {len(right)} images")
print("rows: what is drawn, columns: what was read")
for digit, row in enumerate(metrics["confusion"]):
    print(digit, " ".join(f"{count:3}" for count in row))
