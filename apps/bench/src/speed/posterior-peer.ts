import { runPeer, type PeerProblem, type WaitPolicy } from '../peers/run-peer.ts';
import { POSTERIOR_PROBLEMS, type PosteriorProblem, type PosteriorProblemName } from './posterior-problem.ts';

/** Means and variances of one way, and its time in milliseconds. */
export interface PeerPosterior {
  readonly name: string;
  readonly milliseconds: number;
  readonly mean: Float64Array;
  /** Of the first rows only, where the way is too slow for all. */
  readonly variance: Float64Array;
  /** What a reader must know about the time. */
  readonly note?: string;
}

/**
 * The posterior by PyTorch in float64 with an explicit Jacobian, and in the way of the released code with conjugate gradients to a relative residual of
 * 1e-4, each with the setting of threads that is best for it. The long way runs once, at the setting that is best for its product.
 */
export async function peerPosteriors(
  python: string,
  problem: PosteriorProblem,
  name: PosteriorProblemName,
): Promise<PeerPosterior[]> {
  const exchange = peerProblem(problem, name);
  const run = (way: string, waitPolicy: WaitPolicy): Promise<PeerPosterior> => ask(exchange, python, way, waitPolicy);
  const passive = await run('product', 'passive');
  const ordinary = await run('product', 'default');
  const policy = passive.milliseconds < ordinary.milliseconds ? 'passive' : 'default';
  const explicit = [await run('explicit', 'passive'), await run('explicit', 'default')] as const;
  const faster = explicit[0].milliseconds < explicit[1].milliseconds ? explicit[0] : explicit[1];
  const reference = await run('reference', policy);
  return [
    { ...faster, name: 'PyTorch float64, explicit Jacobian' },
    { ...reference, name: `the released code's way, ${POSTERIOR_PROBLEMS[name].referenceDtype}` },
  ];
}

async function ask(exchange: PeerProblem, python: string, way: string, waitPolicy: WaitPolicy): Promise<PeerPosterior> {
  const answer = await runPeer(exchange, { python, script: 'posterior.py', arguments: [way], waitPolicy });
  try {
    const { totalMs, columns, measuredColumns, steps, columnSteps } = answer.report;
    const note = `${String(steps)} steps for the mean, ${String(columnSteps)} for a variance; ${String(measuredColumns)} of ${String(columns)} variances timed`;
    return {
      name: way,
      milliseconds: Number(totalMs),
      mean: await answer.array('mean'),
      variance: await answer.array('variance'),
      ...(columns === undefined ? {} : { note }),
    };
  } finally {
    await answer.dispose();
  }
}

function peerProblem(problem: PosteriorProblem, name: PosteriorProblemName): PeerProblem {
  const { network, x, y, test, n, m, c, priorVariance, noiseVariance } = problem;
  const { parameters, values } = network;
  const { columns, referenceDtype, runs } = POSTERIOR_PROBLEMS[name];
  const weights = parameters.map(({ shape }, i) => {
    return [`${i % 2 === 0 ? 'weight' : 'bias'}${i >> 1}`, { shape, data: values[i]! }] as const;
  });
  return {
    arrays: {
      x: { shape: [n, x.length / n], data: x },
      y: { shape: [n, c], data: y },
      test: { shape: [m, x.length / n], data: test },
      ...Object.fromEntries(weights),
    },
    settings: {
      layers: parameters.length / 2,
      priorVariance,
      noiseVariance,
      rtol: 1e-4,
      threads: 2,
      columns,
      referenceDtype,
      runs,
    },
  };
}
