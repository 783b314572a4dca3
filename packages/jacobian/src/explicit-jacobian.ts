import { matrix, type Matrix } from '@ntk/linop';
import { sizeOf, type TypedArray } from '@ntk/tensor';
import type { TermPlan } from './factors/factor-plan.ts';
import type { TermTensors } from './factors/term-tensors.ts';
import type { Linearization } from './linearize.ts';

/**
 * J as a dense matrix on the host, [n·c, p], multiplied out from its factors: what parameter-space inference with few parameters needs.
 *
 * Cost: c backward passes, then n·c·p multiplications (times T for a layer at T positions), in float64 on the host.
 */
export async function explicitJacobian(linearization: Linearization): Promise<Matrix> {
  const { factors, batches, maps, n, c, p } = linearization;
  const result = matrix(n * c, p);
  const offsets = maps.derivation.chosenShapes.map((_, i, shapes) =>
    shapes.slice(0, i).reduce((sum, shape) => sum + sizeOf(shape), 0),
  );
  for (const [batch, { count }] of batches.entries()) {
    const tensors = await factors.ofBatch(batch);
    const rows = { start: batch * maps.batchSize * c, count: count * c };
    for (const [i, term] of factors.terms.entries()) {
      addTerm(result, rows, { plan: term, offsets, data: await readTerm(linearization, tensors[i]!) });
    }
  }
  return result;
}

/** The factors of a term on the host. */
interface TermData {
  readonly activations: TypedArray | null;
  readonly indices: TypedArray | null;
  readonly sensitivities: TypedArray;
}

async function readTerm({ backend }: Linearization, term: TermTensors): Promise<TermData> {
  const { activations, indices, sensitivities } = term;
  return {
    activations: activations === null ? null : await backend.read(activations),
    indices: indices === null ? null : await backend.read(indices),
    sensitivities: await backend.read(sensitivities),
  };
}

/** Adds Σ_t A_it ⊗ G_iαt to the rows of one batch. */
function addTerm(
  { data: j, columns: p }: Matrix,
  rows: { readonly start: number; readonly count: number },
  term: { readonly plan: TermPlan; readonly offsets: readonly number[]; readonly data: TermData },
): void {
  const { plan, offsets, data } = term;
  const [, c, positions, width] = plan.sensitivities as [number, number, number, number];
  const a = plan.activations?.[2] ?? 0;
  for (const { parameter, factor, start, size, transposed } of plan.blocks) {
    const [stepRow, stepColumn] = transposed ? [1, size] : [width, 1];
    for (let row = 0; row < rows.count; row++) {
      const to = (rows.start + row) * p + offsets[parameter]!;
      for (let t = 0; t < positions; t++) {
        const g = data.sensitivities.subarray((row * positions + t) * width, (row * positions + t + 1) * width);
        const at = Math.floor(row / c) * positions + t;
        if (factor === 'sensitivities') {
          for (let i = 0; i < size; i++) j[to + i]! += g[start + i]!;
        } else if (factor === 'indices') {
          for (let i = 0; i < width; i++) j[to + data.indices![at]! * stepRow + i * stepColumn]! += g[i]!;
        } else {
          for (let r = 0; r < size; r++) {
            const x = data.activations![at * a + start + r]!;
            for (let i = 0; i < width; i++) j[to + r * stepRow + i * stepColumn]! += x * g[i]!;
          }
        }
      }
    }
  }
}
