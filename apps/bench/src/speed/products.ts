import { kernelMatrix, linearize, ntkOperator, type Linearization } from '@ntk/jacobian';
import type { LinearOperator } from '@ntk/linop';
import { NtkError, asDType, cpuBackend, type Backend } from '@ntk/tensor';
import { incidenceMlp, type SpeedProblem } from './random-mlp.ts';
import { sgemm, type Sgemm } from './sgemm.ts';
import { time, type Timing } from './timing.ts';

/** One timed piece of work. */
export interface SpeedRow {
  readonly name: string;
  readonly timing: Timing;
  /** The sgemm measured next to it. */
  readonly sgemm: Sgemm;
  /** Median over that of its sgemm. */
  readonly sgemms: number;
  /** Floating point operations of its matrix products, and their rate as a share of the sgemm's. */
  readonly gflop: number;
  readonly share: number;
}

/** Times of one suite, all from one run. */
export interface SpeedReport {
  readonly suite: 'products';
  readonly problem: string;
  /** The last one of the run. */
  readonly sgemm: Sgemm;
  readonly rows: readonly SpeedRow[];
  /** Relative error of J Jᵀu against the float64 reference backend, on some rows. */
  readonly error: number;
}

const N = 2000;
const WIDTH = 500;
const C = 2;

/**
 * J v, Jᵀu, J Jᵀu and the kernel matrix of MLP 2-500-500-2 with n = 2,000 in float32, each as a multiple of an sgemm 2,000 × 500 × 500 of the same
 * run. Set-up is outside, the timed part ends with the result on the host, and the answer is checked.
 */
export async function productsSuite(backend: Backend, seed = 1): Promise<SpeedReport> {
  const problem = incidenceMlp(N, seed);
  using l = await linearize(problem.network, problem.x, { backend, dtype: 'float32' });
  // The 500 × 500 layer: one product of n × 500 × 500 forward through W and one with dW, the same twice backward.
  const pass = (2 * 2 * N * WIDTH * WIDTH) / 1e9;
  // Lower triangle: A Aᵀ of the two wide inputs, G Gᵀ of the two wide sensitivities of both outputs.
  const lowerTriangle = (N * N * (2 * WIDTH + C * C * 2 * WIDTH)) / 1e9;
  const kernel = (): Promise<Timing> => time(async () => void (await kernelMatrix(l)), { warmup: 1, runs: 5 });
  const rows = [
    await compared(backend, { name: 'J v', gflop: pass, work: () => timeProduct(l.jacobian, problem) }),
    await compared(backend, { name: 'Jᵀu', gflop: pass, work: () => timeProduct(l.jacobian.transpose(), problem) }),
    await compared(backend, { name: 'J Jᵀu', gflop: 2 * pass, work: () => timeProduct(ntkOperator(l), problem) }),
    await compared(backend, { name: 'kernel matrix (lower triangle)', gflop: lowerTriangle, work: kernel }),
  ];
  return {
    suite: 'products',
    problem: `MLP 2-500-500-2, n = ${N}, float32 on ${backend.name}`,
    sgemm: rows.at(-1)!.sgemm,
    rows,
    error: await checkProduct(l, problem),
  };
}

interface Work {
  readonly name: string;
  readonly gflop: number;
  readonly work: () => Promise<Timing>;
}

/** Times work between two timings of the sgemm, so that both meet the machine in the same state; the faster of the two counts. */
async function compared(backend: Backend, { name, gflop, work }: Work): Promise<SpeedRow> {
  const before = await sgemm(backend);
  const timing = await work();
  const after = await sgemm(backend);
  const yardstick = before.timing.median < after.timing.median ? before : after;
  return {
    name,
    timing,
    sgemm: yardstick,
    gflop,
    sgemms: timing.median / yardstick.timing.median,
    share: (gflop * 1e3) / timing.median / yardstick.gflops,
  };
}

async function timeProduct(operator: LinearOperator, { rng }: SpeedProblem): Promise<Timing> {
  const { backend } = operator;
  using x = backend.upload(new Float32Array(rng.normals(operator.shape[1])), [1, operator.shape[1]]);
  return await time(async () => {
    using product = await operator.matmul(x);
    await backend.read(product);
  });
}

const CHECKED = 20;

/** J Jᵀu with u on the first examples only, compared on them with float64 on the reference backend. */
async function checkProduct(l: Linearization, { network, x, rng }: SpeedProblem): Promise<number> {
  const u = new Float32Array(l.n * C);
  u.set(rng.normals(CHECKED * C));
  using input = l.backend.upload(u, [1, u.length]);
  using product = await ntkOperator(l).matmul(input);
  const actual = (await l.backend.read(product)).subarray(0, CHECKED * C);
  const reference = cpuBackend();
  using exact = await linearize(network, Float64Array.from(x.subarray(0, CHECKED * 2)), { backend: reference });
  using exactInput = reference.upload(asDType(u.subarray(0, CHECKED * C), 'float64'), [1, CHECKED * C]);
  using exactProduct = await ntkOperator(exact).matmul(exactInput);
  const expected = await reference.read(exactProduct);
  const error = Math.hypot(...expected.map((value, i) => value - actual[i]!)) / Math.hypot(...expected);
  if (!(error < 1e-5))
    throw new NtkError(`products: J Jᵀu is off by ${error}, expected at most 1e-5; the times mean nothing`);
  return error;
}
