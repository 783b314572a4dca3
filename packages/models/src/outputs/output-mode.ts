/** 'logits' splits a final softmax or sigmoid off, 'keep' leaves the outputs as the file computes them. */
export type OutputMode = 'logits' | 'keep';
