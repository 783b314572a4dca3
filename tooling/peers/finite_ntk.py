"""What amzn/xfer's finite_ntk computes, re-written: every product runs the network anew, one column at a time, and conjugate gradients do the rest.

Wherever the released code is wrong (outputs dropped, negative variances) this is what it meant. s² is the prior variance, σ² the noise variance.
"""

from collections.abc import Callable

import torch

from exchange import PROBLEM
from mlp import mlp, mlp_parameters

PRIOR, NOISE = PROBLEM["priorVariance"], PROBLEM["noiseVariance"]


class FiniteNtk:
    """Products with the Jacobian of a network at some inputs [n, d]."""

    def __init__(self, x: torch.Tensor):
        self.x = x
        self.parameters = [parameter.requires_grad_(True) for parameter in mlp_parameters(x.dtype)]

    def forward(self) -> torch.Tensor:
        return mlp(self.parameters, self.x)

    def jtu(self, u: torch.Tensor):
        """Jᵀu as a tuple, by a backward pass, and the outputs that it went through, whose graph is alive."""
        f = self.forward()
        return torch.autograd.grad(f, self.parameters, u.view_as(f), retain_graph=True), f

    def jv(self, v, f: torch.Tensor | None = None) -> torch.Tensor:
        """J v [n·c] by a backward pass and one through it."""
        f = self.forward() if f is None else f
        w = torch.zeros_like(f, requires_grad=True)
        g = torch.autograd.grad(f, self.parameters, w, create_graph=True)
        return torch.autograd.grad(g, w, v)[0].reshape(-1)

    def kernel_product(self, u: torch.Tensor) -> torch.Tensor:
        """(s² J Jᵀ + σ² I) u: the system of function space."""
        g, f = self.jtu(u)
        return PRIOR * self.jv(g, f) + NOISE * u

    def fisher_product(self, v: torch.Tensor, epsilon: float) -> torch.Tensor:
        """(Jᵀ J + σ²/s² I) v: the system of parameter space, with JᵀJ v by the paper's finite difference along v / ‖v‖."""
        length = v.norm()
        with torch.no_grad():
            here = self.forward()
            step = self.unflatten(v * (epsilon / length))
            moved = [parameter + part for parameter, part in zip(self.parameters, step)]
        moved = [parameter.requires_grad_(True) for parameter in moved]
        there = mlp(moved, self.x)
        gradient = torch.autograd.grad(there, moved, there.detach() - here)
        return flatten(gradient) * (length / epsilon) + (NOISE / PRIOR) * v

    def unflatten(self, v: torch.Tensor):
        """A vector [p] in the shapes of the parameters."""
        parts = v.split([parameter.numel() for parameter in self.parameters])
        return [part.view_as(parameter) for part, parameter in zip(parts, self.parameters)]


def flatten(parts) -> torch.Tensor:
    """Tensors in the shapes of the parameters as one vector [p]."""
    return torch.cat([part.reshape(-1) for part in parts])


def conjugate_gradients(product: Callable[[torch.Tensor], torch.Tensor], b: torch.Tensor, rtol: float, most: int = 5000):
    """x with A x ≈ b and the number of steps: it stops where the recursive residual is below rtol · ‖b‖, after `most` steps at the latest."""
    x, r = torch.zeros_like(b), b.clone()
    p, rr = r.clone(), r @ r
    limit, steps = rtol**2 * float(rr), 0
    while float(rr) > limit and steps < most:
        a = product(p)
        alpha = rr / (p @ a)
        x, r = x + alpha * p, r - alpha * a
        rr, before = r @ r, rr
        p, steps = r + (rr / before) * p, steps + 1
    return x, steps
