import { Rng, sizeOf } from '@ntk/tensor';
import { floats, type TestAttribute, type TestNode, type TestTensor } from '../onnx-model.ts';

/** A few operations that make y of x, on random examples. */
export interface OpCase {
  /** Of one example. */
  readonly shape: readonly number[];
  readonly nodes: readonly TestNode[];
  readonly tensors?: Readonly<Record<string, TestTensor>>;
  readonly opset?: number;
  /** True if y has its examples along the second axis. */
  readonly timeFirst?: boolean;
  /** How many indices there are, if x holds indices. */
  readonly words?: number;
}

type Attributes = Readonly<Record<string, TestAttribute>>;

/** An operation in short: inputs and outputs as words, '-' for one that is left out. */
export function node(op: string, inputs: string, outputs = 'y', attributes: Attributes = {}, domain = ''): TestNode {
  const names = (list: string): string[] => list.split(' ').map((name) => (name === '-' ? '' : name));
  return { op, inputs: names(inputs), outputs: names(outputs), attributes, domain, name: `${op} ${outputs}` };
}

const rng = new Rng('weights');

/** A weight with random numbers. */
export function draw(...shape: number[]): TestTensor {
  return floats(
    shape,
    [...rng.normals(sizeOf(shape))].map((value) => Math.fround(0.6 * value)),
  );
}

/** A number without axes. */
export function scalar(value: number): TestTensor {
  return floats([], [value]);
}

/** One operation on x. */
export function one(
  op: string,
  attributes: Attributes = {},
  rest: Partial<OpCase> & { readonly also?: string } = {},
): OpCase {
  const { also = '', ...other } = rest;
  const inputs = ['x', ...Object.keys(rest.tensors ?? {}), ...also.split(' ').filter((name) => name !== '')];
  return { shape: [2, 3], nodes: [node(op, inputs.join(' '), 'y', attributes)], ...other };
}

/** A function of single numbers. */
export function pointwise(op: string, attributes: Attributes = {}, opset = 17): OpCase {
  return one(op, attributes, { opset, shape: [7] });
}

/** A function of positive numbers. */
export function positive(op: string): OpCase {
  return { shape: [5], nodes: [node('Exp', 'x', 'p'), node(op, 'p')] };
}

/** Of one example. */
export const images: { readonly shape: readonly number[] } = { shape: [4, 6, 5] };
