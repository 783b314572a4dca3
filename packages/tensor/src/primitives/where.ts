import { broadcastShapes } from '../shape.ts';
import { broadcastExampleAxis } from './elementwise.ts';
import type { PrimitiveSpec } from './spec.ts';
import { broadcast, forEachRun, rowMajor } from './strided.ts';

export const where: PrimitiveSpec<'where'> = {
  arity: 3,
  infer: ([condition, a, b]) => broadcastShapes(condition!, broadcastShapes(a!, b!)),
  exampleAxis: (axes, shapes) => broadcastExampleAxis('where', axes, shapes),
  evaluate: ([condition, a, b], _attributes, out, outShape) => {
    const mask = condition!.data;
    const x = a!.data;
    const y = b!.data;
    const operands = [condition!, a!, b!].map(({ shape }) => broadcast(shape, outShape));
    forEachRun(outShape, [rowMajor(outShape), ...operands], (length, offsets, steps) => {
      const [start, c, p, q] = offsets as [number, number, number, number];
      const [, dc, dp, dq] = steps as [number, number, number, number];
      for (let i = 0; i < length; i++) out[start + i] = mask[c + i * dc] !== 0 ? x[p + i * dp]! : y[q + i * dq]!;
    });
  },
};
