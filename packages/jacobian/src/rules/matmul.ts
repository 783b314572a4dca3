import { sizeOf, type ProgramBuilder, type Value } from '@ntk/tensor';
import { addTerms, alignTo, sumTo } from './align.ts';
import type { LinearNode, LinearRule } from './rule.ts';

type Node = LinearNode<'matmul'>;

/** d(A B) = dA B + A dB. Stored are A (where B is active) and B (where A is). */
export const matmulRule: LinearRule<'matmul'> = {
  coefficients: (_b, { operands: [a, b], active }) => [...(active[0] ? [b!] : []), ...(active[1] ? [a!] : [])],
  tangent: (b, node, [ta, tb]) => {
    const rank = node.shape.length;
    return addTerms(b, [
      ta === null ? null : b.matmul(alignTo(b, ta!, rank), storedB(node), node.attributes),
      tb === null ? null : b.matmul(storedA(node), alignTo(b, tb!, rank), node.attributes),
    ]);
  },
  cotangent: (b, node, g) => [
    node.active[0] ? sumTo(b, cotangentOfA(b, node, g), node.operandShapes[0]!) : null,
    node.active[1] ? sumTo(b, cotangentOfB(b, node, g), node.operandShapes[1]!) : null,
  ],
};

function storedB(node: Node): Value {
  return node.coefficients[0]!;
}

function storedA(node: Node): Value {
  return node.coefficients[node.active[0] ? 1 : 0]!;
}

function cotangentOfA(b: ProgramBuilder, node: Node, g: Value): Value {
  const { transposeA, transposeB } = node.attributes;
  return transposeA
    ? b.matmul(storedB(node), g, { transposeA: transposeB, transposeB: true })
    : b.matmul(g, storedB(node), { transposeB: !transposeB });
}

function cotangentOfB(b: ProgramBuilder, node: Node, g: Value): Value {
  const { transposeA, transposeB } = node.attributes;
  const [shapeA, shapeB] = node.operandShapes;
  if (!transposeA && shapeA!.length > 2 && shapeB!.length === 2) {
    // One weight matrix for many positions: the sum over positions is part of a single product over all rows.
    const rows = sizeOf(shapeA!.slice(0, -1));
    const a = b.reshape(storedA(node), [rows, shapeA!.at(-1)!]);
    const rowsOfG = b.reshape(g, [b.shape(g)[0]!, rows, node.shape.at(-1)!]);
    return transposeB ? b.matmul(rowsOfG, a, { transposeA: true }) : b.matmul(a, rowsOfG, { transposeA: true });
  }
  return transposeB
    ? b.matmul(g, storedA(node), { transposeA: true, transposeB: transposeA })
    : b.matmul(storedA(node), g, { transposeA: !transposeA });
}
