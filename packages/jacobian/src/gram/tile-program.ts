import { ProgramBuilder, sizeOf, type Program, type Value } from '@ntk/tensor';
import { termInputs, type TermShapes, type TermValues } from '../factors/term-tensors.ts';

/** The Program of the kernel between two tiles, the sum over terms: output [c, n, c, n'], the output slowest as the factors lie. */
export function tileProgram(rows: readonly TermShapes[], columns: readonly TermShapes[]): Program {
  const b = new ProgramBuilder('kernel-tile');
  const left = termInputs(b, 'rows.', rows);
  const right = termInputs(b, 'columns.', columns);
  const parts = left.map((term, i) => emitTerm(b, term, right[i]!));
  b.output(
    'tile',
    parts.reduce((sum, part) => b.add(sum, part)),
  );
  return b.build();
}

/** Σ_{t,t'} (A_it · A_jt') (G_iαt · G_jβt') */
function emitTerm(b: ProgramBuilder, left: TermValues, right: TermValues): Value {
  const [c, n, positions] = b.shape(left.sensitivities) as [number, number, number];
  if (positions === 1) return emitPairs(b, left, right);
  // All pairs of positions are in memory at once: for few examples at a time.
  const columns = sizeOf(b.shape(right.sensitivities).slice(0, 3));
  const step = Math.max(1, Math.floor(MAX_PAIRS / (c * positions * columns)));
  const parts: Value[] = [];
  for (let start = 0; start < n; start += step) {
    const range = { start, end: Math.min(start + step, n) };
    const part = (value: Value | null, axis: number): Value | null =>
      value === null || step >= n ? value : b.slice(value, axis, range);
    parts.push(
      emitPairs(
        b,
        {
          activations: part(left.activations, 0),
          indices: part(left.indices, 0),
          sensitivities: part(left.sensitivities, 1)!,
        },
        right,
      ),
    );
  }
  return b.concat(parts, 1);
}

/** Numbers in the product of all pairs of positions. */
const MAX_PAIRS = 2 ** 21;

/** The same for all examples at once. */
function emitPairs(b: ProgramBuilder, left: TermValues, right: TermValues): Value {
  const [c, n, positions, width] = b.shape(left.sensitivities) as [number, number, number, number];
  const m = b.shape(right.sensitivities)[1]!;
  const g = b.matmul(
    b.reshape(left.sensitivities, [c * n * positions, width]),
    b.reshape(right.sensitivities, [c * m * positions, width]),
    { transposeB: true },
  );
  const weight = emitInner(b, left, right);
  if (weight === null) return b.reshape(g, [c, n, c, m]);
  if (positions === 1) return b.mul(b.reshape(g, [c, n, c, m]), b.reshape(weight, [1, n, 1, m]));
  const product = b.mul(
    b.reshape(g, [c, n, positions, c, m, positions]),
    b.reshape(weight, [1, n, positions, 1, m, positions]),
  );
  return b.sum(product, [2, 5]);
}

/** A_it · A_jt' for all pairs, [n·T, n'·T]; null where a term has no inputs. */
function emitInner(b: ProgramBuilder, left: TermValues, right: TermValues): Value | null {
  const flat = (value: Value): Value => {
    const [n, positions, a] = b.shape(value) as [number, number, number];
    return b.reshape(value, [n * positions, a]);
  };
  const parts: Value[] = [];
  if (left.activations !== null)
    parts.push(b.matmul(flat(left.activations), flat(right.activations!), { transposeB: true }));
  if (left.indices !== null)
    parts.push(b.binary('equal', flat(left.indices), b.transpose(flat(right.indices!), [1, 0])));
  return parts.length === 0 ? null : parts.reduce((sum, part) => b.add(sum, part));
}
