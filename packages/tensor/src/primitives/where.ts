import { broadcastShapes } from '../shape.ts';
import { broadcastExampleAxis, forEachBroadcast } from './elementwise.ts';
import type { PrimitiveSpec } from './spec.ts';

export const where: PrimitiveSpec<'where'> = {
  arity: 3,
  infer: ([condition, a, b]) => broadcastShapes(condition!, broadcastShapes(a!, b!)),
  exampleAxis: (axes, shapes) => broadcastExampleAxis('where', axes, shapes),
  evaluate: ([condition, a, b], _attributes, out, outShape) => {
    forEachBroadcast(outShape, [condition!.shape, a!.shape, b!.shape], (i, [c, p, q]) => {
      out[i] = condition!.data[c!] !== 0 ? a!.data[p!]! : b!.data[q!]!;
    });
  },
};
