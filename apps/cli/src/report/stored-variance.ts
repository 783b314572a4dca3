import { errorBoundOf, type StoredPosterior } from '@ntk/adapt';
import { short } from './short.ts';

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
      return `variances of rank ${Math.min(...ranks)}: never too small, too large by at most ${short(100 * bound)} % of the prior variance`;
    }
  }
}
