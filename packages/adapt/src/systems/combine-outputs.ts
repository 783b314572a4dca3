import type { OutputsLayout } from '../plan/method.ts';

/** Weight vectors that make one function of all outputs: 1 for `full`, c for `independent`, c² for `shared`. */
export function weightRows(layout: OutputsLayout, outputs: number): number {
  return layout === 'full' ? 1 : layout === 'independent' ? outputs : outputs * outputs;
}

/**
 * The function of all outputs from the products J w of its weight vectors, [m·c] each: J w; J_a w_a for output a; or Σ_a J_a w_ab for output b,
 * w_ab being the vector a·c + b.
 */
export function combineOutputs(
  products: readonly Float64Array[],
  outputs: number,
  layout: OutputsLayout,
): Float64Array {
  if (layout === 'full') return products[0]!;
  return products[0]!.map((_, row) => {
    const [example, output] = [row - (row % outputs), row % outputs];
    if (layout === 'independent') return products[output]![row]!;
    let sum = 0;
    for (let a = 0; a < outputs; a++) sum += products[a * outputs + output]![example + a]!;
    return sum;
  });
}

/** Values of all rows, [m·c], from those of each system's rows: of all rows for `full`, of the examples for each output otherwise. */
export function joinSystems(values: readonly Float64Array[], layout: OutputsLayout): Float64Array {
  if (layout === 'full') return values[0]!;
  const c = values.length;
  return Float64Array.from({ length: c * values[0]!.length }, (_, row) => values[row % c]![Math.floor(row / c)]!);
}
