import { UnsupportedError } from '@ntk/tensor';
import { asWritten } from '../graph/decimal.ts';
import type { GraphNode, OpRule } from '../graph/evaluate.ts';
import type { ElementKind } from '../graph/traced.ts';
import { excerpt, type JsonObject } from '../json.ts';
import { elementOf } from './element-types.ts';
import type { NodeJson } from './graph-json.ts';

/** A node of a GraphDef with what its rule may ask of it. */
export class DefNode implements GraphNode {
  readonly name: string;
  readonly op: string;
  /** Values that it reads; what it only waits for is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly #attributes: JsonObject;

  /** @param outputs - how many of its outputs are read */
  constructor(json: NodeJson, outputs: number) {
    const { name, op, input = [], attr = {} } = json;
    this.name = name;
    this.op = op;
    this.inputs = input.filter((each) => !each.startsWith('^')).map(valueName);
    this.outputs = Array.from({ length: outputs }, (_, i) => (i === 0 ? name : `${name}:${i}`));
    this.#attributes = attr;
  }

  number(name: string, fallback: number): number {
    const { i, f } = this.#read(name);
    const value = toNumber(i ?? f);
    return value === undefined ? fallback : asWritten(value);
  }

  flag(name: string): boolean {
    return this.#read(name)['b'] === true;
  }

  text(name: string, fallback: string): string {
    const { s } = this.#read(name);
    return s === undefined ? fallback : toText(s, name);
  }

  /** A list of whole numbers; empty if it is not given. */
  numbers(name: string): readonly number[] {
    const { i = [] } = this.#list(name);
    return asArray(i).map((each) => toNumber(each) ?? NaN);
  }

  /** A list of texts; empty if it is not given. */
  texts(name: string): readonly string[] {
    const { s = [] } = this.#list(name);
    return asArray(s).map((each) => toText(each, name));
  }

  /** What a type holds. @throws {UnsupportedError} if it is not read */
  element(name: string, fallback?: ElementKind): ElementKind {
    const { type } = this.#read(name);
    const kind = type === undefined ? fallback : elementOf(type);
    if (kind === undefined)
      throw new UnsupportedError(`got the data type ${excerpt(type)}, expected numbers or truth values`);
    return kind;
  }

  /** The extents of a shape, null where one is open; undefined if none is given or the number of axes is open. */
  shape(name: string): readonly (number | null)[] | undefined {
    return shapeIn(this.#read(name)['shape']);
  }

  /** Names of functions that an attribute calls. */
  calls(): readonly string[] {
    return Object.values(this.#attributes).flatMap((attribute) => {
      const functions = [membersOf(attribute)['func'], ...asArray(membersOf(membersOf(attribute)['list'])['func'])];
      return functions.flatMap((each) => {
        const { name } = membersOf(each);
        return typeof name === 'string' ? [name] : [];
      });
    });
  }

  #read(name: string): JsonObject {
    return membersOf(this.#attributes[name]);
  }

  #list(name: string): JsonObject {
    return membersOf(this.#read(name)['list']);
  }
}

/** The members of what should be an object; none if it is not. */
export function membersOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}

/** The name of a value without the number of a first output: 'x:0' is 'x'. */
export function valueName(reference: string): string {
  return reference.replace(/:0$/, '');
}

/** The extents of a TensorShapeProto, null where one is open; undefined if there is none or the number of axes is open. */
export function shapeIn(json: unknown): readonly (number | null)[] | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const { dim = [], unknownRank, unknown_rank: unknown } = membersOf(json);
  if (unknownRank === true || unknown === true) return undefined;
  return asArray(dim).map((each) => {
    const extent = toNumber(membersOf(each)['size'] ?? 0);
    return extent === undefined || extent < 0 ? null : extent;
  });
}

/** 64-bit integers are texts in the JSON of protocol buffers, and so are NaN and Infinity. */
function toNumber(value: unknown): number | undefined {
  return typeof value === 'number' || typeof value === 'string' ? Number(value) : undefined;
}

/** Bytes are base64, or a list of their codes. */
function toText(value: unknown, name: string): string {
  if (Array.isArray(value)) return String.fromCharCode(...value.map(Number));
  try {
    return atob(String(value));
  } catch (error) {
    throw new UnsupportedError(`got ${excerpt(value)} as ${name}, expected a text in base64`, { cause: error });
  }
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** How one operation of TensorFlow is emitted. */
export type GraphRule = OpRule<DefNode>;

/** Rules by the name of the operation. */
export type GraphRules = Readonly<Record<string, GraphRule>>;
