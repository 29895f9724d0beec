#!/usr/bin/env python3
"""Trains models/licences.qn on the licences that every Debian has in /usr/share/common-licenses (package base-files).

    python3 -m venv VENV
    VENV/bin/pip install torch numpy safetensors
    VENV/bin/python models/licences/train.py [--device cuda]

Writes licences.safetensors (the weights) and vocabulary.txt (the symbols, in the order of their numbers) beside itself, prints
the loss on text that was held out, and a sample. The weights that are committed were trained on an H100, in under two minutes, to
1.302 bits a symbol. Several of the licences say the same: much of what was held out is in what was not.
"""

import argparse
import pathlib
import re
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from references.recurrent import CharRNN  # noqa: E402

TEXTS = "Apache-2.0 Artistic BSD CC0-1.0 GFDL-1.2 GFDL-1.3 GPL-1 GPL-2 GPL-3 LGPL-2 LGPL-2.1 LGPL-3 MPL-1.1 MPL-2.0".split()
SIZE, HIDDEN, LAYERS = 32, 256, 1
LENGTH, BATCH, DROPOUT = 192, 64, 0.3
BLOCK, HELD_OUT = 1000, 20  # one block of characters in twenty is held out


def read_texts(folder):
    """The licences one after the other, in ASCII, without indentation and empty lines."""
    text = "\n".join((folder / name).read_text(encoding="utf-8") for name in TEXTS)
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"[ \t\f]+", " ", text)).encode("ascii", "ignore").decode()


def drop_inputs(module, rate):
    """Dropout before a module, while training."""
    module.register_forward_pre_hook(lambda module, inputs: (F.dropout(inputs[0], rate, module.training), *inputs[1:]))


def batches(symbols, steps, device, generator):
    for _ in range(steps):
        starts = generator.integers(0, len(symbols) - LENGTH - 1, BATCH)
        yield torch.from_numpy(np.stack([symbols[s : s + LENGTH + 1] for s in starts])).to(device)


def loss_of(network, chunk):
    return F.cross_entropy(network(chunk[:, :-1]).flatten(0, 1), chunk[:, 1:].flatten())


def sample(network, vocabulary, prompt, count, temperature):
    """With PyTorch's own cell, symbol by symbol."""
    generator = torch.Generator().manual_seed(0)
    state, text = None, prompt
    given = torch.tensor([[vocabulary.index(c) for c in prompt]])
    with torch.no_grad():
        for _ in range(count):
            hidden, state = network.rnn(network.embed(given), state)
            given = torch.multinomial((network.out(hidden[:, -1]) / temperature).softmax(1), 1, generator=generator)
            text += vocabulary[given.item()]
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=pathlib.Path, default=pathlib.Path("/usr/share/common-licenses"))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=3000)
    arguments = parser.parse_args()
    text = read_texts(arguments.texts)
    vocabulary = "".join(sorted(set(text)))
    symbols = np.array([vocabulary.index(c) for c in text])
    hidden_from_it = np.arange(len(symbols)) // BLOCK % HELD_OUT == HELD_OUT - 1
    seen, held_out = symbols[~hidden_from_it], symbols[hidden_from_it]
    torch.manual_seed(0)
    network = CharRNN(torch.nn.LSTM, len(vocabulary), SIZE, HIDDEN, LAYERS).to(arguments.device)
    drop_inputs(network.rnn, DROPOUT / 4)
    drop_inputs(network.out, DROPOUT)
    optimizer = torch.optim.Adam(network.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, arguments.steps)
    began = time.monotonic()
    for step, chunk in enumerate(batches(seen, arguments.steps, arguments.device, np.random.default_rng(0))):
        loss = loss_of(network, chunk)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 200 == 0:
            print(f"step {step}: {loss.item() / np.log(2):.3f} bits a symbol, {time.monotonic() - began:.0f} s", flush=True)
    network = network.cpu().eval()
    with torch.no_grad():
        chunks = list(batches(held_out, 4, "cpu", np.random.default_rng(1)))
        bits = np.mean([loss_of(network, chunk).item() for chunk in chunks]) / np.log(2)
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, HERE / "licences.safetensors")
    (HERE / "vocabulary.txt").write_text(vocabulary)
    print(f"{len(vocabulary)} symbols, {len(seen)} to learn from; {bits:.3f} bits a symbol on {len(held_out)} held out")
    for temperature in (1.0, 0.7):
        print(f"-- temperature {temperature}\n{sample(network, vocabulary, 'You may ', 500, temperature)}")


if __name__ == "__main__":
    main()
