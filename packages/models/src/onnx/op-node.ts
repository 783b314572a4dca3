import { UnsupportedError } from '@ntk/tensor';
import { excerpt } from '../json.ts';
import { asWritten } from '../graph/decimal.ts';
import type { OpRule } from '../graph/evaluate.ts';
import { knownInput, numbersIn } from '../graph/operands.ts';
import type { Traced } from '../graph/traced.ts';
import type { OnnxAttribute, OnnxNode, OnnxTensor } from './messages.ts';

/** A node of an ONNX graph with what its rule may ask of it. */
export class OpNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Version of the operator set that the file uses. */
  readonly opset: number;
  readonly #attributes: ReadonlyMap<string, OnnxAttribute>;

  constructor(node: OnnxNode, opset: number) {
    this.name = node.name;
    // Operations of another domain are known by it: 'ai.onnx.ml.Scaler'.
    this.op = node.domain === '' ? node.op : `${node.domain}.${node.op}`;
    this.inputs = node.inputs;
    this.outputs = node.outputs;
    this.metadata = node.metadata;
    this.opset = opset;
    this.#attributes = node.attributes;
  }

  /** Whether an attribute is given. */
  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  number(name: string, fallback: number): number {
    return (
      this.#read(name, 'number', (value) => (typeof value === 'number' ? asWritten(value) : undefined)) ?? fallback
    );
  }

  text(name: string, fallback: string): string {
    return this.#read(name, 'text', (value) => (typeof value === 'string' ? value : undefined)) ?? fallback;
  }

  /** A list of numbers, or undefined if it is not given. */
  numbers(name: string): readonly number[] | undefined {
    return this.#read(name, 'list of numbers', (value) => (isNumbers(value) ? value : undefined));
  }

  /** A list of texts, or undefined if it is not given. */
  texts(name: string): readonly string[] | undefined {
    return this.#read(name, 'list of texts', (value) => (isTexts(value) ? value : undefined));
  }

  tensor(name: string): OnnxTensor | undefined {
    return this.#read(name, 'tensor', (value) =>
      value !== null && typeof value === 'object' && 'dims' in value ? value : undefined,
    );
  }

  #read<T>(name: string, kind: string, narrow: (value: OnnxAttribute) => T | undefined): T | undefined {
    const value = this.#attributes.get(name);
    if (value === undefined) return undefined;
    const narrowed = narrow(value);
    if (narrowed === undefined) throw new UnsupportedError(`got ${excerpt(value)} as ${name}, expected a ${kind}`);
    return narrowed;
  }
}

function isNumbers(value: OnnxAttribute): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'number');
}

function isTexts(value: OnnxAttribute): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** How one operation of ONNX is emitted. */
export type OnnxRule = OpRule<OpNode>;

/** Rules by the name of the operation. */
export type OnnxRules = Readonly<Record<string, OnnxRule>>;

/** Axes, which newer operator sets give as an input and older ones as an attribute; undefined if neither is given. */
export function axesOf(
  node: OpNode,
  inputs: readonly (Traced | undefined)[],
  index = 1,
): readonly number[] | undefined {
  if (inputs[index] !== undefined) return numbersIn(knownInput(inputs, index, 'axes'), 'an axis');
  return node.numbers('axes');
}
