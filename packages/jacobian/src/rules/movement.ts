import { alignTo, stretchTo, sumTo, zeroTangent } from './align.ts';
import type { LinearRule } from './rule.ts';

/** Primitives that only move elements are linear already: nothing is stored. */

export const reshapeRule: LinearRule<'reshape'> = {
  coefficients: () => [],
  tangent: (b, { shape }, [t]) => b.reshape(t!, [b.shape(t!)[0]!, ...shape]),
  cotangent: (b, { operandShapes: [shape] }, g) => [b.reshape(g, [b.shape(g)[0]!, ...shape!])],
};

export const transposeRule: LinearRule<'transpose'> = {
  coefficients: () => [],
  tangent: (b, { attributes }, [t]) => b.transpose(t!, [0, ...attributes.permutation.map((axis) => axis + 1)]),
  cotangent: (b, { attributes: { permutation } }, g) => [
    b.transpose(g, [0, ...permutation.map((_, axis) => permutation.indexOf(axis) + 1)]),
  ],
};

export const broadcastToRule: LinearRule<'broadcastTo'> = {
  coefficients: () => [],
  tangent: (b, { shape }, [t]) => stretchTo(b, alignTo(b, t!, shape.length), shape),
  cotangent: (b, { operandShapes: [shape] }, g) => [sumTo(b, g, shape!)],
};

export const concatRule: LinearRule<'concat'> = {
  coefficients: () => [],
  tangent: (b, { attributes, operandShapes }, tangents) => {
    const k = b.shape(tangents.find((t) => t !== null)!)[0]!;
    return b.concat(
      tangents.map((t, i) => t ?? zeroTangent(b, k, operandShapes[i]!)),
      attributes.axis + 1,
    );
  },
  cotangent: (b, { attributes: { axis }, operandShapes, active }, g) => {
    let start = 0;
    return operandShapes.map((shape, i) => {
      const end = start + shape[axis]!;
      const part = active[i] ? b.slice(g, axis + 1, { start, end }) : null;
      start = end;
      return part;
    });
  },
};

export const sliceRule: LinearRule<'slice'> = {
  coefficients: () => [],
  tangent: (b, { attributes: { axis, start, end, step } }, [t]) =>
    b.slice(t!, axis + 1, { start, ...(end === -1 ? {} : { end }), step }),
  cotangent: (b, { attributes: { axis, start, step }, operandShapes: [from], shape }, g) => {
    if (shape[axis] === 0) return [zeroTangent(b, b.shape(g)[0]!, from!)];
    const reached = start + (shape[axis]! - 1) * step + 1;
    return [b.pad(g, axis + 1, { before: start, after: from![axis]! - reached, step })];
  },
  placement: ({ attributes: { axis, start, step }, shape }) =>
    step === 1 && shape[axis]! > 0 ? { axis, start } : null,
};

export const padRule: LinearRule<'pad'> = {
  coefficients: () => [],
  tangent: (b, { attributes: { axis, ...amount } }, [t]) => b.pad(t!, axis + 1, amount),
  cotangent: (b, { attributes: { axis, before, step }, operandShapes: [from] }, g) => {
    const extent = from![axis]!;
    return [
      b.slice(g, axis + 1, { start: before, end: extent === 0 ? before : before + (extent - 1) * step + 1, step }),
    ];
  },
};
