import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { sizeOf, type Rng } from '@ntk/tensor';

/** The path of a file that a public exporter wrote; tooling/peers/onnx_fixtures.py makes them. */
export function onnxFixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/onnx/${name}`, import.meta.url));
}

/** An input of a model: its shape for one example, and how many words there are if it takes words. */
export interface OnnxInput {
  readonly shape: readonly number[];
  readonly words?: number;
}

/** Random examples for several inputs, each example's inputs one after the other. */
export function drawExamples(rng: Rng, inputs: readonly OnnxInput[], count: number): Float32Array {
  const size = inputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const x = new Float32Array(count * size);
  let at = 0;
  for (let example = 0; example < count; example++) {
    for (const { shape, words } of inputs) {
      for (let i = 0; i < sizeOf(shape); i++) x[at++] = words === undefined ? 1.2 * rng.normal() : rng.integer(words);
    }
  }
  return x;
}

/**
 * What ONNX Runtime makes of a model: its outputs of real numbers, joined for each example.
 *
 * @param perRun - how many examples the file takes at a time
 */
export async function runOnnx(
  model: string | Uint8Array,
  x: Float32Array,
  inputs: readonly OnnxInput[],
  perRun: number,
): Promise<Float32Array> {
  const session = await (typeof model === 'string'
    ? InferenceSession.create(model, quiet)
    : InferenceSession.create(model, quiet));
  const size = inputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const rows: number[][] = [];
  for (let first = 0; first < x.length / size; first += perRun) {
    const feeds: Record<string, Tensor> = {};
    let start = 0;
    inputs.forEach((input, i) => {
      const own = sizeOf(input.shape);
      const data = Array.from({ length: perRun }, (_, e) => [
        ...x.subarray((first + e) * size + start, (first + e) * size + start + own),
      ]).flat();
      start += own;
      feeds[session.inputNames[i]!] = feed(data, [perRun, ...input.shape], input.words !== undefined);
    });
    const outputs = Object.values(await session.run(feeds)).filter(({ type }) => type === 'float32');
    for (let e = 0; e < perRun; e++) {
      rows.push(
        outputs.flatMap(({ data }) => {
          const values = data as Float32Array;
          const width = values.length / perRun;
          return [...values.subarray(e * width, (e + 1) * width)];
        }),
      );
    }
  }
  await session.release();
  return Float32Array.from(rows.flat());
}

// Unoptimised: the optimiser would replace products of quantised weights by less accurate ones.
const quiet: InferenceSession.SessionOptions = {
  logSeverityLevel: 3,
  intraOpNumThreads: 1,
  graphOptimizationLevel: 'disabled',
};

function feed(data: readonly number[], dims: readonly number[], isInteger: boolean): Tensor {
  return isInteger
    ? new Tensor('int64', BigInt64Array.from(data, BigInt), dims)
    : new Tensor('float32', Float32Array.from(data), dims);
}
