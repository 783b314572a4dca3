"""Products with the Jacobian of a network in PyTorch, float32: the peer of the bench suite `products`.

    python products.py FOLDER WAY      WAY: forward | graph | reference

FOLDER (see exchange.py) holds x, u [n·c], v [p] and parameter<i>, the parameters of a network in its own order and layout (filters [rows, columns, read,
written], matrices [in, out]), and the settings kind (mlp | resnet | transformer), names and trainable of the parameters, noiseVariance of a Gaussian
likelihood (null: categorical), runs and threads. The answers are jv [n·c], jtu [p], jjtu [n·c] and ggn [p], the Gauss-Newton product with v, p in the same
order and layout; the report has the median wall and processor times of each in milliseconds.

forward: the graph of one forward pass is kept for Jᵀu; J v is forward-mode differentiation.
graph: the same, and J v is a second backward pass through the kept graph of a backward pass (double backward).
reference: what amzn/xfer's finite_ntk does, re-written: every product runs the network anew, J v by double backward.
"""

import sys
import time

import torch
import torch.autograd.forward_ad as forward_ad
import torch.nn.functional as functional

from exchange import PROBLEM, answer, load

WAY = sys.argv[2]
NAMES, TRAINABLE = PROBLEM["names"], PROBLEM["trainable"]


def own_layout(array: torch.Tensor) -> torch.Tensor:
    """Filters as PyTorch keeps them, [written, read, rows, columns]."""
    return array.permute(3, 2, 0, 1).contiguous() if array.dim() == 4 else array


def given_layout(array: torch.Tensor) -> torch.Tensor:
    """The inverse of own_layout."""
    return array.permute(2, 3, 1, 0) if array.dim() == 4 else array


SHAPES = [load(f"parameter{i}").shape for i in range(len(NAMES))]
VALUES = [own_layout(torch.from_numpy(load(f"parameter{i}"))) for i in range(len(NAMES))]
CHOSEN = [i for i, trainable in enumerate(TRAINABLE) if trainable]
X, U = torch.from_numpy(load("x")), torch.from_numpy(load("u"))
if PROBLEM["kind"] == "resnet":
    X = X.permute(0, 3, 1, 2).contiguous()


def mlp(values, x):
    for i in range(0, len(NAMES), 2):
        x = torch.addmm(values[i + 1], x, values[i])
        x = torch.tanh(x) if i + 2 < len(NAMES) else x
    return x


def resnet(values, x):
    """He et al. (2015), section 4.2, with the parameter-free shortcut."""
    at = dict(zip(NAMES, values))

    def convolve(prefix, suffix, x, stride=1):
        x = functional.conv2d(x, at[f"{prefix}conv{suffix}/kernel"], stride=stride, padding=1)
        mean, variance, scale, shift = (
            at[f"{prefix}bn{suffix}/{part}"] for part in ("moving_mean", "moving_variance", "gamma", "beta")
        )
        return functional.batch_norm(x, mean, variance, scale, shift, training=False, eps=PROBLEM["epsilon"])

    x = torch.relu(convolve("", "1", x))
    blocks = [name.removesuffix("conv1/kernel") for name in NAMES if name.startswith("layer") and name.endswith("conv1/kernel")]
    for prefix in blocks:
        widens = not prefix.startswith("layer1_") and prefix.endswith("_0_")
        hidden = torch.relu(convolve(prefix, "1", x, 2 if widens else 1))
        branch = convolve(prefix, "2", hidden)
        if widens:
            more = (branch.shape[1] - x.shape[1]) // 2
            x = functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, more, more))
        x = torch.relu(x + branch)
    return torch.addmm(at["linear/bias"], x.mean((2, 3)), at["linear/kernel"])


def transformer(values, x):
    """Norms before attention and dense layers; Xiong et al. (2020)."""
    at = dict(zip(NAMES, values))
    width = at["norm/gamma"].shape[0]

    def dense(name, x):
        """Heads side by side, if the kernel has them."""
        kernel, bias = at[f"{name}/kernel"], at[f"{name}/bias"]
        return x @ kernel.reshape(x.shape[-1], -1) + bias.reshape(-1)

    def norm(name, x):
        return functional.layer_norm(x, (width,), at[f"{name}/gamma"], at[f"{name}/beta"], PROBLEM["epsilon"])

    def attend(name, x):
        heads, size = at[f"{name}/query/bias"].shape
        query, key, value = (
            dense(f"{name}/{part}", x).unflatten(-1, (heads, size)).transpose(1, 2) for part in ("query", "key", "value")
        )
        weights = torch.softmax(query @ key.transpose(2, 3) / size**0.5, -1)
        joined = (weights @ value).transpose(1, 2).flatten(2)
        return joined @ at[f"{name}/attention_output/kernel"].reshape(-1, width) + at[f"{name}/attention_output/bias"]

    x = dense("embedding", x)
    blocks = [name.removesuffix("_norm/gamma") for name in NAMES if name.startswith("block_") and name.endswith("_norm/gamma")]
    for block in blocks:
        x = x + attend(f"{block}_attention", norm(f"{block}_norm", x))
        inner = functional.gelu(dense(f"{block}_dense", norm(f"{block}_norm_1", x)))
        x = x + dense(f"{block}_dense_1", inner)
    return dense("head", norm("norm", x).mean(1))


NETWORK = {"mlp": mlp, "resnet": resnet, "transformer": transformer}[PROBLEM["kind"]]
LEAVES = [VALUES[i].requires_grad_(True) for i in CHOSEN]


def with_chosen(chosen):
    values = list(VALUES)
    for i, value in zip(CHOSEN, chosen):
        values[i] = value
    return values


def flat(parts):
    return torch.cat([given_layout(part).reshape(-1) for part in parts])


def unflat(vector):
    sizes = [VALUES[i].numel() for i in CHOSEN]
    return [
        own_layout(part.reshape(SHAPES[i])) for i, part in zip(CHOSEN, vector.split(sizes))
    ]


V = unflat(torch.from_numpy(load("v")))


def pull_back(f, u, retain):
    return torch.autograd.grad(f, LEAVES, u.view_as(f), retain_graph=retain)


def curvature(f, jv):
    """The second derivative of the negative log-likelihood at outputs f, times jv."""
    if PROBLEM["noiseVariance"] is not None:
        return jv / PROBLEM["noiseVariance"]
    p, jv = torch.softmax(f.detach(), -1), jv.view_as(f)
    return p * (jv - (p * jv).sum(-1, keepdim=True))


class Retained:
    """Jᵀu through a kept graph."""

    def __init__(self):
        self.f = NETWORK(VALUES, X)

    def jtu(self, u):
        return pull_back(self.f, u, retain=True)

    def jjtu(self, u):
        return self.jv(self.jtu(u))

    def ggn(self, v):
        return self.jtu(curvature(self.f, self.jv(v)))


class Forward(Retained):
    def jv(self, v):
        with torch.no_grad(), forward_ad.dual_level():
            duals = [forward_ad.make_dual(VALUES[i].detach(), part) for i, part in zip(CHOSEN, v)]
            return forward_ad.unpack_dual(NETWORK(with_chosen(duals), X)).tangent.reshape(-1)


class Graph(Retained):
    def __init__(self):
        super().__init__()
        self.w = torch.zeros_like(self.f, requires_grad=True)
        self.g = torch.autograd.grad(self.f, LEAVES, self.w, create_graph=True)

    def jv(self, v):
        return torch.autograd.grad(self.g, self.w, v, retain_graph=True)[0].reshape(-1)


class Reference:
    def jtu(self, u):
        return pull_back(NETWORK(VALUES, X), u, retain=False)

    def jv(self, v, f=None):
        f = NETWORK(VALUES, X) if f is None else f
        w = torch.zeros_like(f, requires_grad=True)
        g = torch.autograd.grad(f, LEAVES, w, create_graph=True)
        return torch.autograd.grad(g, w, v)[0].reshape(-1)

    def jjtu(self, u):
        f = NETWORK(VALUES, X)
        return self.jv(pull_back(f, u, retain=True), f)

    def ggn(self, v):
        f = NETWORK(VALUES, X)
        return pull_back(f, curvature(f, self.jv(v, f)), retain=False)


def measure(work):
    """The result of some work, and the medians of its wall and processor times."""
    result = work()
    runs = []
    for _ in range(PROBLEM["runs"]):
        start, processor = time.perf_counter(), time.process_time()
        work()
        runs.append((1e3 * (time.perf_counter() - start), 1e3 * (time.process_time() - processor)))
    return result, [sorted(column)[len(column) // 2] for column in zip(*runs)]


def main():
    torch.set_num_threads(PROBLEM["threads"])
    way = {"forward": Forward, "graph": Graph, "reference": Reference}[WAY]()
    jv, jv_times = measure(lambda: way.jv(V))
    jtu, jtu_times = measure(lambda: way.jtu(U))
    jjtu, jjtu_times = measure(lambda: way.jjtu(U))
    ggn, ggn_times = measure(lambda: way.ggn(V))
    times = {"jv": jv_times, "jtu": jtu_times, "jjtu": jjtu_times, "ggn": ggn_times}
    answers = {"jv": jv.detach(), "jtu": flat(jtu).detach(), "jjtu": jjtu.detach(), "ggn": flat(ggn).detach()}
    answer(answers, torch=torch.__version__, times=times)


main()
