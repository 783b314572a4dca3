import { ProgramBuilder, type DType, type Executable, type Program, type Tensor, type Value } from '@ntk/tensor';
import { tensorsOf, termInputs, type TermShapes, type TermValues } from '../factors/term-tensors.ts';
import type { Linearization } from '../linearize.ts';
import { inDType } from './in-dtype.ts';
import type { KernelOptions } from './kernel-matrix.ts';
import { checkProductDtype } from './kernel-request.ts';

/**
 * The diagonal of J(X) J(X)ᵀ, [n·c]: squared norms of the rows of J, for every output.
 *
 * @param options.productDtype - as for `kernelMatrix`; variances need it in that of their kernel, being differences of the two
 * @throws {UnsupportedError} if the backend lacks `productDtype`
 *
 * Cost: c backward passes and, for a dense layer a → b, n(a + c b) multiply-adds.
 */
export async function kernelDiagonal(
  linearization: Linearization,
  { productDtype = linearization.dtype }: Pick<KernelOptions, 'productDtype'> = {},
): Promise<Float64Array> {
  const { maps, n, c, factors, batches, backend } = linearization;
  checkProductDtype('kernelDiagonal', linearization, productDtype);
  const diagonal = new Float64Array(n * c);
  if (factors.terms.length === 0) return diagonal;
  const executable = await maps.executable(`diagonal.${productDtype}`, () => diagonalProgram(factors.terms), {
    dtype: productDtype,
  });
  for (const [batch, { count }] of batches.entries()) {
    const tensors = tensorsOf(await factors.ofBatch(batch));
    const [output] = await runIn(productDtype, linearization, executable, tensors);
    using owned = output!;
    diagonal.set((await backend.read(owned)).subarray(0, count * c), batch * maps.batchSize * c);
  }
  return diagonal;
}

async function runIn(
  dtype: DType,
  linearization: Linearization,
  executable: Executable,
  tensors: readonly Tensor[],
): Promise<readonly Tensor[]> {
  const { backend } = linearization;
  if (dtype === linearization.dtype) return backend.run(executable, tensors);
  const converted = await inDType(tensors, dtype);
  try {
    return await backend.run(executable, converted);
  } finally {
    converted.forEach((tensor) => tensor.dispose());
  }
}

/** Output [n, c]. */
function diagonalProgram(terms: readonly TermShapes[]): Program {
  const b = new ProgramBuilder('kernel-diagonal');
  const parts = termInputs(b, '', terms).map((term) => emitDiagonal(b, term));
  b.output(
    'diagonal',
    parts.reduce((sum, part) => b.add(sum, part)),
  );
  return b.build();
}

/** Σ_{t,t'} (A_t · A_t') (G_αt · G_αt') for every example and output. */
function emitDiagonal(b: ProgramBuilder, term: TermValues): Value {
  const { activations, indices, sensitivities } = term;
  const [n, , positions] = b.shape(sensitivities) as [number, number, number, number];
  if (positions > 1) return emitPairs(b, term);
  const g = b.sum(b.mul(sensitivities, sensitivities), [2, 3]); // [n, c]
  // A one-hot vector has length 1.
  const indexed = indices === null ? null : b.scalar(1);
  if (activations === null) return g;
  const a = b.reshape(b.sum(b.mul(activations, activations), [1, 2]), [n, 1]);
  return b.mul(g, indexed === null ? a : b.add(a, indexed));
}

function emitPairs(b: ProgramBuilder, { activations, indices, sensitivities }: TermValues): Value {
  const parts: Value[] = [];
  if (activations !== null) parts.push(b.matmul(activations, activations, { transposeB: true })); // [n, T, T]
  if (indices !== null) parts.push(b.binary('equal', indices, b.transpose(indices, [0, 2, 1])));
  const [n, , positions] = b.shape(sensitivities) as [number, number, number, number];
  const a = b.reshape(
    parts.reduce((sum, part) => b.add(sum, part)),
    [n, 1, positions, positions],
  );
  const g = b.matmul(sensitivities, sensitivities, { transposeB: true }); // [n, c, T, T]
  return b.sum(b.mul(g, a), [2, 3]);
}
