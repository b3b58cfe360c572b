"""Fits one support vector machine and measures it on images that it was not fitted to."""

import argparse

import joblib
import numpy
from sklearn.svm import SVC

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--train", required=True)
parser.add_argument("--choose", required=True)
parser.add_argument("--gamma", type=float, required=True)
parser.add_argument("--penalty", type=float, required=True)
parser.add_argument("--model", required=True, help="where to write the model")
parser.add_argument("--accuracy", required=True, help="where to write its accuracy")
args = parser.parse_args()

train, choose = numpy.load(args.train), numpy.load(args.choose)
model = SVC(gamma=args.gamma, C=args.penalty).fit(train["pixels"], train["digits"])
accuracy = model.score(choose["pixels"], choose["digits"])
joblib.dump(model, args.model)
with open(args.accuracy, "w") as file:
    file.write(repr(float(accuracy)))
print(f"gamma {args.gamma:g}, penalty {args.penalty:g}: accuracy {accuracy:.4f} with {model.n_support_.sum()} support vectors")
