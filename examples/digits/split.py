"""split.py TABLE SEED TRAIN CHOOSE TEST: deals the images out, each digit in the same share: 60 %, 20 %, 20 %."""

import sys

import numpy
from sklearn.model_selection import train_test_split

table, seed, *parts = sys.argv[1:]
data = numpy.load(table)
pixels, digits = data["pixels"], data["digits"]
train, rest = train_test_split(numpy.arange(len(digits)), train_size=0.6, stratify=digits, random_state=int(seed))
choose, test = train_test_split(rest, train_size=0.5, stratify=digits[rest], random_state=int(seed))
for path, rows in zip(parts, (train, choose, test), strict=True):
    with open(path, "wb") as file:
        numpy.savez(file, pixels=pixels[rows], digits=digits[rows])
print(f"train on {len(train)}, choose by {len(choose)}, test on {len(test)}")
