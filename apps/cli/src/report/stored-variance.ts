import { errorBoundOf, type AdaptedNetwork, type StoredPosterior, type VarianceChoice } from '@ntk/adapt';
import { formatBytes } from '@ntk/tensor';
import { short } from './short.ts';

/** A bound below this share of the prior variance is the rounding of the sums that it is the difference of. */
const ROUNDING = 1e-10;

/** What the variances of a posterior file are worth, in words. */
export function describeVariance({ variance }: StoredPosterior): string {
  switch (variance.kind) {
    case 'none':
      return 'no variances: the file holds means only';
    case 'exact':
      return 'exact variances, from the training data in the file';
    case 'samples':
      return `variances from ${variance.count} samples: ±${short(100 * Math.sqrt(2 / variance.count))} % (one standard error)`;
    case 'root': {
      const bound = errorBoundOf(variance);
      const ranks = variance.roots.map(({ root }) =>
        root.form === 'cached' ? root.cache.weights.rows : root.root.rows,
      );
      if (bound === 0) return 'exact variances';
      const worth =
        bound < ROUNDING
          ? 'exact to rounding'
          : `never too small, too large by at most ${short(100 * bound)} % of the prior variance`;
      return `variances of rank ${Math.min(...ranks)}: ${worth}`;
    }
  }
}

/** What a posterior was saved from. */
export interface SaveRequest {
  readonly choice: VarianceChoice;
  readonly adapted: AdaptedNetwork;
}

/** What was saved, and what would give exact variances where those of a root were left to the room for it and had too little. */
export function savedLines(stored: StoredPosterior, { choice, adapted }: SaveRequest): string[] {
  const said = `  the posterior with ${describeVariance(stored)}`;
  const { variance } = stored;
  const { data, inference } = adapted;
  const isLeft = choice.kind === 'auto' || (choice.kind === 'root' && choice.rank === undefined);
  const isExact = variance.kind === 'root' && errorBoundOf(variance) < ROUNDING;
  // Posteriors by products alone have no exact root, whatever the room.
  if (!isLeft || isExact || inference.kind === 'operator') return [said];
  const size = formatBytes(data.x.byteLength + data.y.byteLength);
  return [
    said,
    `  the exact root does not fit into --save-size; --save-variance exact saves the training data, ${size}, for exact variances that take a fit each time`,
  ];
}
