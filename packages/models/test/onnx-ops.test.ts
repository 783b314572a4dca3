import { parseOnnx } from '@ntk/models';
import { Rng } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import { encodeTestModel } from './onnx-model.ts';
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
  // Newer than the runtime of the tests.
  const newer = ['RMSNormalization', 'Swish'];
  const left = knownOperations().filter((op) => !tried.has(op) && !op.startsWith('ai.onnx.ml') && !newer.includes(op));
  expect(left).toEqual([]);
});
