import { ShapeError, formatShape, sizeOf, type ProgramBuilder, type Shape, type Value } from '@ntk/tensor';
import { reshapeExamples } from '../layers/axes.ts';
import type { ElementKind, View } from './traced.ts';
import { viewOf } from './view.ts';

/** An input of a graph. */
export interface GraphInput {
  readonly name: string;
  readonly element: ElementKind;
  /** Of one example, null where an extent is open. */
  readonly shape: readonly (number | null)[];
}

/** The data input of a Program, declared. */
export interface DeclaredInputs {
  readonly x: Value;
  /** A view of each of the graph's inputs; to be called after the last input of the Program is declared. */
  readonly views: () => View[];
  readonly notes: readonly string[];
}

/**
 * Declares the input 'x' for one example: with the shape of the graph's input, or, if it has several, one flat vector that holds them one after the
 * other.
 *
 * @throws {ShapeError} if an input has open extents beside the number of examples
 */
export function declareGraphInputs(
  builder: ProgramBuilder,
  inputs: readonly GraphInput[],
  label: string,
): DeclaredInputs {
  const shapes = inputs.map((input) => closedShape(input, label));
  if (shapes.length === 1) {
    const x = builder.input('x', [1, ...shapes[0]!], { exampleAxis: 0 });
    return { x, views: () => [viewOf(builder, x, { examples: true, element: inputs[0]!.element })], notes: [] };
  }
  const sizes = shapes.map(sizeOf);
  const x = builder.input('x', [1, sizes.reduce((a, b) => a + b, 0)], { exampleAxis: 0 });
  const listed = inputs.map(({ name }, i) => `${name} ${formatShape(shapes[i]!)}`).join(', ');
  return {
    x,
    views: () => {
      let start = 0;
      return inputs.map(({ element }, i) => {
        const end = start + sizes[i]!;
        const part = builder.slice(x, 1, { start, end });
        start = end;
        return viewOf(builder, reshapeExamples(builder, part, shapes[i]!), { examples: true, element });
      });
    },
    notes: [`an example holds the inputs ${listed}, flat, one after the other`],
  };
}

function closedShape({ name, shape }: GraphInput, label: string): Shape {
  if (shape.includes(null)) {
    const shown = `[n, ${shape.map((extent) => extent ?? '?').join(', ')}]`;
    throw new ShapeError(
      `${label}: got the input '${name}' of ${shown}, expected fixed extents for an example; export the model with them, or name them: inputShapes: { '${name}': [${shape.map((extent) => extent ?? '…').join(', ')}] }`,
    );
  }
  return shape as Shape;
}
