#!/usr/bin/env python3
"""Trains the network of models/digits.qn on scikit-learn's handwritten digits (8 x 8 pixels of 0 to 16).

    python3 -m venv VENV
    VENV/bin/pip install scikit-learn safetensors
    VENV/bin/python models/digits/train.py

Writes digits.safetensors (the weights) and held_out.npz (the quarter of the digits that it did not see) beside itself, and
prints the share of those that it names rightly.
"""

import pathlib

import numpy as np
from safetensors.numpy import save_file
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

HERE = pathlib.Path(__file__).resolve().parent


def main():
    digits = load_digits()
    seen, held_out, seen_labels, held_out_labels = train_test_split(
        digits.data.astype(np.float32), digits.target, test_size=0.25, random_state=0, stratify=digits.target
    )
    # The model divides by 16 itself: it takes the pixels as they are.
    network = MLPClassifier((64, 32), alpha=0.1, learning_rate_init=0.003, max_iter=300, random_state=0)
    network.fit(seen / 16, seen_labels)
    weights = {}
    for i, (weight, bias) in enumerate(zip(network.coefs_, network.intercepts_), 1):
        weights[f"fc{i}.weight"] = np.ascontiguousarray(weight.T, np.float32)
        weights[f"fc{i}.bias"] = bias.astype(np.float32)
    save_file(weights, HERE / "digits.safetensors")
    np.savez_compressed(HERE / "held_out.npz", images=held_out, labels=held_out_labels.astype(np.int32))
    print(f"{network.score(held_out / 16, held_out_labels):.2%} of {len(held_out_labels)} held-out digits named rightly")


if __name__ == "__main__":
    main()
