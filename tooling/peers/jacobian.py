"""The explicit Jacobian of the multilayer perceptron of a problem (mlp.py)."""

import torch

from mlp import mlp


def mlp_jacobian(parameters, x: torch.Tensor) -> torch.Tensor:
    """J [n·c, p] by torch.func (vmap of jacrev), a chunk of examples at a time into one array: it may hold half of the machine's memory."""
    per_example = torch.func.vmap(torch.func.jacrev(mlp), in_dims=(None, 0))
    outputs = parameters[-1].numel()
    j = torch.empty(x.shape[0] * outputs, sum(parameter.numel() for parameter in parameters), dtype=x.dtype)
    for chunk in range(0, x.shape[0], 100):
        rows = j[chunk * outputs : (chunk + 100) * outputs]
        column = 0
        for part in per_example(tuple(parameters), x[chunk : chunk + 100]):
            flat = part.reshape(rows.shape[0], -1)
            rows[:, column : column + flat.shape[1]] = flat
            column += flat.shape[1]
    return j
