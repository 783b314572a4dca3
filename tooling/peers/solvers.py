"""Solutions of (s² J Jᵀ + σ² I) x = b in the released code's way (finite_ntk.py); the peer of the bench suite `solvers`.

    python solvers.py FOLDER WAY      WAY: solve | product

FOLDER (see exchange.py and mlp.py) holds the network, x [n, d], b [k, n·c], and the settings priorVariance, noiseVariance, rtol, columns, dtype, threads. Conjugate
gradients without a preconditioner solve for one right-hand side after the other, as the released code does; `columns` of them are solved for, and their
time is scaled to all. The answer is solution [columns, n·c]; the report has milliseconds and the mean number of steps.

product: the time of one product, to find the best setting of threads before a long run.
"""

import sys
import time

import torch

from exchange import PROBLEM, answer
from finite_ntk import FiniteNtk, conjugate_gradients
from mlp import tensor

DTYPE = getattr(torch, PROBLEM["dtype"])
B = tensor("b", DTYPE)
KERNEL = FiniteNtk(tensor("x", DTYPE))


def solve():
    some = B[: PROBLEM["columns"]]
    start = time.perf_counter()
    solved = [conjugate_gradients(KERNEL.kernel_product, b, PROBLEM["rtol"]) for b in some]
    milliseconds = 1e3 * (time.perf_counter() - start)
    solution = torch.stack([x for x, _ in solved])
    steps = sum(steps for _, steps in solved) / len(some)
    return {"solution": solution}, {"totalMs": milliseconds * len(B) / len(some), "steps": steps}


def product():
    start = time.perf_counter()
    for _ in range(5):
        KERNEL.kernel_product(B[0])
    return {}, {"totalMs": 200 * (time.perf_counter() - start)}


def main():
    torch.set_num_threads(PROBLEM["threads"])
    product()
    arrays, report = {"solve": solve, "product": product}[sys.argv[2]]()
    answer(arrays, torch=torch.__version__, **report)


main()
