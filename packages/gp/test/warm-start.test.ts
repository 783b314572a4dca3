import { type OperatorOptions, type OperatorPosterior, type PriorMean, operatorPosterior } from '@ntk/gp';
import { type LinearOperator, type Matrix, gemm, matrix, matrixOperator } from '@ntk/linop';
import { type Backend, Rng, cpuBackend } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { priorMeans, randomProblem } from './random-problem.ts';
import { truncatedCg } from './truncated-cg.ts';

const c = 2;
const problem = regression();
const { jTrain, jTest, priorVariance, yTrain, noise } = problem;
const [N, OLD] = [jTrain.rows, 56];
const named = (name: string): unknown => expect.objectContaining({ name });

/** Features of falling size, and targets that they explain: what is known foresees what is new, which random targets would not. */
function regression() {
  const p = 40;
  const random = randomProblem('warm start', { n: 30, m: 4, c, p });
  const decaying = ({ rows, columns, data }: Matrix): Matrix =>
    matrix(
      rows,
      columns,
      data.map((value, i) => value / (1 + (i % columns))),
    );
  const features = decaying(random.jTrain);
  const weights = matrix(1, p, new Rng('weights').normals(p));
  return {
    ...random,
    jTrain: features,
    jTest: decaying(random.jTest),
    yTrain: gemm(weights, features, { transposeB: true }).data.map((value, i) => 10 * value + (i % 3) / 100),
    noise: random.noise.map((value) => value / 100),
  };
}

/** Some rows of the problem. */
function part(from: number, to: number, mean: PriorMean | undefined) {
  const own = mean?.kind === 'fixed' ? { ...mean, values: mean.values.slice(from, to) } : mean;
  return {
    yTrain: yTrain.slice(from, to),
    noise: noise.slice(from, to),
    ...(own === undefined ? {} : { priorMean: own }),
  };
}

function jacobian(from: number, to: number, backend: Backend): LinearOperator {
  const p = jTrain.columns;
  return matrixOperator(matrix(to - from, p, jTrain.data.slice(from * p, to * p)), { backend });
}

/** The posterior of all rows anew, and from one of some rows, then of one example more; and the steps that their targets took. */
async function coldAndWarm(space: 'function' | 'parameter', rtol: number, mean: PriorMean | undefined) {
  const backend = trackTensors(cpuBackend());
  const steps: number[] = [];
  const options: OperatorOptions = {
    space,
    onSolve: ({ purpose, stats }) => purpose === 'fit' && steps.push(stats.steps),
  };
  const solver = truncatedCg({ steps: 500, rtol });
  const borders = [0, OLD, OLD + c, N];
  const shards = borders.slice(1).map((to, i) => jacobian(borders[i]!, to, backend));
  const all = jacobian(0, N, backend);
  const cold = await operatorPosterior({ jTrain: all, priorVariance, ...part(0, N, mean) }, solver, options);
  let warm: OperatorPosterior | undefined;
  for (const [i, shard] of shards.entries()) {
    const { yTrain: yNew, noise: noiseNew, priorMean } = part(borders[i]!, borders[i + 1]!, mean);
    // Each posterior outlives the one that it came from.
    using before = warm;
    warm =
      before === undefined
        ? await operatorPosterior({ jTrain: shard, priorVariance, ...part(0, OLD, mean) }, solver, options)
        : await before.append({
            jNew: shard,
            yNew,
            noise: noiseNew,
            ...(priorMean?.kind === 'fixed' ? { priorMean: priorMean.values } : {}),
          });
  }
  const dispose = (): void => {
    for (const each of [cold, warm!, all, ...shards]) each.dispose();
    expect(backend.describeLive()).toEqual([]);
    expect(backend.liveExecutables).toBe(0);
  };
  return { cold, warm: warm!, coldSteps: steps[0]!, warmSteps: steps.at(-1)!, [Symbol.dispose]: dispose };
}

describe.each(['function', 'parameter'] as const)('%s space', (space) => {
  test.each(Object.entries(priorMeans(problem)))('equals a posterior of all rows, prior mean %s', async (_, mean) => {
    const rtol = 1e-11;
    using found = await coldAndWarm(space, rtol, mean);
    const { cold, warm } = found;
    // The condition of the system is that of its largest whitened feature.
    const tolerance = 1e5 * rtol;
    expect(relativeError(await warm.mean({ jTest }), await cold.mean({ jTest }))).toBeLessThan(tolerance);
    expect(relativeError(await warm.variance({ jTest }), await cold.variance({ jTest }))).toBeLessThan(tolerance);
    expect(relativeError(warm.constant, cold.constant) || 0).toBeLessThan(tolerance);
    expect(relativeError(warm.unknowns!.data, cold.unknowns!.data)).toBeLessThan(tolerance);
  });

  test('takes fewer steps than all rows anew', async () => {
    for (const rtol of [1e-4, 1e-6]) {
      using found = await coldAndWarm(space, rtol, undefined);
      const { coldSteps, warmSteps } = found;
      console.log(
        `${space} space, tolerance ${rtol}: ${coldSteps} steps anew, ${warmSteps} from a posterior of all rows but ${N - OLD - c}`,
      );
      expect(warmSteps).toBeLessThan(0.9 * coldSteps);
    }
  });

  test.each(Object.entries(priorMeans(problem)))(
    'takes no step from its own solution, prior mean %s',
    async (_, mean) => {
      using j = jacobian(0, N, cpuBackend());
      const solver = truncatedCg({ steps: 500, rtol: 1e-10 });
      const all = { jTrain: j, priorVariance, ...part(0, N, mean) };
      using first = await operatorPosterior(all, solver, { space });
      const steps: number[] = [];
      // Another solver's tolerance: what was reached is not always what a restart finds.
      using again = await operatorPosterior(all, truncatedCg({ steps: 500, rtol: 1e-9 }), {
        space,
        start: first.unknowns!,
        onSolve: ({ stats }) => steps.push(stats.steps),
      });
      expect(steps).toEqual([0]);
      expect(relativeError(again.coefficients, first.coefficients)).toBeLessThan(1e-5);
    },
  );

  test('refuses examples and starts that do not fit', async () => {
    const backend = cpuBackend();
    const solver = truncatedCg({ steps: 500, rtol: 1e-10 });
    using old = jacobian(0, OLD, backend);
    using jNew = jacobian(OLD, N, backend);
    const some = { jTrain: old, priorVariance, ...part(0, OLD, undefined) };
    using posterior = await operatorPosterior(some, solver, { space });
    const more = { jNew, yNew: yTrain.slice(OLD), noise: noise.slice(OLD) };
    await expect(posterior.append({ ...more, yNew: more.yNew.slice(1) })).rejects.toEqual(named('ShapeError'));
    await expect(posterior.append({ ...more, jNewSolve: jNew })).rejects.toEqual(named('OptionError'));
    const columns = space === 'function' ? OLD : jTrain.columns;
    for (const start of [matrix(2, columns), matrix(1, columns + 1)])
      await expect(operatorPosterior(some, solver, { space, start })).rejects.toThrow(/^start: got/);
    const constant = { ...some, ...part(0, OLD, { kind: 'constant', outputs: c }) };
    await expect(operatorPosterior(constant, solver, { space, start: matrix(1, columns) })).rejects.toThrow(
      /^start: got 1 rows, expected 3/,
    );
  });
});
