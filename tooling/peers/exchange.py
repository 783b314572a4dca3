"""Problems and answers, exchanged with the bench as files of one folder: problem.json, and raw little-endian arrays <name>.bin."""

import json
import sys
from pathlib import Path

import numpy as np

FOLDER = Path(sys.argv[1])
PROBLEM = json.loads((FOLDER / "problem.json").read_text())


def load(name: str) -> np.ndarray:
    """An array of the problem, in its own shape and dtype."""
    array = PROBLEM["arrays"][name]
    return np.fromfile(FOLDER / f"{name}.bin", dtype=array["dtype"]).reshape(array["shape"])


def answer(arrays: dict, **report) -> None:
    """Leaves float64 arrays as answer-<name>.bin and prints the report as the last line."""
    for name, array in arrays.items():
        np.asarray(array, dtype=np.float64).tofile(FOLDER / f"answer-{name}.bin")
    print(json.dumps(report))
