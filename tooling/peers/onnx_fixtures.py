"""Writes the ONNX files that packages/models is tested on, by public exporters, from networks with random weights.

    python -m venv venv && venv/bin/pip install torch==2.13.0 onnx==1.23.2 onnxscript==0.7.2 skl2onnx==1.20.0 scikit-learn
    venv/bin/python tooling/peers/onnx_fixtures.py packages/models/test/fixtures/onnx

Each network is exported by both exporters of PyTorch where they differ: <name>.script.onnx (TorchScript) and <name>.dynamo.onnx.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from strip_onnx import stripped

warnings.filterwarnings("ignore")
FOLDER = Path(sys.argv[1])
FOLDER.mkdir(parents=True, exist_ok=True)


def randomized(module: nn.Module, seed: int) -> nn.Module:
    """Gives every parameter and buffer values of its own, so that no two are equal and none is neutral."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            scale = 0.4 if parameter.dim() > 1 else 0.7
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
        for name, buffer in module.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(0.3 * torch.randn(buffer.shape, generator=generator))
            elif name.endswith("running_var"):
                buffer.copy_(0.5 + torch.rand(buffer.shape, generator=generator))
    return module.eval()


def script(name: str, module: nn.Module, inputs: tuple, **options) -> None:
    path = FOLDER / f"{name}.script.onnx"
    names = ["x", "y", "z"][: len(inputs)]
    axes = {one: {0: "n"} for one in [*names, "f"]}
    settings = {"input_names": names, "output_names": ["f"], "dynamic_axes": axes, "opset_version": 17, **options}
    torch.onnx.export(module, inputs, str(path), dynamo=False, **settings)
    stripped(path)


def dynamo(name: str, module: nn.Module, inputs: tuple, **options) -> None:
    path = FOLDER / f"{name}.dynamo.onnx"
    batch = torch.export.Dim("n")
    shapes = tuple({0: batch} for _ in inputs)
    settings = {"dynamic_shapes": shapes, "external_data": False, "verbose": False, "input_names": ["x", "y"][: len(inputs)], **options}
    torch.onnx.export(module, inputs, str(path), dynamo=True, **settings)
    stripped(path)


def both(name: str, module: nn.Module, inputs: tuple) -> None:
    script(name, module, inputs)
    dynamo(name, module, inputs)


# Dense layers, normalisation, dropout, a final softmax.
mlp = nn.Sequential(
    nn.Linear(4, 6), nn.LayerNorm(6), nn.GELU(), nn.Dropout(0.1), nn.Linear(6, 5), nn.SiLU(), nn.Linear(5, 3), nn.Softmax(-1)
)
both("mlp", randomized(mlp, 1), (torch.randn(2, 4),))

# One layer at several positions, then a single output.
positions = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Flatten(), nn.Linear(20, 1))
both("positions", randomized(positions, 2), (torch.randn(2, 5, 3),))


class Activations(nn.Module):
    """Every activation that PyTorch names, one after the other on parts of the input."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList(
            [nn.ReLU(), nn.LeakyReLU(0.1), nn.ELU(0.7), nn.SELU(), nn.CELU(1.3), nn.GELU(), nn.GELU("tanh"), nn.SiLU(), nn.Sigmoid()]
            + [nn.Hardsigmoid(), nn.Hardswish(), nn.Tanh(), nn.Softplus(), nn.Softsign(), nn.Mish(), nn.ReLU6(), nn.LogSigmoid(), nn.PReLU(3)]
            + [nn.Hardtanh(-0.5, 1.5), nn.Softmax(-1), nn.LogSoftmax(-1), nn.Softshrink(0.3), nn.Tanhshrink(), nn.Hardshrink(0.2)]
        )
        self.linear = nn.Linear(6, 3 * len(self.parts))

    def forward(self, x):
        pieces = self.linear(x).split(3, dim=-1)
        return torch.cat([part(piece) for part, piece in zip(self.parts, pieces)], dim=-1)


both("activations", randomized(Activations(), 3), (torch.randn(2, 6),))


class Transformer(nn.Module):
    """Words, positions, self-attention over examples that the exporters lay out as [length, examples · heads, …]."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 8)
        self.positions = nn.Parameter(torch.zeros(1, 5, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, activation="gelu", norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.encoder(self.embedding(x) + self.positions).mean(1))


both("transformer", randomized(Transformer(), 4), (torch.randint(0, 11, (2, 5)),))


class Tokens(nn.Module):
    """A token of its own before the patches of every example, and shapes that are computed: as vision transformers do."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, 6))
        self.embed = nn.Linear(4, 6)
        self.mix = nn.Linear(6, 6, bias=False)

    def forward(self, x):
        n = x.shape[0]
        patches = self.embed(x.view(n, 3, 4))
        tokens = torch.cat([self.token.expand(n, -1, -1), patches], dim=1)
        left, right = self.mix(tokens).transpose(1, 2).split([3, 3], dim=1)
        weights = torch.softmax(left.transpose(1, 2) @ right / 3**0.5, dim=-1)
        mixed = (weights @ tokens)[:, 0]
        flipped = torch.flip(nn.functional.pad(mixed, (1, 2), value=0.5), [1])
        return torch.cat([flipped, (mixed**2).sum(-1, keepdim=True), mixed.amax(1, keepdim=True), mixed.index_select(1, torch.tensor([3, 0]))], dim=1)


both("tokens", randomized(Tokens(), 5), (torch.randn(2, 12),))


class Pair(nn.Module):
    """Two inputs, a scale of one number, and weights that are used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Linear(3, 4)
        self.scale = nn.Parameter(torch.ones(4))
        self.head = nn.Linear(4, 2)

    def forward(self, x, y):
        a, b = torch.tanh(self.shared(x)), torch.tanh(self.shared(y))
        return self.head(torch.where(a > b, a, b) * self.scale + 0.5 * (a - b).abs())


script("pair", randomized(Pair(), 6), (torch.randn(2, 3), torch.randn(2, 3)))


# Made for one example at a time: its number stands in shapes.
class Single(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 6)
        self.second = nn.Linear(6, 2)

    def forward(self, x):
        h = torch.relu(self.first(x.reshape(1, 3, 4))).reshape(1, 18)
        return torch.sigmoid(self.second(h.view(1, 3, 6).sum(1)))


script("single", randomized(Single(), 7), (torch.randn(1, 12),), dynamic_axes={})

class Images(nn.Module):
    """Filters with strides, dilations and groups, pooling, normalisation, a residual, upsampling, and a flattening that knows the order of axes."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.depthwise = nn.Conv2d(4, 4, (3, 2), padding=(1, 0), groups=4, bias=False)
        self.dilated = nn.Conv2d(4, 6, 2, dilation=2, groups=2)
        self.group = nn.GroupNorm(2, 6)
        self.up = nn.ConvTranspose2d(6, 4, 3, stride=2, padding=1, output_padding=1)
        self.instance = nn.InstanceNorm2d(4, affine=True)
        self.plain = nn.Conv2d(4, 4, 1)
        self.head = nn.Linear(4 * 3 * 2, 3)

    def forward(self, x):
        a = torch.relu(self.norm(self.first(x)))
        b = nn.functional.max_pool2d(self.depthwise(a), 2, stride=1, ceil_mode=True)
        c = nn.functional.silu(self.group(self.dilated(nn.functional.pad(b, (1, 1, 1, 1)))))
        d = nn.functional.interpolate(self.instance(self.up(c)), scale_factor=2, mode="nearest")
        e = nn.functional.avg_pool2d(d, 3, stride=2, padding=1) + self.plain(nn.functional.avg_pool2d(d, 3, 2, 1, count_include_pad=False))
        f = nn.functional.max_pool2d(e, 3, stride=3, padding=1, ceil_mode=True)
        g = torch.cat([f, torch.relu(f)], dim=1).flatten(1)[:, 12:36]
        return self.head(g) + f.mean((2, 3))[:, :3] + nn.functional.adaptive_avg_pool2d(c, 1).flatten(1)[:, 3:]


images = randomized(Images(), 10)
both("images", images, (torch.randn(2, 2, 9, 8),))
# The same network with its normalisation kept, as the note of the reader says.
script("images_kept", images, (torch.randn(2, 2, 9, 8),), training=torch.onnx.TrainingMode.PRESERVE)
dynamo("images_kept", images, (torch.randn(2, 2, 9, 8),), optimize=False)

sequences = nn.Sequential(
    nn.Conv1d(2, 4, 3, padding=1), nn.BatchNorm1d(4), nn.Tanh(), nn.MaxPool1d(2), nn.ConvTranspose1d(4, 3, 2, stride=2), nn.AvgPool1d(3), nn.Flatten(), nn.Linear(6, 2)
)
both("sequences", randomized(sequences, 11), (torch.randn(2, 2, 9),))



class Memory(nn.Module):
    """Two layers of LSTM in both directions, as PyTorch's classifiers of sequences have them."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(8 + 8, 2)

    def forward(self, x):
        outputs, (h, _) = self.lstm(x)
        return self.head(torch.cat([outputs.mean(1), h[-2], h[-1]], dim=1))


both("lstm", randomized(Memory(), 12), (torch.randn(2, 5, 3),))


class Handover(nn.Module):
    """A GRU whose last state is the first of a simple recurrent layer, with sequences that lie along the first axis."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.GRU(3, 4)
        self.decoder = nn.RNN(4, 4, nonlinearity="relu", bias=False)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        outputs, state = self.encoder(x.transpose(0, 1))
        decoded, _ = self.decoder(outputs.flip(0), state)
        return self.head(decoded[-1])


both("handover", randomized(Handover(), 13), (torch.randn(2, 5, 3),))



class Causal(nn.Module):
    """Attention to earlier steps only, with positions turned into rotations that the exporters compute or fold."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.qkv = nn.Linear(8, 24, bias=False)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        n = x.shape[0]
        q, k, v = (part.view(n, 5, 2, 4).transpose(1, 2) for part in self.qkv(self.norm(x)).chunk(3, -1))
        angles = torch.arange(5.0)[:, None] * torch.tensor([1.0, 0.1])
        turned = [torch.cat([a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()], -1) for a, b in (t.chunk(2, -1) for t in (q, k))]
        y = nn.functional.scaled_dot_product_attention(*turned, v, is_causal=True)
        return self.head(y.transpose(1, 2).reshape(n, 5, 8)[:, -1])


script("causal", randomized(Causal(), 14), (torch.randn(2, 5, 8),))


class Pyramid(nn.Module):
    """Resizing between pixels, a squeeze of channels and a residual, as segmentation networks have them."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3, padding=1, padding_mode="reflect")
        self.norm = nn.GroupNorm(2, 4)
        self.second = nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.squeeze = nn.Conv2d(4, 4, 1)
        self.head = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        a = nn.functional.hardswish(self.norm(self.first(x)))
        b = self.second(nn.functional.max_pool2d(a, 2))
        b = b * nn.functional.hardsigmoid(self.squeeze(nn.functional.adaptive_avg_pool2d(b, 1)))
        up = nn.functional.interpolate(b, scale_factor=2, mode="bilinear", align_corners=False)
        over = nn.functional.interpolate(b, size=(6, 8), mode="bilinear", align_corners=True)
        return self.head(torch.cat([a, up + over], 1)).flatten(1)


both("pyramid", randomized(Pyramid(), 15), (torch.randn(2, 2, 6, 8),))

# Tensors in a file of their own.
(FOLDER / "external.data").unlink(missing_ok=True)
outside = onnx.load(FOLDER / "mlp.script.onnx")
onnx.save(outside, FOLDER / "external.onnx", save_as_external_data=True, location="external.data", size_threshold=0)


def scikit() -> None:
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from skl2onnx import to_onnx

    rng = np.random.default_rng(8)
    x = rng.normal(size=(40, 3)).astype(np.float32)
    y = x[:, 0] - x[:, 1] ** 2
    regressor = make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(5, 4), max_iter=30, random_state=1)).fit(x, y)
    classifier = MLPClassifier(hidden_layer_sizes=(5,), activation="tanh", max_iter=30, random_state=1).fit(x, np.digitize(y, [-1, 0.5]))
    for name, model in [("sklearn_regressor", regressor), ("sklearn_classifier", classifier)]:
        converted = to_onnx(model, x[:1], target_opset=17, options={"zipmap": False} if "classifier" in name else None)
        onnx.save(converted, FOLDER / f"{name}.onnx")


scikit()


def quantized() -> None:
    """Weights of 8 bits with one scale for each output, as quantisers store them."""
    rng = np.random.default_rng(9)
    q = rng.integers(-127, 128, size=(4, 3)).astype(np.int8)
    tensors = [
        numpy_helper.from_array(q, "dense.weight_quantized"),
        numpy_helper.from_array((0.002 * rng.uniform(1, 3, size=3)).astype(np.float32), "dense.weight_scale"),
        numpy_helper.from_array(np.array([0, 3, -2], dtype=np.int8), "dense.weight_zero_point"),
        numpy_helper.from_array(rng.normal(size=3).astype(np.float16), "dense.bias_half"),
    ]
    nodes = [
        helper.make_node("DequantizeLinear", [t.name for t in tensors[:3]], ["weight"], "dequantize", axis=1),
        helper.make_node("Cast", ["dense.bias_half"], ["bias"], "cast", to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["x", "weight"], ["xw"], "/dense/MatMul"),
        helper.make_node("Add", ["xw", "bias"], ["f"], "/dense/Add"),
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]) for name, size in [("x", 4), ("f", 3)]]
    graph = helper.make_graph(nodes, "quantized", values[:1], values[1:], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), FOLDER / "quantized.onnx")


quantized()
