/** Rows beyond which the evidence of a kernel comes from a random sample: the reduction takes 2/3·N³, and two numbers need no more. */
export const EVIDENCE_ROWS = 2000;

/** Parameters up to which the evidence comes from all rows in parameter space, where there are fewer of them than rows. */
export const EVIDENCE_PARAMETERS = 2000;

/** Rows of the evidence of a noise variance for each output, which takes some fifty factorisations. */
export const GROUPED_EVIDENCE_ROWS = 600;
