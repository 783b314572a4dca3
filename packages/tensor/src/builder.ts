import { ProgramError } from './errors.ts';
import type { Attributes, BinaryPrimitive, Primitive, UnaryPrimitive } from './primitives/attributes.ts';
import { checkAxis } from './primitives/elementwise.ts';
import { primitives } from './primitives/table.ts';
import type { Sliding, Window } from './primitives/window.ts';
import {
  PROGRAM_VERSION,
  type Program,
  type ProgramInput,
  type ProgramNode,
  type ProgramOutput,
  type Value,
} from './program.ts';
import { prune } from './prune.ts';
import { checkShape, type Shape } from './shape.ts';

/**
 * Builds a Program node by node, inferring every shape.
 *
 * Equal nodes are emitted once (common subexpressions), and nodes that no output needs are left out of the result.
 * All inputs come before the first node.
 */
export class ProgramBuilder {
  readonly name: string;
  readonly #inputs: ProgramInput[] = [];
  readonly #nodes: ProgramNode[] = [];
  readonly #outputs: ProgramOutput[] = [];
  readonly #emitted = new Map<string, Value>();

  constructor(name: string) {
    this.name = name;
  }

  /** Declares an input. `exampleAxis` is null for what all examples share. */
  input(name: string, shape: Shape, options: { readonly exampleAxis?: number | null } = {}): Value {
    if (this.#nodes.length > 0)
      throw new ProgramError(`${this.name}: input '${name}' comes after the first node, expected all inputs first`);
    if (this.#inputs.some((input) => input.name === name))
      throw new ProgramError(`${this.name}: got two inputs named '${name}'`);
    checkShape(shape, `input '${name}'`);
    const exampleAxis = options.exampleAxis ?? null;
    if (exampleAxis !== null) checkAxis(`${this.name}: exampleAxis of input '${name}'`, exampleAxis, shape);
    this.#inputs.push({ name, shape: [...shape], exampleAxis });
    return this.#inputs.length - 1;
  }

  /** Names a value as a result of the Program. */
  output(name: string, value: Value): void {
    this.shape(value);
    if (this.#outputs.some((output) => output.name === name))
      throw new ProgramError(`${this.name}: got two outputs named '${name}'`);
    this.#outputs.push({ name, value });
  }

  /** The shape of a value made so far. */
  shape(value: Value): Shape {
    const shape =
      value < this.#inputs.length ? this.#inputs[value]?.shape : this.#nodes[value - this.#inputs.length]?.shape;
    if (shape === undefined) throw new ProgramError(`${this.name}: there is no value ${value}`);
    return shape;
  }

  /** The literal that a value is, or undefined for anything computed or given. */
  literal(value: Value): Attributes['constant'] | undefined {
    const node = this.#nodes[value - this.#inputs.length];
    return node?.op === 'constant' ? node.attributes : undefined;
  }

  /** Adds a node of any primitive; the typed methods below are the comfortable way. */
  emit<P extends Primitive>(op: P, inputs: readonly Value[], attributes: Attributes[P]): Value {
    const { arity, infer } = primitives[op];
    if (arity === null ? inputs.length === 0 : inputs.length !== arity) {
      throw new ProgramError(`${op}: got ${inputs.length} operands, expected ${arity ?? 'at least one'}`);
    }
    const shapes = inputs.map((value) => this.shape(value));
    const key = JSON.stringify([op, inputs, attributes]);
    const known = this.#emitted.get(key);
    if (known !== undefined) return known;
    this.#nodes.push({
      op,
      inputs: [...inputs],
      attributes,
      shape: infer(shapes, attributes),
    } as unknown as ProgramNode);
    const value = this.#inputs.length + this.#nodes.length - 1;
    this.#emitted.set(key, value);
    return value;
  }

  /** The finished Program. The builder may go on and build a larger one. */
  build(): Program {
    return prune({
      version: PROGRAM_VERSION,
      name: this.name,
      inputs: [...this.#inputs],
      nodes: [...this.#nodes],
      outputs: [...this.#outputs],
    });
  }

  constant(values: readonly number[], shape: Shape): Value {
    // JSON knows no -0: adding 0 makes it 0 here, not only after the Program was stored.
    return this.emit('constant', [], { shape: [...shape], values: values.map((value) => value + 0) });
  }

  /** A constant of shape []. */
  scalar(value: number): Value {
    return this.constant([value], []);
  }

  unary(op: UnaryPrimitive, x: Value): Value {
    return this.emit(op, [x], {});
  }

  /** An elementwise function of two operands; one that was stretched to a shape that the other gives anyway is read as it was. */
  binary(op: BinaryPrimitive, a: Value, b: Value): Value {
    const first = this.#unstretched(a, b);
    return this.emit(op, [first, this.#unstretched(b, first)], {});
  }

  neg(x: Value): Value {
    return this.unary('neg', x);
  }

  add(a: Value, b: Value): Value {
    return this.binary('add', a, b);
  }

  sub(a: Value, b: Value): Value {
    return this.binary('sub', a, b);
  }

  mul(a: Value, b: Value): Value {
    return this.binary('mul', a, b);
  }

  div(a: Value, b: Value): Value {
    return this.binary('div', a, b);
  }

  where(condition: Value, a: Value, b: Value): Value {
    return this.emit('where', [condition, a, b], {});
  }

  matmul(a: Value, b: Value, options: { readonly transposeA?: boolean; readonly transposeB?: boolean } = {}): Value {
    return this.emit('matmul', [a, b], {
      transposeA: options.transposeA ?? false,
      transposeB: options.transposeB ?? false,
    });
  }

  /** The sum over `axes`, which disappear; over no axes, the operand itself. */
  sum(x: Value, axes: readonly number[]): Value {
    return axes.length === 0 ? x : this.emit('sum', [x], { axes: [...axes] });
  }

  max(x: Value, axes: readonly number[]): Value {
    return axes.length === 0 ? x : this.emit('max', [x], { axes: [...axes] });
  }

  /** The same elements in another shape; the operand itself where the shape is the same. */
  reshape(x: Value, shape: Shape): Value {
    const from = this.shape(x);
    if (from.length === shape.length && from.every((extent, axis) => extent === shape[axis])) return x;
    return this.emit('reshape', [x], { shape: [...shape] });
  }

  transpose(x: Value, permutation: readonly number[]): Value {
    const same = permutation.length === this.shape(x).length && permutation.every((axis, i) => axis === i);
    return same ? x : this.emit('transpose', [x], { permutation: [...permutation] });
  }

  broadcastTo(x: Value, shape: Shape): Value {
    return this.emit('broadcastTo', [x], { shape: [...shape] });
  }

  concat(values: readonly Value[], axis: number): Value {
    return values.length === 1 ? values[0]! : this.emit('concat', values, { axis });
  }

  /** Elements start ≤ i < end along one axis. An `end` left out is the axis' own end, for any number of examples. */
  slice(
    x: Value,
    axis: number,
    range: { readonly start?: number; readonly end?: number; readonly step?: number },
  ): Value {
    return this.emit('slice', [x], { axis, start: range.start ?? 0, end: range.end ?? -1, step: range.step ?? 1 });
  }

  /** Entries of x along one axis, which the axes of `indices` (whole numbers from 0) take the place of. */
  gather(x: Value, indices: Value, axis: number): Value {
    return this.emit('gather', [x, indices], { axis });
  }

  /** The adjoint of `gather` into an axis of `extent` entries. */
  scatterAdd(x: Value, indices: Value, options: { readonly axis: number; readonly extent: number }): Value {
    return this.emit('scatterAdd', [x, indices], { axis: options.axis, extent: options.extent });
  }

  pad(
    x: Value,
    axis: number,
    amount: { readonly before?: number; readonly after?: number; readonly step?: number },
  ): Value {
    return this.emit('pad', [x], {
      axis,
      before: amount.before ?? 0,
      after: amount.after ?? 0,
      step: amount.step ?? 1,
    });
  }

  /** What `value` was stretched from, where broadcasting beside `other` stretches it as far. */
  #unstretched(value: Value, other: Value): Value {
    const node = this.#nodes[value - this.#inputs.length];
    if (node?.op !== 'broadcastTo') return value;
    const [shape, others] = [this.shape(node.inputs[0]!), this.shape(other)];
    const stretched = node.shape.every((extent, axis) => {
      const back = axis - node.shape.length;
      return (shape.at(back) ?? 1) === extent || others.at(back) === extent;
    });
    return stretched ? node.inputs[0]! : value;
  }

  /** Images [n, h, w, ci] correlated with a filter [kernel rows, kernel columns, ci/groups, co]. */
  conv2d(images: Value, filter: Value, options: Partial<Sliding> & { readonly groups?: number } = {}): Value {
    return this.emit('conv2d', [images, filter], { ...sliding(options), groups: options.groups ?? 1 });
  }

  /** The adjoint of `conv2d` in its images, which are of `size` [rows, columns]. */
  conv2dTranspose(
    responses: Value,
    filter: Value,
    options: Partial<Sliding> & { readonly groups?: number; readonly size: readonly number[] },
  ): Value {
    const { groups = 1, size } = options;
    return this.emit('conv2dTranspose', [responses, filter], { ...sliding(options), groups, size: [...size] });
  }

  /** The windows of images [n, h, w, c] laid out one by one, [n, rows, columns, kernel rows · kernel columns · c]. */
  patches(images: Value, options: Partial<Window> & Pick<Window, 'kernel'>): Value {
    return this.emit('patches', [images], { ...sliding(options), kernel: [...options.kernel] });
  }

  /** The adjoint of `patches` into images of `size` [rows, columns]. */
  fold(
    windows: Value,
    options: Partial<Window> & Pick<Window, 'kernel'> & { readonly size: readonly number[] },
  ): Value {
    const { kernel, size } = options;
    return this.emit('fold', [windows], { ...sliding(options), kernel: [...kernel], size: [...size] });
  }
}

/** How a window moves, with one step and no padding where nothing is said; always in one order, so that equal nodes are seen to be equal. */
function sliding({ strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1] }: Partial<Sliding>): Sliding {
  return { strides: [...strides], pads: [...pads], dilations: [...dilations] };
}
