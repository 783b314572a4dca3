import { adapt, type AdaptOptions, type Prediction } from '@ntk/adapt';
import { gpujsBackend, loadGpu } from '@ntk/backend-gpujs';
import { ortBackend } from '@ntk/backend-ort';
import { loadTfjs, tfjsBackend } from '@ntk/backend-tfjs';
import { kernelDiagonal, linearize } from '@ntk/jacobian';
import { denseNetwork } from '@ntk/models';
import { Rng, cpuBackend, type Backend } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';

const rng = new Rng('solver backend');
const network = denseNetwork({ inputs: 2, hidden: [12], outputs: 2, rng });
const x = rng.normals(2 * 25);
const y = rng.normals(2 * 25);
const xTest = rng.normals(2 * 7);
const backend = await ortBackend();
const tf = await loadTfjs('tfjs-wasm');
const gpu = await loadGpu();

const SOLVER_BACKENDS: Record<string, () => Promise<Backend>> = {
  cpu: () => Promise.resolve(cpuBackend()),
  ort: () => ortBackend(),
  gpujs: () => Promise.resolve(gpujsBackend(gpu)),
  'tfjs-wasm': () => tfjsBackend(tf),
};

const noise = 0.1;
// An upper bound of the condition of I + J Jᵀ/σ², by the trace.
using linearization = await linearize(network, x, { backend });
const condition = 1 + (await kernelDiagonal(linearization)).reduce((sum, entry) => sum + entry, 0) / noise;

async function predictions(options: Partial<AdaptOptions>): Promise<Prediction & { readonly method: string }> {
  using adapted = await adapt(network, { x, y }, { backend, noise, priorVariance: 1, ...options });
  const { solver, holds } = adapted.plan.method;
  return { ...(await adapted.predict(xTest)), method: `${solver} ${holds}` };
}

describe.each(Object.keys(SOLVER_BACKENDS))('the linear algebra on %s, the network on ort', (name) => {
  test.each([
    // The network's own products judge a kernel's solutions, so that these reach more than single precision.
    ['function', 'cg', 1e-8],
    ['parameter', 'cg', 1e-5],
    ['parameter', 'lsmr', 1e-5],
  ] as const)('%s space, %s', async (space, solver, rtol) => {
    const exact = await predictions({ solver: 'cholesky' });
    const solverBackend = trackTensors(await SOLVER_BACKENDS[name]!());
    const { mean, variance, method } = await predictions({ solverBackend, space, solver, rtol });
    expect(solverBackend.describeLive()).toEqual([]);
    expect(method).toBe(space === 'function' ? 'cg kernel' : `${solver} jacobian`);
    const tolerance = condition * rtol;
    expect(relativeError(mean, exact.mean)).toBeLessThan(tolerance);
    // Variances err upwards only, to the rounding of the network's own products.
    variance.forEach((value, i) => expect(value / exact.variance[i]!).toBeGreaterThan(1 - 1e-9));
    expect(relativeError(variance, exact.variance)).toBeLessThan(tolerance);
  });
});

test('a solver backend without float64 leaves Cholesky factors out of the plan', async () => {
  const solverBackend = gpujsBackend(gpu);
  const { mean, method } = await predictions({ solverBackend });
  expect(method).toMatch(/^cg/);
  expect(relativeError(mean, (await predictions({})).mean)).toBeLessThan(1e-4 * condition);
  await expect(predictions({ solverBackend, solver: 'cholesky' })).rejects.toThrow(
    'the solver backend gpujs has no float64, which Cholesky needs',
  );
});
