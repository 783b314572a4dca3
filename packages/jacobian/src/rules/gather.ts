import { zeroTangent } from './align.ts';
import type { LinearRule } from './rule.ts';

/** Linear in what is picked from; an index is constant almost everywhere. Stored are the indices. */
export const gatherRule: LinearRule<'gather'> = {
  coefficients: (_b, { operands }) => [operands[1]!],
  tangent: (b, { attributes: { axis }, shape, coefficients: [indices] }, [t, u]) =>
    t === null ? zeroTangent(b, b.shape(u!)[0]!, shape) : b.gather(t!, indices!, axis + 1),
  cotangent: (b, { attributes: { axis }, operandShapes: [from], coefficients: [indices], active }, g) => [
    active[0] ? b.scatterAdd(g, indices!, { axis: axis + 1, extent: from![axis]! }) : null,
    active[1] ? zeroTangent(b, b.shape(g)[0]!, b.shape(indices!)) : null,
  ],
};

/** Linear in what is added up; its transpose picks. */
export const scatterAddRule: LinearRule<'scatterAdd'> = {
  coefficients: (_b, { operands }) => [operands[1]!],
  tangent: (b, { attributes: { axis, extent }, shape, coefficients: [indices] }, [t, u]) =>
    t === null ? zeroTangent(b, b.shape(u!)[0]!, shape) : b.scatterAdd(t!, indices!, { axis: axis + 1, extent }),
  cotangent: (b, { attributes: { axis }, coefficients: [indices], active }, g) => [
    active[0] ? b.gather(g, indices!, axis + 1) : null,
    active[1] ? zeroTangent(b, b.shape(g)[0]!, b.shape(indices!)) : null,
  ],
};
