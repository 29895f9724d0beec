#!/usr/bin/env python3
"""Trains models/handwriting.qn on scikit-learn's handwritten digits: 8 x 8 pixels, 0 to 16, of which 16 becomes 15.

    python3 -m venv VENV
    VENV/bin/pip install torch numpy scikit-learn safetensors pillow
    VENV/bin/python models/handwriting/train.py [--device cuda]

Writes handwriting.safetensors (the weights) beside itself, prints the loss on the digits that were held out, which are those of
digits/train.py, and draws samples into --sheet. The weights that are committed took 38 s on an H100; on one busy core of 2.5 GHz,
50 of the 3000 steps took 28 s. The best were those of a step between 1149 and 1749, at 1.649 bits a pixel.
"""

import argparse
import copy
import pathlib
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from references.checks import Draw  # noqa: E402
from references.pixels import GatedPixelCNN  # noqa: E402

LEVELS, CHANNELS, LAYERS = 16, 48, 6
BATCH, DECAY, DROPOUT = 128, 0.998, 0.2


def load():
    """Levels [count, 8, 8] to learn from, and held out."""
    digits = load_digits()
    parts = train_test_split(digits.images, digits.target, test_size=0.25, random_state=0, stratify=digits.target)
    return [torch.from_numpy(np.minimum(images, LEVELS - 1).astype(np.int64)) for images in parts[:2]]


def loss_of(network, levels):
    return F.cross_entropy(network(levels[:, None].float() / (LEVELS - 1)), levels)


def drop_inputs(module, rate):
    """Dropout before a module, while training."""
    module.register_forward_pre_hook(lambda module, inputs: (F.dropout(inputs[0], rate, module.training),))


def sample(network, count, pick):
    """Pixel by pixel, a full pass each: images in [0, 1]."""
    image = torch.zeros(count, 1, 8, 8, device=next(network.parameters()).device)
    with torch.no_grad():
        for y, x in np.ndindex(8, 8):
            image[:, 0, y, x] = pick(network(image)[:, :, y, x].cpu()).to(image) / (LEVELS - 1)
    return image[:, 0].cpu().numpy()


def sheet(images, columns=12, scale=6):
    rows = images.reshape(-1, columns, 8, 8)
    framed = np.pad(rows, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=0.4)
    pixels = framed.transpose(0, 2, 1, 3).reshape(len(rows) * 10, columns * 10)
    return Image.fromarray((255 * pixels).astype(np.uint8)).resize((columns * 10 * scale, len(rows) * 10 * scale), 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--sheet", type=pathlib.Path)
    arguments = parser.parse_args()
    seen, held_out = (levels.to(arguments.device) for levels in load())
    torch.manual_seed(0)
    network = GatedPixelCNN(CHANNELS, LAYERS, LEVELS).to(arguments.device)
    averaged, best = copy.deepcopy(network).eval(), (float("inf"), None)
    for block in network.blocks:
        drop_inputs(block.mix, DROPOUT)
    drop_inputs(network.hidden, DROPOUT)
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, arguments.steps)
    began = time.monotonic()
    for step in range(arguments.steps):
        loss = loss_of(network, seen[torch.randint(len(seen), (BATCH,), device=seen.device)])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        # The weights that are kept are a running mean, at its best on the digits held out.
        with torch.no_grad():
            decay = min(DECAY, step / (step + 10))
            for mean, now in zip(averaged.parameters(), network.parameters()):
                mean.lerp_(now, 1 - decay)
            if step % 50 == 49:
                bits = loss_of(averaged, held_out).item() / np.log(2)
                if bits < best[0]:
                    best = bits, copy.deepcopy(averaged.state_dict())
                seconds = time.monotonic() - began
                print(f"step {step}: {loss.item() / np.log(2):.3f} bits a pixel, {bits:.3f} held out, {seconds:.0f} s", flush=True)
    averaged.load_state_dict(best[1])
    save_file({name: value.cpu().contiguous() for name, value in averaged.state_dict().items()}, HERE / "handwriting.safetensors")
    print(f"{best[0]:.3f} bits a pixel on {len(held_out)} held-out digits")
    if arguments.sheet:
        sheet(sample(averaged, 96, Draw(0))).save(arguments.sheet)


if __name__ == "__main__":
    main()
