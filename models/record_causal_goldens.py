#!/usr/bin/env python3
"""Records what the references of causal models (models/references, in PyTorch) answer, for tests/models to compare with.

    python3 -m venv VENV
    VENV/bin/pip install torch numpy safetensors
    VENV/bin/python models/record_causal_goldens.py [NAME...]

Writes into tests/models/goldens/causal:
    models.json        each case: the model's file, its settings, its inputs by name, shape and levels, its contract
    NAME.npy           the output for synthetic inputs with synthetic weights
    NAME.greedy.npy    where the output is categorical, or a mixture over colours: the input that the likeliest choice at each
                       position leads to (a mixture's: the means of its likeliest component), from one full pass a position; of
                       a sequence the first PROMPT positions are given
    licences.txt       how the trained model of models/licences goes on after PROMPT_TEXT, by its likeliest symbols
A reference that reads what its contract forbids is an error, and nothing is recorded of it.
"""

import argparse
import dataclasses
import json
import pathlib

import numpy as np
import torch
from references import densities, mixtures, pixels, recurrent, sequences
from references.case import ColourMixture
from references.checks import Greedy, check_contract, sample
from references.weights import with_synthetic_weights
from safetensors.torch import load_file

MODELS = pathlib.Path(__file__).resolve().parent
GOLDENS = MODELS.parent / "tests" / "models" / "goldens" / "causal"
FAMILIES = (recurrent, densities, sequences, pixels, mixtures)
PROMPT = 4
PROMPT_TEXT, WRITTEN = "You may ", 160
# A choice closer than this, relative to the largest output, could fall otherwise in single precision.
LEAST_MARGIN = 1e-4
# And so could a colour this close, in levels, to the middle between two.
LEAST_ROUNDING = 1e-3


def described(case):
    inputs = [{"name": i.name, "shape": list(i.shape), "levels": i.levels} for i in case.inputs]
    contract = {**dataclasses.asdict(case.contract), "given": PROMPT}
    contract["levels"] = case.levels.count if case.levels else 0
    contract["is_mixture"] = isinstance(case.levels, ColourMixture)
    if case.contract.strict:
        contract["given"] = 0
    return {"name": case.name, "model": case.model, "settings": case.settings, "inputs": inputs, "contract": contract}


def record(case):
    with_synthetic_weights(case.network).double()
    inputs = [i.values() for i in case.inputs]
    check_contract(case, inputs)
    output = case.network(*inputs).float().numpy()
    np.save(GOLDENS / f"{case.name}.npy", output)
    said = f"{case.name}: {list(output.shape)}, largest {np.abs(output).max():.4g}"
    if case.levels:
        pick = Greedy(np.abs(output).max())
        chosen = sample(case, inputs, pick, known=0 if case.contract.strict else PROMPT)
        if pick.margin < LEAST_MARGIN or pick.rounding < LEAST_ROUNDING:
            raise SystemExit(f"{case.name}: its greedy choices are too close ({pick.margin:.2g}, {pick.rounding:.2g})")
        type = np.float32 if chosen.is_floating_point() else np.int32
        np.save(GOLDENS / f"{case.name}.greedy.npy", chosen.numpy().astype(type))
        said += f", greedy margin {pick.margin:.2g}, {len(chosen.unique())} levels chosen"
    print(said)


def record_text():
    weights = load_file(MODELS / "licences" / "licences.safetensors")
    vocabulary = (MODELS / "licences" / "vocabulary.txt").read_text()
    network = recurrent.CharRNN(torch.nn.LSTM, *weights["embed.weight"].shape, weights["out.weight"].shape[1], layers=1)
    network.load_state_dict(weights)
    symbols, margin = [vocabulary.index(c) for c in PROMPT_TEXT], float("inf")
    for _ in range(WRITTEN):
        scores = network.double()(torch.tensor([symbols]))[0, -1]
        best = scores.topk(2)
        margin = min(margin, float((best.values[0] - best.values[1]) / scores.abs().max()))
        symbols.append(int(best.indices[0]))
    if margin < LEAST_MARGIN:
        raise SystemExit(f"the likeliest symbols of the text are too close ({margin:.2g})")
    text = "".join(vocabulary[symbol] for symbol in symbols)
    (GOLDENS / "licences.txt").write_text(text)
    print(f"{text!r}, margin {margin:.2g}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="cases to record (default: all)")
    names = parser.parse_args().names
    cases = [case for family in FAMILIES for case in family.cases()]
    GOLDENS.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        for case in cases:
            if not names or case.name in names:
                record(case)
        if not names:
            record_text()
    rows = ",\n".join("  " + json.dumps(described(case)) for case in cases)
    (GOLDENS / "models.json").write_text(f"[\n{rows}\n]\n")


if __name__ == "__main__":
    main()
