import { ggnOperator, linearize, ntkOperator, type Linearization } from '@ntk/jacobian';
import type { LinearOperator } from '@ntk/linop';
import { NtkError, Rng, asDType, cpuBackend, exampleShape, sizeOf, type Backend } from '@ntk/tensor';
import { linearGflop } from './linear-flops.ts';
import { PEER_PRODUCTS, comparePeer, type OurProducts, type PeerComparison } from './products-peer.ts';
import { relativeDistance } from './relative-distance.ts';
import { sgemm, type Sgemm } from './sgemm.ts';
import { speedProblem, type SpeedProblem } from './speed-problem.ts';
import { time, type Timing } from './timing.ts';

/** One product with k right-hand sides. */
export interface ProductRow {
  readonly name: string;
  readonly k: number;
  readonly timing: Timing;
  /** Median over that of one right-hand side. */
  readonly singles: number;
  /** The sgemm measured next to it. */
  readonly sgemm: Sgemm;
  /** Floating point operations of its matrix products and convolutions, in 10⁹, and their rate as a share of the sgemm's. */
  readonly gflop: number;
  readonly share: number;
}

/** Times of products with one network, all from one run. */
export interface ProductsReport {
  readonly suite: 'products';
  readonly problem: string;
  readonly dtype: 'float32';
  readonly seed: number;
  /** The forward pass with everything that is kept, compilation included. */
  readonly linearizeMs: number;
  readonly rows: readonly ProductRow[];
  readonly peers: PeerComparison;
  /** Relative error of J Jᵀu against the float64 reference backend, on some rows. */
  readonly error: number;
}

/** What is measured. */
export interface ProductsOptions {
  /** Numbers of right-hand sides, 1 first. */
  readonly columns?: readonly number[];
  readonly seed?: number;
}

/**
 * J V, JᵀU, J JᵀU and GGN·V of a problem in float32, with peers where they are found. Set-up is outside, the timed part ends with the result on the
 * host, and the answers are checked.
 *
 * @throws {NtkError} if an answer is wrong: its time would mean nothing
 */
export async function productsSuite(
  backend: Backend,
  name: string,
  { columns = [1, 8, 64], seed = 1 }: ProductsOptions = {},
): Promise<ProductsReport> {
  const problem = speedProblem(name, seed);
  const start = performance.now();
  using l = await linearize(problem.network, problem.x, { backend, dtype: 'float32' });
  const linearizeMs = performance.now() - start;
  using ggn = await ggnOperator(l, problem.likelihood);
  const gflop = linearGflop(l);
  const products = [
    { name: 'J V', gflop, operator: l.jacobian },
    { name: 'JᵀU', gflop, operator: l.jacobian.transpose() },
    { name: 'J JᵀU', gflop: 2 * gflop, operator: ntkOperator(l) },
    { name: 'GGN·V', gflop: 2 * gflop, operator: ggn },
  ];
  const rows: ProductRow[] = [];
  for (const product of products) {
    for (const k of columns) {
      const timed = await timeBetweenGemms(backend, product.operator, k);
      const single = k === 1 ? timed.timing : rows.findLast((row) => row.name === product.name && row.k === 1)?.timing;
      const rate = (product.gflop * k * 1e3) / timed.timing.median;
      rows.push({
        name: product.name,
        k,
        ...timed,
        singles: timed.timing.median / (single ?? timed.timing).median,
        gflop: product.gflop * k,
        share: rate / timed.sgemm.gflops,
      });
    }
  }
  const error = await checkProduct(l, problem);
  const runs = runsFor(rows.find((row) => row.k === 1)!.timing.median);
  const peers = await comparePeer(problem, await ourProducts(l, ggn), runs);
  return { suite: 'products', problem: problem.title, dtype: 'float32', seed, linearizeMs, rows, peers, error };
}

/** Work of a second and a half, three runs at least. */
function runsFor(milliseconds: number): number {
  return Math.max(3, Math.min(15, Math.ceil(1500 / milliseconds)));
}

async function timeProduct(operator: LinearOperator, k: number): Promise<Timing> {
  const { backend } = operator;
  const data = new Float32Array(new Rng('directions').normals(k * operator.shape[1]));
  using x = backend.upload(data, [k, operator.shape[1]]);
  const work = async (): Promise<void> => {
    using product = await operator.matmul(x);
    await backend.read(product);
  };
  const first = await time(work, { warmup: 1, runs: 1 });
  return await time(work, { warmup: 0, runs: runsFor(first.median) });
}

/** Times a product between two timings of the sgemm, so that both meet the machine in the same state; the faster of the two counts. */
async function timeBetweenGemms(
  backend: Backend,
  operator: LinearOperator,
  k: number,
): Promise<{ readonly timing: Timing; readonly sgemm: Sgemm }> {
  const before = await sgemm(backend);
  const timing = await timeProduct(operator, k);
  const after = await sgemm(backend);
  return { timing, sgemm: before.timing.median < after.timing.median ? before : after };
}

async function ourProducts(l: Linearization, ggn: LinearOperator): Promise<OurProducts> {
  const operators = { jv: l.jacobian, jtu: l.jacobian.transpose(), jjtu: ntkOperator(l), ggn };
  const rng = new Rng('peer');
  const vectors = { v: new Float32Array(rng.normals(l.p)), u: new Float32Array(rng.normals(l.n * l.c)) };
  const answer = async (product: keyof typeof operators): Promise<Float32Array> => {
    const data = product === 'jv' || product === 'ggn' ? vectors.v : vectors.u;
    using x = l.backend.upload(data, [1, data.length]);
    using result = await operators[product].matmul(x);
    return Float32Array.from(await l.backend.read(result));
  };
  const answers = {
    jv: await answer('jv'),
    jtu: await answer('jtu'),
    jjtu: await answer('jjtu'),
    ggn: await answer('ggn'),
  };
  return { vectors, answers, time: (product) => timeProduct(operators[product], 1) };
}

/** J Jᵀu with u on the first examples only, compared on them with float64 on the reference backend. */
async function checkProduct(l: Linearization, { network, x, checked, rng }: SpeedProblem): Promise<number> {
  const rows = checked * l.c;
  const u = new Float32Array(l.n * l.c);
  u.set(rng.normals(rows));
  using input = l.backend.upload(u, [1, u.length]);
  using product = await ntkOperator(l).matmul(input);
  const actual = (await l.backend.read(product)).subarray(0, rows);
  const reference = cpuBackend();
  const examples = Float64Array.from(x.subarray(0, checked * sizeOf(exampleShape(network))));
  using exact = await linearize(network, examples, { backend: reference });
  using exactInput = reference.upload(asDType(u.subarray(0, rows), 'float64'), [1, rows]);
  using exactProduct = await ntkOperator(exact).matmul(exactInput);
  const error = relativeDistance(actual, await reference.read(exactProduct));
  if (!(error < 1e-4))
    throw new NtkError(`products: J Jᵀu is off by ${error}, expected at most 1e-4; the times mean nothing`);
  return error;
}

/** The fastest way of a peer for each product, by the ratio of its time to ours. */
export function bestOfPeer(
  peers: PeerComparison,
): { readonly product: string; readonly ratio: number; readonly way: string }[] {
  if ('missing' in peers) return [];
  return PEER_PRODUCTS.flatMap((product) => {
    const rows = peers.rows.filter((row) => row.product === product && row.way !== 'reference');
    const ratios = rows.map((row) => ({
      product,
      way: `${row.way}, ${row.waitPolicy}`,
      ratio: row.peerMs / row.oursMs,
    }));
    return ratios.sort((a, b) => a.ratio - b.ratio).slice(0, 1);
  });
}
