"""Writes the ONNX files of networks that are also here as LayersModels, with the same weights, by PyTorch's exporters.

    venv/bin/python tooling/peers/same_network.py packages/adapt/test/fixtures/onnx

(The environment is that of onnx_fixtures.py.) Normalisation is kept as layers of its own, images stay channels-last. The test of @ntk/adapt compares the products of a network read from its three files.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from strip_onnx import stripped

MODELS = Path(__file__).parents[1] / "reference/test/fixtures"
FOLDER = Path(sys.argv[1])


def weights_of(name: str) -> dict[str, torch.Tensor]:
    """The tensors of a LayersModel by the names of its manifest."""
    folder = MODELS / name / "model"
    (group,) = json.loads((folder / "model.json").read_text())["weightsManifest"]
    data = np.fromfile(folder / group["paths"][0], "<f4")
    tensors, start = {}, 0
    for entry in group["weights"]:
        size = int(np.prod(entry["shape"]))
        tensors[entry["name"]] = torch.from_numpy(data[start : start + size].reshape(entry["shape"]).copy())
        start += size
    return tensors


def fill(module: nn.Module, weights: dict[str, torch.Tensor], layer: str) -> None:
    """Gives a module the weights of a layer of Keras."""
    own = {slot.split("/")[1]: tensor for slot, tensor in weights.items() if slot.startswith(f"{layer}/")}
    with torch.no_grad():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.copy_(own["gamma"])
            module.bias.copy_(own["beta"])
            module.running_mean.copy_(own["moving_mean"])
            module.running_var.copy_(own["moving_variance"])
            return
        order = (3, 2, 0, 1) if isinstance(module, nn.Conv2d) else (1, 0)
        module.weight.copy_(own["kernel"].permute(order))
        if module.bias is not None:
            module.bias.copy_(own["bias"])


class Mlp(nn.Module):
    """mlp2: 2-64-64-2, tanh."""

    def __init__(self) -> None:
        super().__init__()
        self.dense, self.dense_1, self.dense_2 = nn.Linear(2, 64), nn.Linear(64, 64), nn.Linear(64, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.dense_2(torch.tanh(self.dense_1(torch.tanh(self.dense(x)))))


class Resnet(nn.Module):
    """small_resnet: a stem, a residual block with strides and a projection, pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.stem_conv, self.stem_bn = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8, eps=1e-3)
        self.block_conv1, self.block_bn1 = nn.Conv2d(8, 16, 3, stride=2, bias=False), nn.BatchNorm2d(16, eps=1e-3)
        self.block_conv2, self.block_bn2 = nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16, eps=1e-3)
        self.shortcut_conv, self.shortcut_bn = nn.Conv2d(8, 16, 1, stride=2), nn.BatchNorm2d(16, eps=1e-5)
        self.logits = nn.Linear(16, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        stem = F.relu(self.stem_bn(self.stem_conv(x.permute(0, 3, 1, 2))))
        # Keras pads 8 pixels for a window of 3 in strides of 2 at the end only.
        inner = F.relu(self.block_bn1(self.block_conv1(F.pad(stem, (0, 1, 0, 1)))))
        block = F.relu(self.block_bn2(self.block_conv2(inner)) + self.shortcut_bn(self.shortcut_conv(stem)))
        return self.logits(F.max_pool2d(block, 2).mean((2, 3)))


def export(name: str, module: nn.Module, example: torch.Tensor) -> None:
    weights = weights_of(name)
    for layer, child in module.named_children():
        fill(child, weights, layer)
    path = FOLDER / f"{name}.onnx"
    shapes = ({0: torch.export.Dim("n")},)
    names = {"input_names": ["x"], "output_names": ["f"]}
    torch.onnx.export(module.eval(), (example,), str(path), dynamic_shapes=shapes, external_data=False, optimize=False, verbose=False, **names)
    stripped(path)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    export("mlp2", Mlp(), torch.randn(2, 2))
    export("small_resnet", Resnet(), torch.randn(2, 8, 8, 3))
