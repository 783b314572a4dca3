import { vjp } from '@ntk/jacobian';
import { matrix, type Matrix } from '@ntk/linop';
import { ProgramBuilder, asDType, interpret, outputCount, rebatch, sizeOf, type Network } from '@ntk/tensor';

/**
 * J by one vector-Jacobian product for each row, on the reference interpreter in float64: independent of factors, batches and operators.
 *
 * @param x - n examples
 * @param wrt - positions of parameters; all unless given
 */
export function jacobianByVjp(
  network: Network,
  x: Float64Array,
  wrt: readonly number[] = network.parameters.map((_, i) => i),
): Matrix {
  const n = x.length / sizeOf(network.program.inputs[0]!.shape.slice(1));
  const c = outputCount(network);
  const program = rebatch(network.program, n);
  const b = new ProgramBuilder('rows');
  const inputs = program.inputs.map(({ name, shape }) => b.input(name, shape));
  const seed = b.input('seed of a row', [n, c]);
  const { pullback } = vjp(
    b,
    program,
    inputs,
    wrt.map((parameter) => parameter + 1),
  );
  const parts = pullback(seed).map((value) => b.reshape(value, [sizeOf(b.shape(value))]));
  b.output('row', b.concat(parts, 0));
  const built = b.build();
  const point = [x, ...network.values.map((data) => asDType(data, 'float64'))];
  const rows = Array.from({ length: n * c }, (_, row) => {
    const unit = new Float64Array(n * c);
    unit[row] = 1;
    return interpret(built, 'float64', [...point, unit])[0]!.data;
  });
  const p = rows[0]!.length;
  const result = matrix(n * c, p);
  rows.forEach((row, i) => result.data.set(row, i * p));
  return result;
}
