import { convolutionCases } from './convolution-cases.ts';
import { elementwiseCases } from './elementwise-cases.ts';
import { gatherCases } from './gather-cases.ts';
import { matmulCases } from './matmul-cases.ts';
import { movementCases } from './movement-cases.ts';
import type { PrimitiveCase } from './primitive-case.ts';
import { reductionCases } from './reduction-cases.ts';

/** Every primitive over the shapes where implementations go wrong: what backends, derivatives and files are tested on. */
export const primitiveCases: readonly PrimitiveCase[] = [
  ...elementwiseCases,
  ...matmulCases,
  ...reductionCases,
  ...movementCases,
  ...gatherCases,
  ...convolutionCases,
];
