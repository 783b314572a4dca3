"""The tangent kernel J Jᵀ of an MLP in PyTorch, float32, in two ways; the peer of the bench suite `gram`.

    python gram.py FOLDER WAY      WAY: explicit | piece | reference | product

FOLDER (see exchange.py and mlp.py) holds the network, x [n, d], and the settings columns, runs and threads, and of finite_ntk.py priorVariance 1 and noiseVariance 0. The answers are
kernel [columns, n·c], some columns of the kernel, and rows, which they are; the report has the median of the runs in milliseconds.

explicit: J by torch.func (jacobian.py), then J Jᵀ. The answer has all columns.

piece: the explicit way on 200 examples, to find its best setting of threads.

reference: the released code's way (finite_ntk.py). A column is its operator times a unit vector: forward, backward, and backward through that. `columns` of
them are computed, spread evenly, and their time is scaled to all.

product: the time of one column, to find the best setting of threads before a long run.
"""

import sys
import time

import torch

from exchange import PROBLEM, answer
from finite_ntk import FiniteNtk
from jacobian import mlp_jacobian
from mlp import mlp_parameters, tensor

X = tensor("x", torch.float32)
PARAMETERS = mlp_parameters(torch.float32)
ROWS = X.shape[0] * PARAMETERS[-1].numel()


def explicit(x):
    start = time.perf_counter()
    with torch.no_grad():
        j = mlp_jacobian(PARAMETERS, x)
        kernel = j @ j.T
    return {"kernel": kernel, "rows": torch.arange(len(kernel))}, 1e3 * (time.perf_counter() - start)


def reference(columns: int):
    rows = torch.linspace(0, ROWS - 1, min(columns, ROWS)).round().long()
    kernel = torch.empty(len(rows), ROWS)
    operator, unit = FiniteNtk(X), torch.zeros(ROWS)
    start = time.perf_counter()
    for column, row in zip(kernel, rows.tolist()):
        unit[row] = 1
        column.copy_(operator.kernel_product(unit).detach())
        unit[row] = 0
    milliseconds = 1e3 * (time.perf_counter() - start) / len(rows) * ROWS
    return {"kernel": kernel, "rows": rows}, milliseconds


def main():
    torch.set_num_threads(PROBLEM["threads"])
    way = {
        "explicit": lambda: explicit(X),
        "piece": lambda: explicit(X[:200]),
        "reference": lambda: reference(PROBLEM["columns"]),
        "product": lambda: reference(5),
    }[sys.argv[2]]
    # Starts threads and loads kernels on a piece of the work.
    explicit(X[:8])
    reference(1)
    runs = sorted((way() for _ in range(PROBLEM["runs"])), key=lambda run: run[1])
    arrays, milliseconds = runs[len(runs) // 2]
    answer(arrays, torch=torch.__version__, totalMs=milliseconds)


main()
