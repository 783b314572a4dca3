import { ProgramBuilder, type Program, type Value } from '@ntk/tensor';
import type { Linearization } from '../linearize.ts';
import type { TileFactors, TermTensors } from './factors.ts';

/**
 * The diagonal of J(X) J(X)ᵀ, [n·c]: squared norms of the rows of J, for every output.
 *
 * Cost: c backward passes and, for a dense layer a → b, n(a + c b) multiply-adds.
 */
export async function kernelDiagonal(linearization: Linearization): Promise<Float64Array> {
  const { maps, n, c } = linearization;
  const factors = await linearization.factors();
  const diagonal = new Float64Array(n * c);
  const executable = await maps.executable('diagonal', () => diagonalProgram(factors[0]!));
  let start = 0;
  for (const { terms, count } of factors) {
    const inputs = terms.flatMap(({ activations, sensitivities }) =>
      activations === null ? [sensitivities] : [activations, sensitivities],
    );
    const [output] = await maps.backend.run(executable, inputs);
    using owned = output!;
    const data = await maps.backend.read(owned); // [c, tileSize]
    for (let alpha = 0; alpha < c; alpha++) {
      for (let i = 0; i < count; i++) diagonal[(start + i) * c + alpha] = data[alpha * maps.tileSize + i]!;
    }
    start += count;
  }
  return diagonal;
}

/** Output [c, n]. */
function diagonalProgram({ terms }: TileFactors): Program {
  const b = new ProgramBuilder('kernel-diagonal');
  const inputs = terms.map(({ activations, sensitivities }, i) => ({
    activations: activations === null ? null : b.input(`activations${i}`, activations.shape),
    sensitivities: b.input(`sensitivities${i}`, sensitivities.shape),
  }));
  const parts = inputs.map(({ activations, sensitivities }, i) =>
    emitDiagonal(b, activations, sensitivities, terms[i]!),
  );
  b.output(
    'diagonal',
    parts.reduce((sum, part) => b.add(sum, part)),
  );
  return b.build();
}

/** Σ_{t,t'} (A_t · A_t' + ones) (G_t · G_t') for every example and output. */
function emitDiagonal(
  b: ProgramBuilder,
  activations: Value | null,
  sensitivities: Value,
  { indexed, ones }: TermTensors,
): Value {
  const [c, n, positions] = b.shape(sensitivities) as [number, number, number];
  if (positions === 1) {
    const g = b.sum(b.mul(sensitivities, sensitivities), [2, 3]); // [c, n]
    if (activations === null) return ones === 1 ? g : b.mul(g, b.scalar(ones));
    // A one-hot vector has length 1.
    if (indexed) return b.mul(g, b.scalar(1 + ones));
    const a = b.sum(b.mul(activations, activations), [1, 2]); // [n]
    return b.mul(g, ones === 0 ? a : b.add(a, b.scalar(ones)));
  }
  const g = b.matmul(sensitivities, sensitivities, { transposeB: true }); // [c, n, T, T]
  const a = indexed
    ? b.binary('equal', activations!, b.transpose(activations!, [0, 2, 1]))
    : b.matmul(activations!, activations!, { transposeB: true }); // [n, T, T]
  return b.reshape(b.sum(b.mul(g, a), [2, 3]), [c, n]);
}
