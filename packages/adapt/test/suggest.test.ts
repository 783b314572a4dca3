import { adapt, decodePosterior, encodePosterior, storePosterior, suggest, suggestStored } from '@ntk/adapt';
import { functionSpacePosterior } from '@ntk/gp';
import { explicitJacobian, linearize } from '@ntk/jacobian';
import { cholesky, choleskyLogDeterminant, gemm, matrix, type Matrix } from '@ntk/linop';
import { trackTensors } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { makeProblem } from './problem.ts';

const CANDIDATES = 15;
const COUNT = 5;
const MEANS = ['network', 'zero', 'constant'] as const;

describe.each([1, 2])('suggestions for %i outputs', (outputs) => {
  test.each(MEANS)('are those of greedy refitting, prior mean %s', async (mean) => {
    const { network, backend, x, y, xTest } = await makeProblem({ outputs });
    for (const space of ['function', 'parameter'] as const) {
      using adapted = await adapt(network, { x, y }, { backend, mean, space });
      const { priorVariance, noiseVariance } = adapted.hyperparameters;
      using train = await linearize(network, x, { backend });
      using test = await linearize(network, xTest, { backend });
      const expected = await greedyByRefitting({
        jTrain: await explicitJacobian(train),
        jTest: await explicitJacobian(test),
        outputs,
        priorVariance,
        noiseVariance,
        constant: mean === 'constant',
      });
      const found = await suggest(adapted, xTest, { count: COUNT });
      expect(found.map(({ row }) => row)).toEqual(expected.map(({ row }) => row));
      found.forEach(({ gain }, i) => expect(gain).toBeCloseTo(expected[i]!.gain, 6));
      for (const variance of [{ kind: 'root' }, { kind: 'exact' }] as const) {
        const bytes = await encodePosterior(await storePosterior(adapted, { variance }));
        const again = await suggestStored(await decodePosterior(bytes, 'a.ntk'), xTest, { backend, count: COUNT });
        expect(again.map(({ row }) => row)).toEqual(found.map(({ row }) => row));
        again.forEach(({ gain }, i) => expect(gain).toBeCloseTo(found[i]!.gain, 6));
      }
    }
  });
});

test.each(['independent', 'shared'] as const)('outputs %s: gains of outputs add up', async (outputs) => {
  const { network, backend, x, y, xTest } = await makeProblem({ outputs: 2 });
  const noise = Float64Array.of(0.02, 0.07);
  using adapted = await adapt(network, { x, y }, { backend, outputs, noise, priorVariance: 0.5 });
  const { variance } = await adapted.predict(xTest);
  const alone = Array.from({ length: CANDIDATES }, (_, row) =>
    [0, 1].reduce((sum, a) => sum + 0.5 * Math.log(1 + variance[2 * row + a]! / noise[a]!), 0),
  );
  const found = await suggest(adapted, xTest, { count: COUNT });
  expect(found[0]!.gain).toBeCloseTo(Math.max(...alone), 8);
  expect(found[0]!.row).toBe(alone.indexOf(Math.max(...alone)));
  // What the second tells after the first is what it tells a posterior that has the first, whatever its label.
  const row = found[0]!.row;
  const more = { x: Float64Array.of(...x, ...xTest.subarray(2 * row, 2 * row + 2)), y: Float64Array.of(...y, 0, 0) };
  using later = await adapt(network, more, { backend, outputs, noise, priorVariance: 0.5 });
  const [next] = await suggest(later, xTest, { count: 1 });
  expect(next!.row).toBe(found[1]!.row);
  expect(next!.gain).toBeCloseTo(found[1]!.gain, 8);
  const stored = await storePosterior(adapted);
  const again = await suggestStored(stored, xTest, { backend, count: COUNT });
  expect(again.map((each) => each.row)).toEqual(found.map((each) => each.row));
});

test('the gains of a choice add up to what all of it tells, whatever the block', async () => {
  const { network, backend: cpu, x, y, xTest } = await makeProblem();
  const backend = trackTensors(cpu);
  {
    using adapted = await adapt(network, { x, y }, { backend, noise: 0.01, priorVariance: 1, space: 'function' });
    const greedy = await suggest(adapted, xTest, { count: CANDIDATES });
    const blocks = await suggest(adapted, xTest, { count: CANDIDATES, block: 4 });
    const total = (found: typeof greedy): number => found.reduce((sum, { gain }) => sum + gain, 0);
    // All candidates in the end, so that the order does not matter.
    expect(total(blocks)).toBeCloseTo(total(greedy), 8);
    expect(new Set(greedy.map(({ row }) => row)).size).toBe(CANDIDATES);
    for (let i = 1; i < CANDIDATES; i++) expect(greedy[i]!.gain).toBeLessThanOrEqual(greedy[i - 1]!.gain + 1e-12);
    // The first block has the largest gains taken alone.
    const [first] = await suggest(adapted, xTest, { count: 1 });
    expect(blocks[0]).toEqual(first);
    const partial = (found: typeof greedy): number => total(found.slice(0, 4));
    expect(partial(blocks)).toBeLessThanOrEqual(partial(greedy) + 1e-12);
  }
  expect(backend.describeLive()).toEqual([]);
});

test('a row that is there twice is worth little the second time, and the first of equals comes first', async () => {
  const { network, backend, x, y, xTest } = await makeProblem();
  using adapted = await adapt(network, { x, y }, { backend, noise: 0.01, priorVariance: 1 });
  const twice = Float64Array.of(...xTest, ...xTest);
  const [first, ...rest] = await suggest(adapted, twice, { count: 2 * CANDIDATES });
  const second = rest.find(({ row }) => row === first!.row + CANDIDATES)!;
  expect(first!.row).toBeLessThan(CANDIDATES);
  expect(second.gain).toBeLessThan(0.5 * Math.log(2) + 1e-9);
});

test('bad arguments', async () => {
  const { network, backend, x, y, xTest } = await makeProblem();
  using adapted = await adapt(network, { x, y }, { backend, layers: 'last' });
  await expect(suggest(adapted, xTest, { count: 16 })).rejects.toThrow(
    /count 16, expected an integer from 1 to 15, the candidates; choose that many, or give more candidates$/,
  );
  await expect(suggest(adapted, xTest, { count: 2, block: 0 })).rejects.toThrow(
    /block 0, expected a positive integer; leave it out for 1$/,
  );
  const stored = await storePosterior(adapted, { variance: { kind: 'samples' } });
  await expect(suggestStored(stored, xTest, { backend, count: 2 })).rejects.toThrow(/variance samples, expected root/);
});

interface Refit {
  readonly jTrain: Matrix;
  readonly jTest: Matrix;
  readonly outputs: number;
  readonly priorVariance: number;
  readonly noiseVariance: number;
  readonly constant: boolean;
}

/** The same by conditioning anew on the training rows and all rows chosen so far, for each candidate. */
async function greedyByRefitting(problem: Refit): Promise<{ row: number; gain: number }[]> {
  const { jTest, outputs: c, priorVariance, noiseVariance } = problem;
  let { jTrain } = problem;
  const chosen: { row: number; gain: number }[] = [];
  while (chosen.length < COUNT) {
    const kTrainTrain = gemm(jTrain, jTrain, { transposeB: true });
    const mean = problem.constant ? ({ priorMean: { kind: 'constant', outputs: c } } as const) : {};
    const targets = { yTrain: new Float64Array(jTrain.rows), ...mean };
    using posterior = await functionSpacePosterior({ kTrainTrain, priorVariance, noise: noiseVariance, ...targets });
    const gains: { row: number; gain: number }[] = [];
    for (let row = 0; row < CANDIDATES; row++) {
      const j = rowsOf(jTest, row, c);
      const kTestTrain = gemm(j, jTrain, { transposeB: true });
      const covariance = await posterior.covariance({ kTestTrain, kTestTest: gemm(j, j, { transposeB: true }) });
      for (let a = 0; a < c; a++) covariance.data[a * (c + 1)]! += noiseVariance;
      const logDeterminant = choleskyLogDeterminant(cholesky(covariance).factor);
      gains.push({ row, gain: 0.5 * (logDeterminant - c * Math.log(noiseVariance)) });
    }
    const best = gains
      .filter(({ row }) => chosen.every((other) => other.row !== row))
      .reduce((a, b) => (b.gain > a.gain ? b : a));
    chosen.push(best);
    const added = rowsOf(jTest, best.row, c);
    jTrain = matrix(jTrain.rows + c, jTrain.columns, Float64Array.of(...jTrain.data, ...added.data));
  }
  return chosen;
}

function rowsOf(j: Matrix, example: number, c: number): Matrix {
  const size = c * j.columns;
  return matrix(c, j.columns, j.data.slice(example * size, (example + 1) * size));
}
