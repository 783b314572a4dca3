"""Cholesky factorisation in float64 by LAPACK; the peer of the bench suite `cholesky`.

    python cholesky.py FOLDER THREADS

FOLDER (see exchange.py) holds a [n, n], symmetric positive definite, and the setting runs. The answer is the lower factor; the report has medians in
milliseconds of wall and of processor time, by library: OpenBLAS through SciPy where that is installed, else NumPy, and MKL through PyTorch. Copying the
matrix counts, as it does on our side.
"""

import os
import sys
import time

THREADS = sys.argv[2]
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = THREADS

import numpy as np  # noqa: E402  (after the number of threads is set)
import torch  # noqa: E402

from exchange import PROBLEM, answer, load  # noqa: E402

torch.set_num_threads(int(THREADS))
A = load("a")


def openblas():
    try:
        from scipy.linalg.lapack import dpotrf
    except ImportError:
        return lambda: np.linalg.cholesky(A)
    columns = np.asfortranarray(A)
    return lambda: dpotrf(columns, lower=1, clean=1)[0]


def mkl():
    matrix = torch.from_numpy(A)
    return lambda: torch.linalg.cholesky(matrix).numpy()


times, factor = {}, None
for name, make in (("OpenBLAS", openblas), ("MKL", mkl)):
    work = make()
    factor = work()
    wall, processor = [], []
    for _ in range(PROBLEM["runs"]):
        start, used = time.perf_counter(), time.process_time()
        work()
        wall.append(1e3 * (time.perf_counter() - start))
        processor.append(1e3 * (time.process_time() - used))
    times[name] = [float(np.median(wall)), float(np.median(processor))]
answer({"l": np.ascontiguousarray(factor)}, times=times)
