import { ProgramBuilder, sizeOf, type Program, type Value } from '@ntk/tensor';

/** Sizes of the measured network: examples n, inputs, hidden units, outputs. */
export interface MlpSizes {
  readonly n: number;
  readonly inputs: number;
  readonly hidden: number;
  readonly outputs: number;
}

interface Residuals {
  readonly x: Value;
  readonly a1: Value;
  readonly a2: Value;
  readonly d1: Value;
  readonly d2: Value;
  readonly w2: Value;
  readonly w3: Value;
}

/** Activations a and derivatives d of two hidden layers, and the weights that the products read. */
function residuals(b: ProgramBuilder, { n, inputs, hidden, outputs }: MlpSizes): Residuals {
  return {
    x: b.input('x', [n, inputs]),
    a1: b.input('a1', [n, hidden]),
    a2: b.input('a2', [n, hidden]),
    d1: b.input('d1', [n, hidden]),
    d2: b.input('d2', [n, hidden]),
    w2: b.input('w2', [hidden, hidden]),
    w3: b.input('w3', [hidden, outputs]),
  };
}

/** Shapes of weights and biases, first layer first. */
function parameterShapes({ inputs, hidden, outputs }: MlpSizes): number[][] {
  return [[inputs, hidden], [hidden], [hidden, hidden], [hidden], [hidden, outputs], [outputs]];
}

/** u [k, n, c] → Jᵀ u [k, p] of a network with two hidden layers, from its residuals. */
export function cotangent(sizes: MlpSizes, k: number): Program {
  const b = new ProgramBuilder('cotangent');
  const r = residuals(b, sizes);
  const u = b.input('u', [k, sizes.n, sizes.outputs]);
  const z2 = b.mul(b.matmul(u, r.w3, { transposeB: true }), r.d2);
  const z1 = b.mul(b.matmul(z2, r.w2, { transposeB: true }), r.d1);
  const gradients = [
    [r.x, z1],
    [r.a1, z2],
    [r.a2, u],
  ].flatMap(([a, z]) => [b.matmul(a!, z!, { transposeA: true }), b.sum(z!, [1])]);
  b.output(
    'gradient',
    b.concat(
      gradients.map((g) => b.reshape(g, [k, -1])),
      1,
    ),
  );
  return b.build();
}

/** v [k, p] → J v [k, n, c] of the same network. */
export function tangent(sizes: MlpSizes, k: number): Program {
  const b = new ProgramBuilder('tangent');
  const r = residuals(b, sizes);
  const shapes = parameterShapes(sizes);
  const v = b.input('v', [k, shapes.reduce((sum, shape) => sum + sizeOf(shape), 0)]);
  let start = 0;
  const [v1, c1, v2, c2, v3, c3] = shapes.map((shape) => {
    const part = b.slice(v, 1, { start, end: start + sizeOf(shape) });
    start += sizeOf(shape);
    return b.reshape(part, shape.length === 1 ? [k, 1, ...shape] : [k, ...shape]);
  });
  const t1 = b.mul(b.add(b.matmul(r.x, v1!), c1!), r.d1);
  const t2 = b.mul(b.add(b.add(b.matmul(t1, r.w2), b.matmul(r.a1, v2!)), c2!), r.d2);
  b.output('f', b.add(b.add(b.matmul(t2, r.w3), b.matmul(r.a2, v3!)), c3!));
  return b.build();
}
