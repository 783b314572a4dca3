import { OptionError } from '@ntk/tensor';
import { type EvidenceFunction, type RatioTerms, evidenceAt } from './evidence-function.ts';

/**
 * The evidence of outputs that are independent of each other and have the same prior and noise variance: the sum over the outputs.
 *
 * @param parts - the evidence of each output, at least one
 * @throws {OptionError} if there is none
 */
export function jointEvidence(parts: readonly EvidenceFunction[]): EvidenceFunction {
  if (parts.length === 0) throw new OptionError('jointEvidence: got no outputs, expected the evidence of at least one');
  const sum = (of: (part: EvidenceFunction) => number): number => parts.reduce((total, part) => total + of(part), 0);
  const freedom = sum((part) => part.freedom);
  const terms = (ratio: number): RatioTerms => {
    const each = parts.map((part) => part.terms(ratio));
    const total = (key: keyof RatioTerms): number => each.reduce((value, one) => value + one[key], 0);
    return {
      quadratic: total('quadratic'),
      squared: total('squared'),
      trace: total('trace'),
      logDeterminant: total('logDeterminant'),
    };
  };
  return {
    freedom,
    scale: sum((part) => part.scale) / parts.length,
    terms,
    at: (s2, sigma2) => evidenceAt(terms(sigma2 / s2), freedom, { s2, sigma2 }),
  };
}
