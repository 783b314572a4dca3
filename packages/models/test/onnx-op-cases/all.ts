import { activations, arithmetic, linear } from './entrywise.ts';
import { convolutions, normalizations } from './images.ts';
import type { OpCase } from './op-case.ts';
import { recurrences, recurrentVariants } from './recurrent.ts';
import { reductions, selections, shapes } from './shapes.ts';

/** Every operation that the reader knows, with several combinations of attributes. */
export const opCases: Readonly<Record<string, OpCase>> = {
  ...arithmetic,
  ...activations,
  ...linear,
  ...convolutions,
  ...shapes,
  ...selections,
  ...reductions,
  ...normalizations,
  ...recurrences,
  ...recurrentVariants,
};
