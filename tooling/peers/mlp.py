"""The multilayer perceptron of a problem: weight<i> [in, out], bias<i> [out] and the settings layers and activation (tanh | elu)."""

import torch

from exchange import PROBLEM, load

LAYERS = PROBLEM["layers"]
ACTIVATION = {"tanh": torch.tanh, "elu": torch.nn.functional.elu}[PROBLEM["activation"]]


def tensor(name: str, dtype: torch.dtype) -> torch.Tensor:
    """An array of the problem in some precision."""
    return torch.from_numpy(load(name)).to(dtype)


def mlp_parameters(dtype: torch.dtype) -> list[torch.Tensor]:
    """weight0, bias0, weight1, …"""
    return [tensor(f"{kind}{i}", dtype) for i in range(LAYERS) for kind in ("weight", "bias")]


def mlp(parameters, x: torch.Tensor) -> torch.Tensor:
    """The outputs [n, c]."""
    for i in range(LAYERS):
        x = x @ parameters[2 * i] + parameters[2 * i + 1]
        x = ACTIVATION(x) if i + 1 < LAYERS else x
    return x
