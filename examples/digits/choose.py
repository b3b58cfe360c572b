"""Keeps the model with the highest accuracy; the first of equals."""

import argparse
import json
import shutil

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--models", type=json.loads, required=True, help="JSON list of files")
parser.add_argument("--accuracies", type=json.loads, required=True, help="JSON list of numbers in the same order")
parser.add_argument("--best", required=True, help="where to write the best model")
parser.add_argument("--index", required=True, help="where to write its place in the list")
args = parser.parse_args()

best = max(range(len(args.models)), key=lambda i: args.accuracies[i])
shutil.copyfile(args.models[best], args.best)
with open(args.index, "w") as file:
    file.write(str(best))
print(f"model {best} of {len(args.models)} is best: accuracy {args.accuracies[best]:.4f}")
