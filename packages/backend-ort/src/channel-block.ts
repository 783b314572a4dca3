import { encodeModel } from './onnx/encode.ts';
import { BLOCKED, ELEMENT } from './onnx/model.ts';
import type { OrtModule } from './ort-module.ts';

/** Fewer than any block has: the rest is filled with zeros. */
const CHANNELS = 4;

/**
 * How many channels ONNX Runtime's convolutions take together in float32: 16 with AVX-512, 8 with AVX2, 0 where it has none that work on blocks (as in
 * browsers). It tells nobody, but images of ones that are put in blocks show it by their mean.
 */
export async function channelBlock(ort: OrtModule): Promise<number> {
  const shape = [1, CHANNELS, 1, 1];
  const model = encodeModel({
    name: 'channel-block',
    inputs: [{ name: 'x', element: ELEMENT.float32, dims: shape }],
    outputs: [{ name: 'mean', element: ELEMENT.float32, dims: [] }],
    literals: [],
    nodes: [
      { type: 'ReorderInput', domain: BLOCKED, inputs: ['x'], output: 'blocks', attributes: {} },
      { type: 'ReduceMean', inputs: ['blocks'], output: 'mean', attributes: { keepdims: 0 } },
    ],
  });
  try {
    const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 4 });
    try {
      const ones = new ort.Tensor('float32', new Float32Array(CHANNELS).fill(1), shape);
      const { mean } = await session.run({ x: ones });
      return Math.round(CHANNELS / (mean!.data as Float32Array)[0]!);
    } finally {
      await session.release();
    }
  } catch {
    return 0;
  }
}
