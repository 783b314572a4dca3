import { ProgramBuilder, allocate, sizeOf, type Program, type Tensor } from '@ntk/tensor';
import type { Derivation } from '../derivation.ts';
import type { LinearMaps, Point } from '../linear-maps.ts';
import { coefficientInputs, emitCotangents, scaled } from '../linear-programs.ts';

/**
 * Rows of the Jacobian at one point with respect to some of the chosen parameters, one vector-Jacobian product for each row:
 * the fallback for parameters whose use has no factored form.
 *
 * @param positions - positions among the chosen parameters
 * @returns [n, c, 1, q], q the number of these parameters; the caller disposes it
 *
 * Cost: n·c backward passes through the batch.
 */
export async function jacobianRows(maps: LinearMaps, point: Point, positions: readonly number[]): Promise<Tensor> {
  const [n, c] = maps.derivation.outputShape as [number, number];
  const q = positions.reduce((sum, position) => sum + sizeOf(maps.derivation.chosenShapes[position]!), 0);
  const rows = allocate(maps.dtype, n * c * q);
  for (let output = 0; output < c; output++) {
    const seeds = allocate(maps.dtype, n * n * c);
    for (let example = 0; example < n; example++) seeds[(example * n + example) * c + output] = 1;
    using upload = maps.backend.upload(seeds, [n, n, c]);
    const [part] = await maps.run('rows', () => rowsProgram(maps.derivation, positions), point, [upload]);
    using owned = part!;
    const data = await maps.backend.read(owned); // [n, q]
    for (let example = 0; example < n; example++) {
      rows.set(data.subarray(example * q, (example + 1) * q), (example * c + output) * q);
    }
  }
  return maps.backend.upload(rows, [n, c, 1, q]);
}

function rowsProgram(derivation: Derivation, positions: readonly number[]): Program {
  const [n] = derivation.outputShape as [number, number];
  const b = new ProgramBuilder('rows');
  const coefficients = coefficientInputs(b, derivation);
  const cotangents = emitCotangents(b, derivation, coefficients, b.input('seeds', [n, ...derivation.outputShape]));
  const parts = positions.map((position) => {
    const cotangent = cotangents.get(derivation.chosen[position]!)!;
    const rows = b.reshape(cotangent, [n, sizeOf(derivation.chosenShapes[position]!)]);
    return scaled(b, rows, derivation.scales[position]!);
  });
  b.output('rows', b.concat(parts, 1));
  return b.build();
}
