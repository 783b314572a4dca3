import { cg, lsmr, pivotedCholesky, stochasticLogDeterminant } from '@ntk/cg';
import { matrix, matrixOperator, solve } from '@ntk/linop';
import { Rng, cpuBackend } from '@ntk/tensor';

// A = K + σ²I for 200 points on a line; anything with products will do instead of a matrix.
const n = 200;
const noiseVariance = 0.01;
const a = matrix(n, n);
for (let i = 0; i < n; i++) {
  for (let j = 0; j < n; j++) a.data[i * n + j] = Math.exp(-(((i - j) / 20) ** 2)) + (i === j ? noiseVariance : 0);
}
const backend = cpuBackend();
using A = matrixOperator(a, { backend, tags: ['positive-definite'] });
using y = backend.upload(
  Float64Array.from({ length: n }, (_, i) => Math.sin(i / 15)),
  [1, n],
);

const preconditioner = pivotedCholesky({ rank: 20, noiseVariance });
const { value, stats, status } = await solve(A, y, cg({ rtol: 1e-8, preconditioner }));
console.log(`${status} after ${stats.steps} steps, residual below 1e-8: ${stats.residual[0]! < 1e-8}`);
value.dispose();

const { lower, upper } = await stochasticLogDeterminant(A, { rng: new Rng(1), preconditioner });
console.log(`log |A| between ${lower.toFixed(1)} and ${upper.toFixed(1)}`);

// Least squares with damping, for operators of any shape.
using J = matrixOperator(matrix(3, 2, Float64Array.of(1, 0, 1, 1, 1, 2)), { backend });
using r = backend.upload(Float64Array.of(0.1, 1, 2.1), [1, 3]);
const fit = await solve(J, r, lsmr({ damping: 0.1 }));
console.log([...(await backend.read(fit.value))].map((w) => w.toFixed(3)).join(' '));
fit.value.dispose();
