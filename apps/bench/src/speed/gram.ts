import {
  independentKernels,
  kernelMatrix,
  linearize,
  planKernel,
  sharedKernel,
  type Assembly,
  type FactorForm,
  type KernelOutputs,
  type Linearization,
} from '@ntk/jacobian';
import { matrix, mirrorLower, type Matrix } from '@ntk/linop';
import { denseNetwork } from '@ntk/models';
import { NtkError, OptionError, Rng, exampleShape, sizeOf, type Backend, type DType, type Network } from '@ntk/tensor';
import { findPython } from '../peers/find-python.ts';
import { formatGramPeer, gramPeers, type GramPeerRow } from './gram-peer.ts';
import { relativeDistance } from './relative-distance.ts';
import { sgemm, type Sgemm } from './sgemm.ts';
import { speedProblem } from './speed-problem.ts';
import { time, type Repetition, type Timing } from './timing.ts';

/** One way to compute a kernel. */
export interface GramRow {
  readonly outputs: KernelOutputs;
  readonly assembly: Assembly;
  readonly factorForm: FactorForm;
  /** Whether the kernel overwrites one that is there. */
  readonly isReused: boolean;
  /** What is filled of it. */
  readonly triangle: 'both' | 'lower';
  /** Of the products of factors, which are float32. */
  readonly productDtype: DType;
  /** Factors, once, in milliseconds. */
  readonly factorsMs: number;
  readonly timing: Timing;
  readonly plannedMs: number;
  /** The sgemm measured next to it. */
  readonly sgemm: Sgemm;
  /** Rate of the matrix products of the lower triangle, as a share of the sgemm's; null where it is not made of them. */
  readonly share: number | null;
  /** The same in processor time, all threads together. */
  readonly processorShare: number | null;
  /** Against the first way, ‖difference‖ / ‖first‖. */
  readonly distance: number;
}

/** Kernels of one network, all from one run. */
export interface GramReport {
  readonly suite: 'gram';
  readonly problem: string;
  readonly seed: number;
  readonly rows: readonly GramRow[];
  /** PyTorch on the perceptrons. */
  readonly peers: readonly GramPeerRow[];
  /** Why there are no peers, where there are none. */
  readonly missing?: string;
}

/** The problems of the suite: a network and n. */
export const GRAM_PROBLEMS = [
  'mlp-500',
  'mlp-2000',
  'mlp-8000',
  'one-output-500',
  'one-output-2000',
  'one-output-8000',
  'resnet20-20',
  'resnet20-64',
  'resnet20-200',
] as const;

/** What is planned to take longer is left out. */
const LONGEST_MS = 5_000;

/** After a first run of the way; slow is what is planned to take more than a second. */
const SLOW: Repetition = { warmup: 0, runs: 3 };
const FAST: Repetition = { warmup: 1, runs: 7 };

/**
 * The tangent kernel of MLP 2-500-500-2, of 2-500-500-1 or of ResNet-20 on n examples, by every strategy and for every layout of the outputs, in float32. Factors are
 * outside; the timed part ends with the kernel in float64 on the host. All ways must agree.
 * Perceptrons stand beside the peers found on the machine.
 *
 * @throws {NtkError} if two ways differ: their times would mean nothing
 */
export async function gramSuite(
  backend: Backend,
  name: string,
  { seed = 1 }: { readonly seed?: number } = {},
): Promise<GramReport> {
  const { network, x, n, title, isDense } = gramProblem(name, seed);
  const rows: GramRow[] = [];
  const firsts = new Map<KernelOutputs, Matrix>();
  for (const factorForm of isDense ? (['cheapest'] as const) : (['cheapest', 'positions', 'jacobian'] as const)) {
    const ways = waysOf(factorForm)
      .map((way) => ({ ...way, factorForm, plannedMs: plannedMs(network, n, { ...way, factorForm }) }))
      .filter((way) => way.plannedMs <= LONGEST_MS);
    if (ways.length === 0) continue;
    using l = await linearize(network, x, { backend, dtype: 'float32', factorForm });
    const start = performance.now();
    for (const batch of l.batches.keys()) await l.factors.ofBatch(batch);
    const factorsMs = performance.now() - start;
    for (const way of ways) {
      const timed = await timeWay(l, way);
      const first = firsts.get(way.outputs) ?? timed.kernel;
      firsts.set(way.outputs, first);
      const distance = relativeDistance(timed.kernel.data, first.data);
      if (!(distance < 1e-4)) throw new NtkError(`gram: two ways are ${distance} apart, expected at most 1e-4`);
      rows.push({ ...way, factorsMs, distance, ...rateOf(l, way, timed) });
    }
  }
  const report = { suite: 'gram', problem: title, seed, rows } as const;
  if (!isDense) return { ...report, peers: [] };
  const found = findPython();
  if ('missing' in found) return { ...report, peers: [], missing: found.missing };
  return { ...report, peers: await gramPeers(backend, found.python, { network, x, n }) };
}

type Way = Pick<GramRow, 'outputs' | 'assembly' | 'isReused' | 'triangle' | 'productDtype'>;

function plannedMs(network: Network, n: number, way: Way & Pick<GramRow, 'factorForm'>): number {
  const { outputs, productDtype } = way;
  const { candidates } = planKernel(network, { n, outputs, productDtype });
  const planned = candidates.find((each) => each.assembly === way.assembly && each.factorForm === way.factorForm);
  return 1e3 * planned!.seconds;
}

function waysOf(form: FactorForm): Way[] {
  const full = {
    outputs: 'full',
    assembly: 'factors',
    isReused: false,
    triangle: 'both',
    productDtype: 'float32',
  } as const;
  if (form !== 'cheapest') return [full];
  return [
    full,
    { ...full, isReused: true },
    { ...full, triangle: 'lower' },
    { ...full, isReused: true, triangle: 'lower' },
    { ...full, productDtype: 'float64' },
    { ...full, outputs: 'independent' },
    { ...full, outputs: 'shared' },
    { ...full, assembly: 'products' },
  ];
}

interface TimedWay {
  readonly timing: Timing;
  readonly sgemm: Sgemm;
  readonly kernel: Matrix;
}

/** Times a way between two timings of the sgemm; the faster of the two counts. */
async function timeWay(
  l: Linearization,
  { isReused, outputs, plannedMs: planned, ...how }: Way & Pick<GramRow, 'plannedMs'>,
): Promise<TimedWay> {
  const rows = l.n * l.c;
  const into = isReused ? { into: matrix(rows, rows) } : {};
  const compute = async (): Promise<Matrix> => {
    if (outputs === 'shared') return sharedKernel(l, l, how);
    if (outputs === 'full') return kernelMatrix(l, l, { ...how, ...into });
    return (await independentKernels(l, l, how))[0]!;
  };
  const kernel = await compute();
  const before = await sgemm(l.backend);
  const timing = await time(async () => void (await compute()), planned > 1000 ? SLOW : FAST);
  const after = await sgemm(l.backend);
  if (how.triangle === 'lower') mirrorLower(kernel);
  return { timing, sgemm: before.timing.median < after.timing.median ? before : after, kernel };
}

/** Floating point operations of the products of the lower triangle, n²(a + c²b) for a layer at one position, over the time. */
function rateOf(
  { n, c, factors }: Linearization,
  { outputs, assembly, productDtype }: Way,
  { timing, sgemm: yardstick }: TimedWay,
): Pick<GramRow, 'timing' | 'sgemm' | 'share' | 'processorShare'> {
  const isDense =
    assembly === 'factors' &&
    productDtype === 'float32' &&
    factors.terms.every(({ sensitivities }) => sensitivities[2] === 1);
  if (!isDense) return { timing, sgemm: yardstick, share: null, processorShare: null };
  const outputPairs = outputs === 'full' ? c * c : c;
  const flop = factors.terms.reduce(
    (sum, { activations, sensitivities }) => sum + n * n * ((activations?.[2] ?? 0) + outputPairs * sensitivities[3]!),
    0,
  );
  const gemmFlop = yardstick.gflops * 1e6 * yardstick.timing.median;
  return {
    timing,
    sgemm: yardstick,
    share: flop / 1e6 / timing.median / yardstick.gflops,
    processorShare: flop / timing.cpu / (gemmFlop / yardstick.timing.cpu),
  };
}

function gramProblem(name: string, seed: number) {
  const match = /^(mlp|one-output|resnet20)-(\d+)$/.exec(name);
  if (match === null) throw new OptionError(`gramSuite: got '${name}', expected one of ${GRAM_PROBLEMS.join(', ')}`);
  const n = Number(match[2]);
  const rng = new Rng(seed);
  const isDense = match[1] !== 'resnet20';
  const outputs = match[1] === 'mlp' ? 2 : 1;
  const network = isDense
    ? denseNetwork({ inputs: 2, hidden: [500, 500], outputs, rng: rng.fork('weights') })
    : speedProblem('resnet20', seed).network;
  const x = new Float32Array(rng.normals(n * sizeOf(exampleShape(network))));
  const title = isDense ? `kernel of MLP 2-500-500-${outputs}, n = ${n}` : `kernel of ResNet-20, n = ${n}`;
  return { network, x, n, title, isDense };
}

/** A report as text for a terminal. */
export function formatGramReport({ problem, rows, peers, missing }: GramReport): string {
  const lines = rows.map((row) => {
    const { outputs, timing, plannedMs, sgemm: own, share, processorShare } = row;
    const times = `${timing.median.toFixed(1)} ms (least ${timing.min.toFixed(1)}, processor ${timing.cpu.toFixed(0)}; planned ${plannedMs.toFixed(1)})`;
    const rate =
      share === null
        ? ''
        : `, lower triangle at ${Math.round(100 * share)} % of the sgemm's ${own.gflops.toFixed(0)} GF/s (processor time: ${Math.round(100 * processorShare!)} %)`;
    return `  ${outputs.padEnd(12)}${howOf(row).padEnd(36)}${times}${rate}, ${row.distance.toExponential(1)} apart`;
  });
  return [
    `${problem}, float32`,
    ...lines,
    ...peers.map(formatGramPeer),
    ...(missing === undefined ? [] : [`  no peers: ${missing}`]),
  ].join('\n');
}

function howOf({ assembly, factorForm, isReused, triangle, productDtype }: GramRow): string {
  if (assembly === 'products') return 'products';
  const how = [
    'factors',
    factorForm,
    ...(triangle === 'lower' ? ['lower'] : []),
    ...(productDtype === 'float64' ? ['in float64'] : []),
    ...(isReused ? ['reused'] : []),
  ];
  return how.join(', ');
}
