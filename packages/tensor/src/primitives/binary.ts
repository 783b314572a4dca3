import { broadcastShapes } from '../shape.ts';
import type { BinaryPrimitive } from './attributes.ts';
import { broadcastExampleAxis } from './elementwise.ts';
import type { PrimitiveSpec } from './spec.ts';
import { broadcast, forEachRun, rowMajor } from './strided.ts';

function binary<P extends BinaryPrimitive>(op: P, f: (x: number, y: number) => number): PrimitiveSpec<P> {
  return {
    arity: 2,
    infer: ([a, b]) => broadcastShapes(a!, b!),
    exampleAxis: (axes, shapes) => broadcastExampleAxis(op, axes, shapes),
    evaluate: ([a, b], _attributes, out, outShape) => {
      const x = a!.data;
      const y = b!.data;
      const views = [rowMajor(outShape), broadcast(a!.shape, outShape), broadcast(b!.shape, outShape)];
      forEachRun(outShape, views, (length, offsets, steps) => {
        const [start, p, q] = offsets as [number, number, number];
        const [, dp, dq] = steps as [number, number, number];
        for (let i = 0; i < length; i++) out[start + i] = f(x[p + i * dp]!, y[q + i * dq]!);
      });
    },
  };
}

/** Elementwise primitives of two operands, with NumPy broadcasting. */
export const binaryPrimitives: { readonly [P in BinaryPrimitive]: PrimitiveSpec<P> } = {
  add: binary('add', (x, y) => x + y),
  sub: binary('sub', (x, y) => x - y),
  mul: binary('mul', (x, y) => x * y),
  div: binary('div', (x, y) => x / y),
  maximum: binary('maximum', (x, y) => Math.max(x, y)),
  minimum: binary('minimum', (x, y) => Math.min(x, y)),
  greater: binary('greater', (x, y) => (x > y ? 1 : 0)),
  greaterEqual: binary('greaterEqual', (x, y) => (x >= y ? 1 : 0)),
  equal: binary('equal', (x, y) => (x === y ? 1 : 0)),
};
