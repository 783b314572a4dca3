import { ProgramBuilder, type Program, type Value } from '@ntk/tensor';
import { termInputs, type TermShapes, type TermValues } from '../factors/term-tensors.ts';
import { permute } from '../permute.ts';
import type { KernelOutputs } from './kernel-outputs.ts';

/**
 * The Program of the kernel between two tiles, the sum over terms. Output, the outputs of the network slowest as the factors lie: `full` [c, n, c, n'],
 * `independent` [c, n, n'], `shared` [n, n'].
 */
export function tileProgram(
  rows: readonly TermShapes[],
  columns: readonly TermShapes[],
  outputs: KernelOutputs,
): Program {
  const b = new ProgramBuilder('kernel-tile');
  const left = termInputs(b, 'rows.', rows);
  const right = termInputs(b, 'columns.', columns);
  b.output('tile', emitSum(b, left, right, outputs));
  return b.build();
}

/**
 * The Program of the kernel of a tile with itself, cut into parts of some examples: an output for each pair of parts on or below the diagonal, row by row, in the
 * layout of `tileProgram`.
 */
export function diagonalTileProgram(
  tile: readonly TermShapes[],
  parts: readonly Examples[],
  outputs: KernelOutputs,
): Program {
  const b = new ProgramBuilder('kernel-diagonal-tile');
  const terms = termInputs(b, '', tile);
  const cut = parts.map((part) => terms.map((term) => sliceTerm(b, term, part)));
  cut.forEach((left, i) => {
    cut.slice(0, i + 1).forEach((right, j) => b.output(`tile${i}.${j}`, emitSum(b, left, right, outputs)));
  });
  return b.build();
}

/** Consecutive examples of a tile. */
export interface Examples {
  readonly start: number;
  readonly end: number;
}

function emitSum(
  b: ProgramBuilder,
  left: readonly TermValues[],
  right: readonly TermValues[],
  outputs: KernelOutputs,
): Value {
  const sum = left.map((term, i) => emitTerm(b, term, right[i]!, outputs)).reduce((total, part) => b.add(total, part));
  const c = b.shape(left[0]!.sensitivities)[0]!;
  return outputs === 'shared' ? b.mul(sum, b.scalar(1 / c)) : sum;
}

function sliceTerm(b: ProgramBuilder, term: TermValues, examples: Examples): TermValues {
  const { start, end } = examples;
  if (start === 0 && end === b.shape(term.sensitivities)[1]) return term;
  const part = (value: Value | null): Value | null => (value === null ? null : b.slice(value, 0, examples));
  return {
    activations: part(term.activations),
    indices: part(term.indices),
    sensitivities: b.slice(term.sensitivities, 1, examples),
  };
}

/** Σ_{t,t'} (A_it · A_jt') (G_iαt · G_jβt') */
function emitTerm(b: ProgramBuilder, left: TermValues, right: TermValues, outputs: KernelOutputs): Value {
  const [c, n, positions] = b.shape(left.sensitivities) as [number, number, number];
  if (positions === 1) return emitPairs(b, left, right, outputs);
  // All pairs of positions are in memory at once: for few examples at a time.
  const m = b.shape(right.sensitivities)[1]!;
  const outputPairs = outputs === 'full' ? c * c : outputs === 'independent' ? c : 1;
  const step = Math.max(1, Math.floor(MAX_PAIRS / (outputPairs * positions * positions * m)));
  const parts: Value[] = [];
  for (let start = 0; start < n; start += step) {
    const some = sliceTerm(b, left, { start, end: Math.min(start + step, n) });
    parts.push(emitPairs(b, some, right, outputs));
  }
  return b.concat(parts, outputs === 'shared' ? 0 : 1);
}

/** Numbers in the product of all pairs of positions. */
const MAX_PAIRS = 2 ** 21;

/** The same for all examples at once. */
function emitPairs(b: ProgramBuilder, left: TermValues, right: TermValues, outputs: KernelOutputs): Value {
  const [c, n, positions] = b.shape(left.sensitivities) as [number, number, number];
  const m = b.shape(right.sensitivities)[1]!;
  const [first, second] =
    outputs === 'full' ? [[c], [c]] : outputs === 'independent' ? [[c], [] as number[]] : [[] as number[], []];
  const g = emitSensitivities(b, left.sensitivities, right.sensitivities, outputs);
  const weight = emitInner(b, left, right);
  if (weight === null) return b.reshape(g, [...first, n, ...second, m]);
  const product = b.mul(
    b.reshape(g, [...first, n, positions, ...second, m, positions]),
    b.reshape(weight, [...first.map(() => 1), n, positions, ...second.map(() => 1), m, positions]),
  );
  if (positions === 1) return b.reshape(product, [...first, n, ...second, m]);
  return b.sum(product, [first.length + 1, first.length + second.length + 3]);
}

/** G_iαt · G_jβt' for all pairs, summed over the outputs where they share a kernel: [c·n·T, c·n'·T], [c, n·T, n'·T] or [n·T, n'·T]. */
function emitSensitivities(b: ProgramBuilder, left: Value, right: Value, outputs: KernelOutputs): Value {
  const rows = (value: Value): Value => {
    const [c, n, positions, width] = b.shape(value) as [number, number, number, number];
    if (outputs === 'full') return b.reshape(value, [c * n * positions, width]);
    if (outputs === 'independent') return b.reshape(value, [c, n * positions, width]);
    return b.reshape(permute(b, value, [1, 2, 0, 3]), [n * positions, c * width]);
  };
  return b.matmul(rows(left), rows(right), { transposeB: true });
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
