import { ProgramBuilder, allocate, sizeOf, type Program, type TypedArray } from '@ntk/tensor';
import type { Derivation } from '../derivation.ts';
import type { Batch, LinearMaps } from '../linear-maps.ts';
import { coefficientInputs, emitCotangents } from '../linear-programs.ts';

/**
 * Rows of the Jacobian of one batch with respect to some of the chosen parameters, one vector-Jacobian product for each row:
 * the fallback for parameters whose use has no factored form.
 *
 * @param positions - positions among the chosen parameters
 * @returns [c, n, 1, q] on the host, q the number of these parameters
 *
 * Cost: n·c backward passes through the batch.
 */
export async function jacobianRows(maps: LinearMaps, batch: Batch, positions: readonly number[]): Promise<TypedArray> {
  const [size, c] = maps.derivation.outputShape as [number, number];
  const program = rowsProgram(maps.derivation, positions, size);
  const q = positions.reduce((sum, position) => sum + sizeOf(maps.derivation.chosenShapes[position]!), 0);
  const rows = allocate(maps.dtype, c * size * q);
  for (let output = 0; output < c; output++) {
    const seeds = allocate(maps.dtype, size * size * c);
    for (let example = 0; example < size; example++) seeds[(example * size + example) * c + output] = 1;
    using upload = maps.backend.upload(seeds, [size, size, c]);
    const [part] = await maps.run(`rows${positions.join()}`, () => program, batch, [upload]);
    using owned = part!;
    rows.set(await maps.backend.read(owned), output * size * q);
  }
  return rows;
}

function rowsProgram(derivation: Derivation, positions: readonly number[], k: number): Program {
  const b = new ProgramBuilder('rows');
  const coefficients = coefficientInputs(b, derivation);
  const cotangents = emitCotangents(b, derivation, coefficients, b.input('seeds', [k, ...derivation.outputShape]));
  const parts = positions.map((position) => {
    const cotangent = cotangents.get(derivation.chosen[position]!)!;
    return b.reshape(cotangent, [k, sizeOf(derivation.chosenShapes[position]!)]);
  });
  b.output('rows', b.concat(parts, 1));
  return b.build();
}
