import type { Linearization } from '@ntk/jacobian';
import type { LinearOperator } from '@ntk/linop';
import { Rng, asDType, unitRoundoff } from '@ntk/tensor';
import { expect } from 'vitest';
import { dot, norm } from './linear-algebra.ts';

/** The product of an operator with host vectors [k, columns]. */
export async function applyTo(operator: LinearOperator, data: Float64Array): Promise<Float64Array> {
  const { backend, dtype, shape } = operator;
  using block = backend.upload(asDType(data, dtype), [data.length / shape[1], shape[1]]);
  using product = await operator.matmul(block);
  return Float64Array.from(await backend.read(product));
}

/** Checks ⟨u, J v⟩ = ⟨Jᵀu, v⟩ for three of each at once, to the rounding of sums of that many terms. */
export async function checkAdjoint({ jacobian, dtype }: Linearization): Promise<void> {
  const rng = new Rng('adjoint');
  const [rows, p] = jacobian.shape;
  const draw = (length: number): Float64Array => Float64Array.from(rng.normals(length), Math.fround);
  const [u, v] = [draw(3 * rows), draw(3 * p)];
  const jv = await applyTo(jacobian, v);
  const jtu = await applyTo(jacobian.transpose(), u);
  const scale = norm(u) * norm(jv) + norm(jtu) * norm(v);
  const roundings = 4 * (8 + Math.sqrt(3 * (rows + p)));
  expect(Math.abs(dot(u, jv) - dot(jtu, v)), '⟨u, J v⟩').toBeLessThan(roundings * unitRoundoff(dtype) * scale);
}
