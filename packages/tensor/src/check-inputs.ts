import type { Executable, Tensor } from './backend.ts';
import { DTypeError, OwnershipError, ShapeError } from './errors.ts';
import { formatShape, sameShape } from './shape.ts';

/**
 * What every backend checks before it runs an executable.
 *
 * @throws {OwnershipError | ShapeError | DTypeError} naming the first input that does not fit
 */
export function checkInputs(executable: Executable, inputs: readonly Tensor[]): void {
  const { program, dtype, backend } = executable;
  if (inputs.length !== program.inputs.length) {
    throw new ShapeError(
      `${program.name}: got ${inputs.length} inputs, expected ${program.inputs.length}: ${program.inputs.map((input) => input.name).join(', ')}`,
    );
  }
  program.inputs.forEach(({ name, shape }, i) => {
    const tensor = inputs[i]!;
    if (tensor.backend !== backend) {
      throw new OwnershipError(
        `${program.name}: input '${name}' belongs to ${tensor.backend.name}, expected ${backend.name}; use transfer()`,
      );
    }
    if (!sameShape(tensor.shape, shape)) {
      throw new ShapeError(
        `${program.name}: input '${name}' has the shape ${formatShape(tensor.shape)}, expected ${formatShape(shape)}`,
      );
    }
    if (tensor.dtype !== dtype)
      throw new DTypeError(`${program.name}: input '${name}' is ${tensor.dtype}, expected ${dtype}`);
  });
}
