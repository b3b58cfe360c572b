"""load.py TABLE COUNT: writes the images that come with scikit-learn as one table, and how many they are."""

import sys

import numpy
from sklearn.datasets import load_digits

table, count = sys.argv[1:]
pixels, digits = load_digits(return_X_y=True)
with open(table, "wb") as file:
    numpy.savez(file, pixels=pixels, digits=digits)
with open(count, "w") as file:
    file.write(str(len(digits)))
print(f"{len(digits)} images of {pixels.shape[1]} pixels")
