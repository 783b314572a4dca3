"""Posterior mean and variances of a linearised tanh MLP in PyTorch, in two ways; the peer of the bench suite `posterior`.

    python posterior.py FOLDER WAY      WAY: reference | explicit | product

FOLDER (see exchange.py) holds x [n, d], y [n, c], test [m, d], weight<i> [in, out], bias<i> [out], and the settings layers, priorVariance, noiseVariance,
rtol, columns, referenceDtype, runs, threads. The prior mean is the network. The answers are mean [m·c] and variance; the report has medians in milliseconds.

reference: what amzn/xfer's finite_ntk does, re-written. A product with J Jᵀ is a forward pass, a backward pass and a double backward, anew for every
column; conjugate gradients solve for the mean and for each variance. Variances are solved for the first `columns` rows of the test points and their time
is scaled to all of them: all would take hours on the larger problem.

product: the time of one product of the reference way, to find the best setting of threads before a long run.

explicit: float64, J by torch.func (vmap of jacrev), K = J Jᵀ, Cholesky, triangular solves. J of the test points is made in chunks.
"""

import sys
import time

import torch

from exchange import PROBLEM, answer, load

WAY = sys.argv[2]
PRIOR, NOISE, LAYERS = PROBLEM["priorVariance"], PROBLEM["noiseVariance"], PROBLEM["layers"]
DTYPE = torch.float64 if WAY == "explicit" else getattr(torch, PROBLEM["referenceDtype"])


def tensor(name: str) -> torch.Tensor:
    return torch.from_numpy(load(name)).to(DTYPE)


PARAMETERS = [tensor(f"{kind}{i}") for i in range(LAYERS) for kind in ("weight", "bias")]
X, Y, TEST = tensor("x"), tensor("y"), tensor("test")


def network(parameters, x):
    for i in range(LAYERS):
        x = x @ parameters[2 * i] + parameters[2 * i + 1]
        x = torch.tanh(x) if i + 1 < LAYERS else x
    return x


# reference ------------------------------------------------------------------------------------------------------------------------


def leaves():
    return [parameter.requires_grad_(True) for parameter in PARAMETERS]


def jtu(x, u, retain=False):
    """Jᵀu and the outputs it went through."""
    f = network(leaves(), x)
    return torch.autograd.grad(f, PARAMETERS, u.view_as(f), retain_graph=retain), f


def jv(f, v):
    """J v by double backward through outputs whose graph is alive."""
    w = torch.zeros_like(f, requires_grad=True)
    g = torch.autograd.grad(f, PARAMETERS, w, create_graph=True)
    return torch.autograd.grad(g, w, v)[0].reshape(-1)


def kernel_product(u):
    g, f = jtu(X, u, retain=True)
    return PRIOR * jv(f, g) + NOISE * u


def cross_product(u):
    """K(test, train) u."""
    return PRIOR * jv(network(leaves(), TEST), jtu(X, u)[0])


def cross_column(row: int):
    """K(train, test row)."""
    f = network(leaves(), TEST)
    g = torch.autograd.grad(f.reshape(-1)[row], PARAMETERS)
    return PRIOR * jv(network(leaves(), X), g), PRIOR * sum((part * part).sum() for part in g)


def conjugate_gradients(b):
    x, r = torch.zeros_like(b), b.clone()
    p, rr = r.clone(), r @ r
    limit, steps = PROBLEM["rtol"] ** 2 * float(rr), 0
    while float(rr) > limit and steps < 5000:
        a = kernel_product(p)
        alpha = rr / (p @ a)
        x, r = x + alpha * p, r - alpha * a
        rr, before = r @ r, rr
        p, steps = r + (rr / before) * p, steps + 1
    return x, steps


def reference():
    rows = TEST.shape[0] * Y.shape[1]
    columns = min(PROBLEM["columns"], rows)
    start = time.perf_counter()
    with torch.no_grad():
        r, prior_mean = (Y - network(PARAMETERS, X)).reshape(-1), network(PARAMETERS, TEST).reshape(-1)
    alpha, steps = conjugate_gradients(r)
    mean = prior_mean + cross_product(alpha)
    after_mean = time.perf_counter()
    variances, column_steps = [], 0
    for row in range(columns):
        k, prior = cross_column(row)
        solution, taken = conjugate_gradients(k)
        variances.append(float(prior - k @ solution))
        column_steps += taken
    end = time.perf_counter()
    mean_ms, column_ms = 1e3 * (after_mean - start), 1e3 * (end - after_mean) / columns
    times = {"meanMs": mean_ms, "varianceMs": column_ms * rows, "totalMs": mean_ms + column_ms * rows}
    return mean, variances, {**times, "measuredColumns": columns, "columns": rows, "steps": steps, "columnSteps": column_steps / columns}


def product():
    u = torch.ones(Y.numel(), dtype=DTYPE)
    start = time.perf_counter()
    for _ in range(5):
        kernel_product(u)
    return u, u, {"totalMs": 200 * (time.perf_counter() - start)}


# explicit -------------------------------------------------------------------------------------------------------------------------


def jacobian(x):
    """J [rows, p], a chunk of examples at a time into one array: it may hold half of the machine's memory."""
    per_example = torch.func.vmap(torch.func.jacrev(network), in_dims=(None, 0))
    outputs = Y.shape[1]
    j = torch.empty(x.shape[0] * outputs, sum(parameter.numel() for parameter in PARAMETERS), dtype=DTYPE)
    for chunk in range(0, x.shape[0], 100):
        rows = j[chunk * outputs : (chunk + 100) * outputs]
        column = 0
        for part in per_example(tuple(PARAMETERS), x[chunk : chunk + 100]):
            flat = part.reshape(rows.shape[0], -1)
            rows[:, column : column + flat.shape[1]] = flat
            column += flat.shape[1]
    return j


def explicit():
    start = time.perf_counter()
    with torch.no_grad():
        r, prior_mean = (Y - network(PARAMETERS, X)).reshape(-1), network(PARAMETERS, TEST).reshape(-1)
        j = jacobian(X)
        after_jacobian = time.perf_counter()
        k = PRIOR * (j @ j.T)
        k.diagonal().add_(NOISE)
        factor = torch.linalg.cholesky(k)
        alpha = torch.cholesky_solve(r[:, None], factor)
        after_solve = time.perf_counter()
        mean, variance = [], []
        for points in TEST.split(100):
            test = jacobian(points)
            cross = PRIOR * (test @ j.T)
            half = torch.linalg.solve_triangular(factor, cross.T, upper=False)
            mean.append((cross @ alpha)[:, 0])
            variance.append(PRIOR * (test * test).sum(1) - (half * half).sum(0))
        mean = prior_mean + torch.cat(mean)
    end = time.perf_counter()
    times = {"jacobianMs": 1e3 * (after_jacobian - start), "solveMs": 1e3 * (after_solve - after_jacobian)}
    return mean, torch.cat(variance), {**times, "predictMs": 1e3 * (end - after_solve), "totalMs": 1e3 * (end - start)}


def warm_up():
    """Starts threads and loads kernels on a piece of the work."""
    if WAY == "explicit":
        jacobian(X[:8])
    else:
        kernel_product(torch.ones(Y.numel(), dtype=DTYPE))


def main():
    torch.set_num_threads(PROBLEM["threads"])
    warm_up()
    work = {"reference": reference, "explicit": explicit, "product": product}[WAY]
    runs = [work() for _ in range(PROBLEM["runs"])]
    runs.sort(key=lambda run: run[2]["totalMs"])
    mean, variance, report = runs[len(runs) // 2]
    answer({"mean": mean.detach(), "variance": variance}, torch=torch.__version__, **report)


main()
