import fc from 'fast-check';
import { explicitJacobian, kernelDiagonal, kernelMatrix, linearize } from '@ntk/jacobian';
import { gemm, type Matrix } from '@ntk/linop';
import {
  ProgramBuilder,
  Rng,
  cpuBackend,
  exampleAxes,
  inline,
  makeNetwork,
  printProgram,
  shapeOf,
  sizeOf,
  type Network,
  type Program,
  type Value,
} from '@ntk/tensor';
import { arbitraryProgram, expectAllclose, type RandomProgram } from '@ntk/tensor/testing';
import { expect, test } from 'vitest';
import { jacobianByVjp } from './explicit.ts';

/** Examples of a batch, and of all: the second batch is padded. */
const [BATCH, N] = [3, 5];

const programs = arbitraryProgram({
  // Operations mostly read recent values: the examples come last.
  inputs: [
    { shape: [3, 2], exampleAxis: null },
    { shape: [2], exampleAxis: null },
    { shape: [2, 3], exampleAxis: null },
    { shape: [BATCH, 2], exampleAxis: 0 },
  ],
});

/** A network whose output is the last value of a random Program that keeps examples apart; null if that is an input. */
function networkOf({ program, inputs }: RandomProgram): Network | null {
  const kept = separable(program);
  const axes = exampleAxes(kept);
  const output = axes.findLastIndex((axis, value) => axis !== null && sizeOf(shapeOf(kept, value)) > 0);
  if (output < kept.inputs.length) return null;
  const b = new ProgramBuilder('random');
  const x = b.input('x', [BATCH, 2], { exampleAxis: 0 });
  const weights = kept.inputs.slice(0, -1).map(({ name, shape }) => b.input(name, shape));
  const value = inline(b, kept, [...weights, x])[output]!;
  const shape = b.shape(value);
  const order = [axes[output]!, ...shape.flatMap((_, axis) => (axis === axes[output] ? [] : [axis]))];
  b.output('f', b.reshape(b.transpose(value, order), [-1, sizeOf(shape) / BATCH]));
  const built = b.build();
  const parameters = built.inputs
    .slice(1)
    .map(({ name, shape: own }) => ({ name, layer: name, shape: own, trainable: true }));
  const meta = { name: 'random', source: 'test', notes: [] };
  return makeNetwork({ program: built, parameters, values: inputs.slice(0, -1), meta });
}

/** A Program without the nodes that mix examples, and without all that depends on them. */
function separable(program: Program): Program {
  const renamed = new Map<Value, Value>(program.inputs.map((_, i) => [i, i]));
  let kept: Program = { ...program, nodes: [], outputs: [] };
  program.nodes.forEach((node, i) => {
    if (!node.inputs.every((value) => renamed.has(value))) return;
    const moved = { ...node, inputs: node.inputs.map((value) => renamed.get(value)!) };
    const larger = { ...kept, nodes: [...kept.nodes, moved] };
    try {
      exampleAxes(larger);
    } catch {
      return;
    }
    renamed.set(program.inputs.length + i, kept.inputs.length + kept.nodes.length);
    kept = larger;
  });
  return kept;
}

test('random networks: products, kernels and diagonals from factors agree with one product a row', async () => {
  const backend = cpuBackend();
  const seen = { networks: 0, factored: 0 };
  const check = async (random: RandomProgram, seed: number): Promise<void> => {
    const network = networkOf(random);
    if (network === null) return;
    const rng = new Rng(seed);
    const x = Float64Array.from({ length: N * 2 }, () => (rng.integer(33) - 16) / 8);
    const j = expectedJacobian(network, x);
    using l = await linearize(network, x, { backend, batchSize: BATCH });
    seen.networks++;
    if (l.factors.serveProducts) seen.factored++;
    const close = (actual: ArrayLike<number>, expected: Float64Array): void =>
      expectAllclose(actual, expected, {
        atol: 1e-11 * expected.reduce((size, value) => Math.max(size, Math.abs(value)), 1),
      });
    const kernel = gemm(j, j, { transposeB: true });
    close((await explicitJacobian(l)).data, j.data);
    close((await kernelMatrix(l)).data, kernel.data);
    close(
      await kernelDiagonal(l),
      kernel.data.filter((_, i) => i % (j.rows + 1) === 0),
    );
    const v = { rows: 2, columns: j.columns, data: rng.normals(2 * j.columns) };
    using direction = backend.upload(v.data, [2, j.columns]);
    using jv = await l.jacobian.matmul(direction);
    close(await backend.read(jv), gemm(v, j, { transposeB: true }).data);
    const u = { rows: 2, columns: j.rows, data: rng.normals(2 * j.rows) };
    using cotangent = backend.upload(u.data, [2, j.rows]);
    using jtu = await l.jacobian.transpose().matmul(cotangent);
    close(await backend.read(jtu), gemm(u, j).data);
  };
  await fc.assert(fc.asyncProperty(programs, fc.nat(), check), { seed: 3, numRuns: 500, reporter: explain });
  expect(seen.networks).toBeGreaterThan(100);
  expect(seen.factored).toBeGreaterThan(5);
});

/** J batch by batch, as the Program may hold the size of a batch. */
function expectedJacobian(network: Network, x: Float64Array): Matrix {
  const padded = new Float64Array(2 * BATCH * 2);
  padded.set(x);
  padded.set(x.subarray(x.length - 2), x.length);
  const parts = [0, 1].map((batch) => jacobianByVjp(network, padded.slice(batch * BATCH * 2, (batch + 1) * BATCH * 2)));
  const { rows, columns } = parts[0]!;
  const data = new Float64Array(2 * rows * columns);
  parts.forEach((part, i) => data.set(part.data, i * rows * columns));
  const count = (rows / BATCH) * N;
  return { rows: count, columns, data: data.slice(0, count * columns) };
}

/** Throws with the smallest Program that failed, printed, and why it did. */
function explain(details: fc.RunDetails<[RandomProgram, number]>): void {
  if (!details.failed) return;
  const cause = details.errorInstance instanceof Error ? details.errorInstance.message : 'no reason given';
  const random = details.counterexample?.[0];
  const network = random === undefined ? null : networkOf(random);
  throw new Error(`${cause}\n${network === null ? '' : printProgram(network.program)}`);
}
