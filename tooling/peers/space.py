"""Posterior means in function space or in parameter space in the released code's way (finite_ntk.py); the peer of the bench suite `space`.

    python space.py FOLDER WAY      WAY: function | parameter

FOLDER (see exchange.py and mlp.py) holds the network, x [n, d], y [n, c], test [m, d], and the settings priorVariance, noiseVariance, rtol, epsilon, maxSeconds, dtype,
threads. Function space: conjugate gradients on s² J Jᵀ + σ² I. Parameter space: on JᵀJ + σ²/s² I, whose products are finite differences with step
epsilon along unit vectors (the paper's Fisher-vector product). Either stops after maxSeconds. The answer is mean [m·c];
the report has milliseconds and steps, or that it is not finished.
"""

import sys
import time

import torch

from exchange import PROBLEM, answer
from finite_ntk import PRIOR, FiniteNtk, conjugate_gradients, flatten
from mlp import tensor

DTYPE = getattr(torch, PROBLEM["dtype"])
TRAIN, TEST = FiniteNtk(tensor("x", DTYPE)), FiniteNtk(tensor("test", DTYPE))
Y = tensor("y", DTYPE)


class Deadline(Exception):
    """The time is over."""


def timed(product):
    """A product that raises Deadline once maxSeconds have gone by since now."""
    end = time.perf_counter() + PROBLEM["maxSeconds"]

    def run(v):
        if time.perf_counter() > end:
            raise Deadline
        return product(v)

    return run


def weights(way: str, r: torch.Tensor):
    """w of the mean m + J w, and the steps."""
    if way == "function":
        alpha, steps = conjugate_gradients(timed(TRAIN.kernel_product), r, PROBLEM["rtol"])
        return PRIOR * flatten(TRAIN.jtu(alpha)[0]), steps
    product = timed(lambda v: TRAIN.fisher_product(v, PROBLEM["epsilon"]))
    return conjugate_gradients(product, flatten(TRAIN.jtu(r)[0]), PROBLEM["rtol"])


def main():
    torch.set_num_threads(PROBLEM["threads"])
    TRAIN.kernel_product(torch.ones(Y.numel(), dtype=DTYPE))
    start = time.perf_counter()
    r = (Y - TRAIN.forward().detach()).reshape(-1)
    prior_mean = TEST.forward().detach().reshape(-1)
    try:
        w, steps = weights(sys.argv[2], r)
    except Deadline:
        answer({}, torch=torch.__version__, isFinished=False)
        return
    mean = prior_mean + TEST.jv(TEST.unflatten(w))
    milliseconds = 1e3 * (time.perf_counter() - start)
    answer({"mean": mean.detach()}, torch=torch.__version__, isFinished=True, totalMs=milliseconds, steps=steps)


main()
