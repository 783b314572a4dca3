import { FormatError, ShapeError, formatShape, sizeOf, type ProgramBuilder, type Shape, type Value } from '@ntk/tensor';
import { excerpt } from '../json.ts';
import { reshapeExamples } from '../layers/axes.ts';
import { inputShapes, type ModelTopology } from './topology.ts';

/** The data input of a Program, declared, and what to know about it. */
export interface ModelInputs {
  /** The value of each of the model's inputs; to be called after the last input of the Program is declared. */
  readonly slices: () => Value[];
  readonly notes: readonly string[];
}

/**
 * Declares the input 'x' for one example: with the shape of the model's input, or, if it has several, one flat vector that holds
 * them one after the other in the model's order.
 *
 * @throws {FormatError | ShapeError} if an input's shape is not declared or has open extents
 */
export function declareInputs(builder: ProgramBuilder, topology: ModelTopology, label: string): ModelInputs {
  const inputs = inputShapes(topology).map(({ name, shape }) => ({ name, shape: exampleShape(name, shape, label) }));
  if (inputs.length === 1) {
    const x = builder.input('x', [1, ...inputs[0]!.shape], { exampleAxis: 0 });
    return { slices: () => [x], notes: [] };
  }
  const sizes = inputs.map(({ shape }) => sizeOf(shape));
  const x = builder.input('x', [1, sizes.reduce((a, b) => a + b, 0)], { exampleAxis: 0 });
  const listed = inputs.map(({ name, shape }) => `${name} ${formatShape(shape)}`).join(', ');
  return {
    slices: () => {
      let start = 0;
      return inputs.map(({ shape }, i) => {
        const end = start + sizes[i]!;
        const slice = builder.slice(x, 1, { start, end });
        start = end;
        return reshapeExamples(builder, slice, shape);
      });
    },
    notes: [`an example holds the inputs ${listed}, flat, one after the other`],
  };
}

function exampleShape(name: string, declared: unknown, label: string): Shape {
  if (!Array.isArray(declared) || declared.length === 0) {
    throw new FormatError(
      `${label}: got ${excerpt(declared)} as the shape of the input '${name}', expected [null, extents of an example]; build the model with an input shape and export it again`,
    );
  }
  const extents: unknown[] = declared.slice(1);
  if (!extents.every((extent): extent is number => Number.isInteger(extent) && (extent as number) > 0)) {
    throw new ShapeError(
      `${label}: got ${JSON.stringify(declared)} as the shape of the input '${name}', expected fixed extents for an example; build the model with them and export it again`,
    );
  }
  return extents;
}
