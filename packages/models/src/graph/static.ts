import {
  ProgramBuilder,
  broadcastShapes,
  interpret,
  sizeOf,
  type Shape,
  type TypedArray,
  type Value,
} from '@ntk/tensor';
import type { Extent } from './extent.ts';
import type { ElementKind, StaticTensor, Traced, View, WeightReader, WeightSource } from './traced.ts';
import type { Tracer } from './tracer.ts';
import { materialize, viewOf } from './view.ts';

/** A static tensor with given entries. */
export function staticTensor(
  element: ElementKind,
  shape: Shape,
  values: readonly Extent[] | TypedArray,
  name = 'constant',
): StaticTensor {
  return { kind: 'static', element, shape, values: () => values, name };
}

/** A float tensor of a file: what may become a parameter. */
export function weightTensor(name: string, shape: Shape, values: () => TypedArray): StaticTensor {
  const view = (reader: WeightReader): View => {
    const value = reader.parameter({ name, shape, values, trainable: true });
    return viewOf(reader.builder, value, { examples: false });
  };
  return { kind: 'static', element: 'float', shape, values, name, weight: { name, whole: true, view } };
}

/** The tensor as numbers alone, which are no weight of the file. */
export function asNumbers({ kind, element, shape, values, name }: StaticTensor): StaticTensor {
  return { kind, element, shape, values, name };
}

/** Takes elements from operands to new places, computing nothing. */
export type Movement = (b: ProgramBuilder, views: readonly View[]) => View;

/**
 * Moves elements of traced tensors: in the Program if one of them is in it, else here, where whole numbers and shapes stay known.
 *
 * What is moved of a file's weights can still be read as a parameter: then the Program moves it.
 */
export function move(tracer: Tracer, operands: readonly Traced[], movement: Movement): Traced {
  if (operands.some(({ kind }) => kind === 'view'))
    return movement(
      tracer.builder,
      operands.map((operand) => tracer.view(operand)),
    );
  return moveStatic(operands as readonly StaticTensor[], movement);
}

/** The same for static tensors alone. */
export function moveStatic(operands: readonly StaticTensor[], movement: Movement): StaticTensor {
  const b = new ProgramBuilder('movement');
  const inputs = operands.map(({ shape }, i) => b.input(`x${i}`, shape));
  const views = inputs.map((value) => viewOf(b, value, { examples: false }));
  const moved = materialize(b, movement(b, views));
  const shape = b.shape(moved);
  b.output('y', moved);
  const { element, name } = operands[0]!;
  return {
    kind: 'static',
    element,
    shape,
    name: `${name}/moved`,
    values: memoized(() => pick(b, operands)),
    ...weightOf(operands, movement),
  };
}

/** Runs a movement on the positions of elements, then takes the elements from there. */
function pick(b: ProgramBuilder, operands: readonly StaticTensor[]): Extent[] | TypedArray {
  let start = 0;
  const positions = operands.map(({ shape }) => {
    const own = Float64Array.from({ length: sizeOf(shape) }, (_, i) => start + i);
    start += own.length;
    return own;
  });
  const places = interpret(b.build(), 'float64', positions)[0]!.data;
  const all = operands.map((operand) => operand.values());
  const [first] = all;
  if (all.length === 1 && first instanceof Float32Array) return Float32Array.from(places, (i) => first[i]!);
  const joined = all.flatMap((values) => Array.from<Extent>(values));
  return Array.from(places, (i) => joined[i]!);
}

function weightOf(operands: readonly StaticTensor[], movement: Movement): { weight?: WeightSource } {
  const source = operands.find(({ weight }) => weight)?.weight;
  if (source === undefined) return {};
  const view = (reader: WeightReader): View =>
    movement(
      reader.builder,
      operands.map((operand) => reader.weight(operand)),
    );
  return { weight: { name: source.name, whole: false, view } };
}

/** Computes with static tensors as the Program would, in double precision. */
export function fold(
  operands: readonly StaticTensor[],
  formula: (b: ProgramBuilder, values: readonly Value[]) => Value,
  element: ElementKind,
): StaticTensor {
  const b = new ProgramBuilder('fold');
  const inputs = operands.map(({ shape }, i) => b.input(`x${i}`, shape));
  const result = formula(b, inputs);
  b.output('y', result);
  const values = memoized(() => {
    const data = operands.map((operand) => Float64Array.from(operand.values() as ArrayLike<number>));
    return interpret(b.build(), 'float64', data)[0]!.data;
  });
  return { kind: 'static', element, shape: b.shape(result), name: `${operands[0]!.name}/folded`, values };
}

/** Computes with whole numbers, entry by entry with broadcasting; they may be multiples of the number of examples. */
export function foldExtents(
  operands: readonly StaticTensor[],
  f: (...extents: Extent[]) => Extent,
  element: ElementKind,
): StaticTensor {
  const shape = operands.map((operand) => operand.shape).reduce(broadcastShapes);
  const values = memoized(() => {
    const stretched = operands.map((operand) => stretch(operand, shape).values());
    return Array.from({ length: sizeOf(shape) }, (_, i) => f(...stretched.map((all) => all[i]!)));
  });
  return { kind: 'static', element, shape, name: `${operands[0]!.name}/folded`, values };
}

function stretch(operand: StaticTensor, shape: Shape): StaticTensor {
  if (sizeOf(shape) === sizeOf(operand.shape)) return operand;
  return moveStatic([operand], (b, [view]) =>
    viewOf(b, b.broadcastTo(materialize(b, view!), shape), { examples: false }),
  );
}

function memoized<T>(compute: () => T): () => T {
  let known: { readonly value: T } | undefined;
  return () => (known ??= { value: compute() }).value;
}
