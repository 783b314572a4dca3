import { parseOnnx } from '@ntk/models';
import { Rng } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import { encodeTestModel, floats, type TestNode } from './onnx-model.ts';
import { opCases } from './onnx-op-cases/all.ts';
import type { OpCase } from './onnx-op-cases/op-case.ts';
import { drawExamples, runOnnx } from './onnx-runtime.ts';
import { outputsOf, worst } from './tfjs.ts';

/** Single precision in ONNX Runtime, through a few operations. */
const TOLERANCE = 4e-6;

function modelOf({ shape, nodes, tensors = {}, opset = 17, timeFirst = false, words }: OpCase): Uint8Array {
  const end = timeFirst ? [{ op: 'Transpose', inputs: ['y'], outputs: ['z'], attributes: { perm: [1, 0, 2] } }] : [];
  const flat = { op: 'Flatten', inputs: [timeFirst ? 'z' : 'y'], outputs: ['flat outputs'] };
  return encodeTestModel({
    opset,
    inputs: [{ name: 'x', shape: ['n', ...shape], type: words === undefined ? 'float' : 'int64' }],
    outputs: [{ name: 'flat outputs', shape: ['n', 'c'] }],
    tensors,
    nodes: [...nodes, ...end, flat],
  });
}

describe('operations compute what ONNX Runtime computes', () => {
  it.each(Object.keys(opCases))('%s', async (name) => {
    const one = opCases[name]!;
    const bytes = modelOf(one);
    const inputs = [{ shape: one.shape, ...(one.words !== undefined && { words: one.words }) }];
    const x = drawExamples(new Rng(name), inputs, 4);
    const want = await runOnnx(bytes, x, inputs, 4);
    const network = parseOnnx(bytes, { outputActivation: 'keep' });
    expect(worst(await outputsOf(network, Float64Array.from(x)), want)).toBeLessThan(TOLERANCE);
  });
});

/** Newer than the runtime of the tests: against their definitions. */
describe('operations of newer operator sets', () => {
  const x = Float64Array.from(new Rng('newer').normals(6));

  async function evaluate(op: string, attributes: TestNode['attributes'], tensors = {}): Promise<number[]> {
    const nodes = [{ op, inputs: ['x', ...Object.keys(tensors)], outputs: ['y'], ...(attributes && { attributes }) }];
    return [...(await outputsOf(parseOnnx(modelOf({ shape: [3], nodes, tensors, opset: 24 })), x))];
  }

  it('RMSNormalization', async () => {
    const scale = [0.5, -1, 2];
    const rows = [x.subarray(0, 3), x.subarray(3)];
    const want = rows.flatMap((row) => {
      const root = Math.sqrt(row.reduce((sum, value) => sum + value ** 2, 0) / 3 + 0.25);
      return [...row].map((value, i) => (scale[i]! * value) / root);
    });
    expect(worst(await evaluate('RMSNormalization', { epsilon: 0.25 }, { s: floats([3], scale) }), want)).toBeLessThan(
      1e-14,
    );
  });

  it('Swish', async () => {
    const want = x.map((value) => value / (1 + Math.exp(-1.5 * value)));
    expect(worst(await evaluate('Swish', { alpha: 1.5 }), want)).toBeLessThan(1e-14);
  });
});

/** The operations that the reader says it knows. */
function knownOperations(): string[] {
  const nodes = [{ op: 'NoSuchOperation', inputs: ['x'], outputs: ['y'] }];
  const value = { name: 'x', shape: ['n', 2] };
  const bytes = encodeTestModel({ inputs: [value], outputs: [{ ...value, name: 'y' }], nodes });
  try {
    parseOnnx(bytes);
  } catch (error) {
    return (error as Error).message.split('expected the operations ')[1]!.split(', ');
  }
  throw new Error('an unknown operation was read');
}

it('every operation of the standard set that is read is tried here', () => {
  const tried = new Set(Object.values(opCases).flatMap(({ nodes }) => nodes.map(({ op }) => op)));
  const newer = ['RMSNormalization', 'Swish'];
  const left = knownOperations().filter((op) => !tried.has(op) && !op.startsWith('ai.onnx.ml') && !newer.includes(op));
  expect(left).toEqual([]);
});
