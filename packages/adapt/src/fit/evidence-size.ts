/** Rows up to which the evidence of a kernel comes from its reduction, which takes 2/3·N³: beyond, from a Krylov run, or a random sample of so many. */
export const EVIDENCE_ROWS = 2000;

/** Parameters up to which the evidence comes from all rows in parameter space, where there are fewer of them than rows. */
export const EVIDENCE_PARAMETERS = 2000;

/** Rows of the evidence of a noise variance for each output, which takes some fifty factorisations. */
export const GROUPED_EVIDENCE_ROWS = 600;

/**
 * Random vectors and most Lanczos steps of a Krylov run. With 10,000 rows of MLP 8-100-100-1, 8 vectors found the prior variance to 2 % and the noise variance to 0.1 % of what 64 found.
 */
export const KRYLOV = { probes: 8, steps: 100 } as const;

/** Bytes of the basis of a vector of a Krylov run: it grows by doubling, so that for a moment there are the old one and the new one. */
export function krylovBasisBytes(rows: number): number {
  return 1.5 * KRYLOV.steps * rows * 8;
}

/** Vectors whose Krylov spaces are made together: all, or as many as take an eighth of the memory, at least three. */
export function krylovVectorsAtOnce(rows: number, memory: number): number {
  return Math.max(3, Math.min(KRYLOV.probes + 1, Math.floor(memory / 8 / krylovBasisBytes(rows))));
}
