"""Converts networks that are here as LayersModels to GraphModels, by TensorFlow and the converter of TensorFlow.js.

    python -m venv venv && venv/bin/pip install tensorflow-cpu==2.21.0 tf_keras==2.21.0 tensorflow_hub importlib_resources six
    venv/bin/pip install --no-deps tensorflowjs==4.22.0
    venv/bin/python tooling/peers/graph_models.py packages/adapt/test/fixtures/graph-model
"""

import json
import os
import sys
import tempfile
import types
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"

# What the converter imports for other formats, and this conversion does not need.
for name in ["tensorflow_decision_forests", "jax", "jax.experimental", "jax.experimental.jax2tf"]:
    sys.modules[name] = types.ModuleType(name)
sys.modules["jax.experimental"].jax2tf = sys.modules["jax.experimental.jax2tf"]
sys.modules["jax.experimental.jax2tf"].PolyShape = object

import numpy as np
import tensorflow as tf
import tf_keras as keras
from tensorflowjs.converters.tf_saved_model_conversion_v2 import convert_tf_saved_model

MODELS = Path(__file__).parents[1] / "reference/test/fixtures"
FOLDER = Path(sys.argv[1])


def model_of(folder: Path) -> keras.Model:
    """The Keras model of a LayersModel, with its weights."""
    stored = json.loads((folder / "model.json").read_text())
    model = keras.models.model_from_json(json.dumps(stored["modelTopology"]["model_config"]))
    (group,) = stored["weightsManifest"]
    data = np.fromfile(folder / group["paths"][0], "<f4")
    weights, start = {}, 0
    for entry in group["weights"]:
        size = int(np.prod(entry["shape"]))
        weights[entry["name"]] = data[start : start + size].reshape(entry["shape"])
        start += size
    for layer in model.layers:
        layer.set_weights([weights[f"{layer.name}/{weight.name.split('/')[-1].split(':')[0]}"] for weight in layer.weights])
    return model


for name in ["mlp2", "small_resnet"]:
    with tempfile.TemporaryDirectory() as saved:
        tf.saved_model.save(model_of(MODELS / name / "model"), saved)
        convert_tf_saved_model(saved, str(FOLDER / name))
