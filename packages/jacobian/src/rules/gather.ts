import type { LinearRule } from './rule.ts';

/** Linear in what is picked from; an index is constant almost everywhere. Stored are the indices. */
export const gatherRule: LinearRule<'gather'> = {
  constantIn: [1],
  coefficients: (_b, { operands }) => [operands[1]!],
  tangent: (b, { attributes: { axis }, coefficients: [indices] }, [t]) => b.gather(t!, indices!, axis + 1),
  cotangent: (b, { attributes: { axis }, operandShapes: [from], coefficients: [indices] }, g) => [
    b.scatterAdd(g, indices!, { axis: axis + 1, extent: from![axis]! }),
    null,
  ],
};

/** Linear in what is added up; its transpose picks. */
export const scatterAddRule: LinearRule<'scatterAdd'> = {
  constantIn: [1],
  coefficients: (_b, { operands }) => [operands[1]!],
  tangent: (b, { attributes: { axis, extent }, coefficients: [indices] }, [t]) =>
    b.scatterAdd(t!, indices!, { axis: axis + 1, extent }),
  cotangent: (b, { attributes: { axis }, coefficients: [indices] }, g) => [b.gather(g, indices!, axis + 1), null],
};
