import { activationRules } from './ops/activations.ts';
import { arithmeticRules } from './ops/arithmetic.ts';
import { convolutionRules } from './ops/convolution.ts';
import { identityRules } from './ops/identity.ts';
import { linearRules } from './ops/linear.ts';
import { normalizationRules } from './ops/normalization.ts';
import { recurrentRules } from './ops/recurrent.ts';
import { reductionRules } from './ops/reduction.ts';
import { resizeRules } from './ops/resize.ts';
import { selectionRules } from './ops/selection.ts';
import { shapeRules } from './ops/shape.ts';
import type { OnnxRule } from './op-node.ts';

/** The rule of every supported operation; those of other domains with the domain before the name. */
export const onnxRules: ReadonlyMap<string, OnnxRule> = new Map(
  Object.entries({
    ...arithmeticRules,
    ...activationRules,
    ...linearRules,
    ...convolutionRules,
    ...shapeRules,
    ...selectionRules,
    ...reductionRules,
    ...normalizationRules,
    ...recurrentRules,
    ...resizeRules,
    ...identityRules,
  }),
);
