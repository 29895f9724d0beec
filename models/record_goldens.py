#!/usr/bin/env python3
"""Records what PyTorch answers, for tests/models to compare with. The test run itself needs neither PyTorch nor Python.

    python3 -m venv VENV
    VENV/bin/pip install torch torchvision efficientnet-lite-pytorch numpy pillow
    VENV/bin/python models/record_goldens.py [--data .deps/demo]

Writes into tests/models/goldens:
    rule.json        a few values of the rule in synthetic_weights.py, to hold its two implementations together
    MODEL.npy        [2, 1000]: two synthetic images through the model with synthetic weights
and, from the demo's checkpoint and photographs (--data):
    PHOTO.png        the photograph as the network sees it before normalisation: 224 x 224, 8 bits, RGB
    PHOTO.npy        [1000]: the pretrained network's probabilities for it
"""

import argparse
import json
import pathlib

import numpy as np
import synthetic_weights
import torch
import torchvision
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from references.weights import with_synthetic_weights

GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "tests" / "models" / "goldens"
PHOTOS = ("chelsea.png", "coffee.png", "rocket.jpg")
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def record_rule():
    cases = [
        ("image", [2, 3, 5, 7]),
        ("fc.weight", [10, 7]),
        ("layer1.0.conv1.weight", [64, 64, 3, 3]),
        ("bn1.weight", [9]),
        ("bn1.bias", [9]),
        ("bn1.running_mean", [9]),
        ("_blocks.0._bn1.running_var", [9]),
        ("rnn.weight_ih_l0", [12, 5]),
        ("rnn.bias_hh_l1", [12]),
    ]
    entries = []
    for name, shape in cases:
        values = synthetic_weights.tensor(name, shape).ravel()
        for index in (0, 1, values.size - 1):
            entries.append({"name": name, "shape": shape, "index": index, "value": float(values[index])})
    values = synthetic_weights.symbols("text", [2, 24], 13).ravel()
    for index in (0, 1, values.size - 1):
        entries.append({"name": "text", "shape": [2, 24], "levels": 13, "index": index, "value": int(values[index])})
    text = ",\n".join("  " + json.dumps(entry) for entry in entries)
    (GOLDENS / "rule.json").write_text(f"[\n{text}\n]\n")


def record_models():
    models = {
        "efficientnet_lite0": torch.nn.Sequential(
            with_synthetic_weights(EfficientNet.from_name("efficientnet-lite0")), torch.nn.Softmax(1)
        )
    }
    for name in ("resnet18", "resnet50", "vgg16"):
        models[name] = with_synthetic_weights(getattr(torchvision.models, name)(weights=None))
    images = torch.from_numpy(synthetic_weights.tensor("image", (2, 3, 224, 224)))
    for name, model in models.items():
        # In double precision, so that the error of single precision is only the compiler's.
        result = model.double()(images.double()).float().numpy()
        np.save(GOLDENS / f"{name}.npy", result)
        print(f"{name}: largest {np.abs(result).max():.4g}, images differ by {np.ptp(result, 0).max():.4g}")


def prepared(path):
    """What the adapter photo(resize = 256, crop = 224) sees: the shorter side becomes 256 and the longer one the nearest
    integer, by Pillow's antialiased bicubic filter in 8 bits; of an odd margin the smaller half goes left and above."""
    image = Image.open(path).convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize([round(side * scale) for side in image.size], Image.BICUBIC)
    left, top = ((side - 224) // 2 for side in image.size)
    return image.crop((left, top, left + 224, top + 224))


def record_photos(data):
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(next(data.glob("efficientnet-lite0-*.pth")), weights_only=True))
    network = network.eval().double()
    for photo in PHOTOS:
        image = prepared(data / photo)
        pixels = (np.asarray(image, np.float64) / 255 - MEAN) / STD
        pixels = pixels.transpose(2, 0, 1)[None].astype(np.float32)
        probabilities = network(torch.from_numpy(pixels).double()).softmax(1)[0].float().numpy()
        stem = GOLDENS / pathlib.Path(photo).stem
        image.save(stem.with_suffix(".png"), optimize=True)
        np.save(stem.with_suffix(".npy"), probabilities)
        best = np.argsort(-probabilities)[:5]
        print(photo, [(int(i), round(float(probabilities[i]), 3)) for i in best])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, help="folder with the checkpoint and the photographs")
    arguments = parser.parse_args()
    GOLDENS.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        record_rule()
        record_models()
        if arguments.data:
            record_photos(arguments.data)


if __name__ == "__main__":
    main()
