import { parseGraphModel, type GraphModelOptions } from '@ntk/models';
import { Rng, sizeOf, type Network } from '@ntk/tensor';
import {
  attr,
  graphFiles,
  loadGraph,
  runGraph,
  type Attribute,
  type GraphFiles,
  type HandConstant,
  type HandGraph,
} from './graph-files.ts';
import { outputsOf, randomInputs, worst } from './tfjs.ts';

/** Constants of random numbers, by their shape. */
export function constantsFrom(rng: Rng): (...shape: number[]) => HandConstant {
  return (...shape) => ({
    shape,
    values: Float32Array.from({ length: sizeOf(shape) }, () => 0.7 * rng.normal()),
  });
}

export function ones(...shape: number[]): HandConstant {
  return { shape, values: new Array<number>(sizeOf(shape)).fill(1) };
}

export function float(value: number): HandConstant {
  return { shape: [], values: [value] };
}

export function ints(...values: number[]): HandConstant {
  return { shape: [values.length], values, dtype: 'int32' };
}

/** The attributes of a convolution without strides. */
export function convolution(padding: string): Record<string, Attribute> {
  return {
    strides: attr.ints(1, 1, 1, 1),
    dilations: attr.ints(1, 1, 1, 1),
    padding: attr.text(padding),
    data_format: attr.text('NHWC'),
  };
}

export function read({ modelJson, weights }: GraphFiles, options: GraphModelOptions = {}): Network {
  return parseGraphModel(modelJson, weights, options);
}

/** How a network read from a graph differs from what TensorFlow.js makes of it. */
export async function disagreement(graph: HandGraph): Promise<number> {
  const files = graphFiles(graph);
  const shape = [4, ...Object.values(graph.inputs)[0]!];
  const x = randomInputs(new Rng('x'), sizeOf(shape));
  const want = runGraph(await loadGraph(files), x, { shape });
  return worst(await outputsOf(read(files, { outputActivation: 'keep' }), Float64Array.from(x)), want);
}
