"""Posterior mean and variances of a linearised MLP in PyTorch, in two ways; the peer of the bench suite `posterior`.

    python posterior.py FOLDER WAY      WAY: reference | product | explicit | piece

FOLDER (see exchange.py and mlp.py) holds the network, x [n, d], y [n, c], test [m, d], and the settings priorVariance, noiseVariance, meanRtol, varianceRtol,
columns, referenceDtype, runs, threads. The prior mean is the network. The answers are mean [m·c], variance, and rows, to which the variances belong; the
report has medians in milliseconds.

reference: the released code's way (finite_ntk.py). Conjugate gradients solve for the mean and for each variance, k** - k*ᵀx. `columns` variances are solved
for, spread evenly over the test rows, and their time is scaled to all of them.

product: the time of one product of the reference way, to find the best setting of threads before a long run.

explicit: float64, J by torch.func (jacobian.py), K = J Jᵀ, Cholesky, triangular solves. J of the test points is made in chunks.

piece: the explicit way on 200 examples and 200 test points, to find its best setting of threads.
"""

import sys
import time

import torch

from exchange import PROBLEM, answer
from finite_ntk import PRIOR, NOISE, FiniteNtk, conjugate_gradients
from jacobian import mlp_jacobian
from mlp import mlp, mlp_parameters, tensor

WAY = sys.argv[2]
IS_EXPLICIT = WAY in ("explicit", "piece")
DTYPE = torch.float64 if IS_EXPLICIT else getattr(torch, PROBLEM["referenceDtype"])
PARAMETERS = mlp_parameters(DTYPE)
X, Y, TEST = (tensor(name, DTYPE) for name in ("x", "y", "test"))
ROWS = TEST.shape[0] * Y.shape[1]


# reference ------------------------------------------------------------------------------------------------------------------------


def cross_column(train: FiniteNtk, test: FiniteNtk, row: int):
    """K(train, test row) and K(test row, test row)."""
    g = torch.autograd.grad(test.forward().reshape(-1)[row], test.parameters)
    return PRIOR * train.jv(g), PRIOR * sum((part * part).sum() for part in g)


def reference():
    rows = torch.linspace(0, ROWS - 1, min(PROBLEM["columns"], ROWS)).round().long()
    train, test = FiniteNtk(X), FiniteNtk(TEST)
    start = time.perf_counter()
    with torch.no_grad():
        r, prior_mean = (Y - train.forward()).reshape(-1), test.forward().reshape(-1)
    alpha, steps = conjugate_gradients(train.kernel_product, r, PROBLEM["meanRtol"])
    mean = prior_mean + PRIOR * test.jv(train.jtu(alpha)[0])
    after_mean = time.perf_counter()
    variances, column_steps = [], 0
    for row in rows.tolist():
        k, prior = cross_column(train, test, row)
        solution, taken = conjugate_gradients(train.kernel_product, k, PROBLEM["varianceRtol"])
        variances.append(float(prior - k @ solution))
        column_steps += taken
    end = time.perf_counter()
    mean_ms, column_ms = 1e3 * (after_mean - start), 1e3 * (end - after_mean) / len(rows)
    times = {"meanMs": mean_ms, "varianceMs": column_ms * ROWS, "totalMs": mean_ms + column_ms * ROWS}
    arrays = {"mean": mean.detach(), "variance": variances, "rows": rows}
    return arrays, {**times, "measuredColumns": len(rows), "columns": ROWS, "steps": steps, "columnSteps": column_steps / len(rows)}


def product():
    train, u = FiniteNtk(X), torch.ones(Y.numel(), dtype=DTYPE)
    start = time.perf_counter()
    for _ in range(5):
        train.kernel_product(u)
    return {}, {"totalMs": 200 * (time.perf_counter() - start)}


# explicit -------------------------------------------------------------------------------------------------------------------------


def explicit(train, y, points):
    start = time.perf_counter()
    with torch.no_grad():
        r, prior_mean = (y - mlp(PARAMETERS, train)).reshape(-1), mlp(PARAMETERS, points).reshape(-1)
        j = mlp_jacobian(PARAMETERS, train)
        after_jacobian = time.perf_counter()
        k = PRIOR * (j @ j.T)
        k.diagonal().add_(NOISE)
        factor = torch.linalg.cholesky(k)
        alpha = torch.cholesky_solve(r[:, None], factor)
        after_solve = time.perf_counter()
        mean, variance = [], []
        for some in points.split(100):
            test = mlp_jacobian(PARAMETERS, some)
            cross = PRIOR * (test @ j.T)
            half = torch.linalg.solve_triangular(factor, cross.T, upper=False)
            mean.append((cross @ alpha)[:, 0])
            variance.append(PRIOR * (test * test).sum(1) - (half * half).sum(0))
        mean = prior_mean + torch.cat(mean)
    end = time.perf_counter()
    times = {"jacobianMs": 1e3 * (after_jacobian - start), "solveMs": 1e3 * (after_solve - after_jacobian)}
    arrays = {"mean": mean, "variance": torch.cat(variance), "rows": torch.arange(len(mean))}
    return arrays, {**times, "predictMs": 1e3 * (end - after_solve), "totalMs": 1e3 * (end - start)}


def piece():
    return explicit(X[:200], Y[:200], TEST[:200])


def warm_up():
    """Starts threads and loads kernels on a piece of the work."""
    if IS_EXPLICIT:
        mlp_jacobian(PARAMETERS, X[:8])
    else:
        product()


def main():
    torch.set_num_threads(PROBLEM["threads"])
    warm_up()
    ways = {"reference": reference, "product": product, "explicit": lambda: explicit(X, Y, TEST), "piece": piece}
    runs = [ways[WAY]() for _ in range(PROBLEM["runs"])]
    runs.sort(key=lambda run: run[1]["totalMs"])
    arrays, report = runs[len(runs) // 2]
    answer(arrays, torch=torch.__version__, **report)


main()
