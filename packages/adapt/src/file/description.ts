import { FormatError, type NetworkMeta, type Parameter } from '@ntk/tensor';
import { z } from 'zod';
import type { StoredPosterior } from './stored-posterior.ts';

/** Version of the file; a reader refuses others. */
export const VERSION = 1;

/** A network whose tensors are in the file. */
export interface NetworkInside {
  readonly place: 'inside';
  readonly program: unknown;
  readonly parameters: readonly Parameter[];
  readonly meta: Omit<NetworkMeta, 'outputActivation' | 'topology'> & {
    readonly outputActivation?: NetworkMeta['outputActivation'] | undefined;
    readonly topology?: NetworkMeta['topology'] | undefined;
  };
}

/** A network that the file names. */
export interface NetworkOutside {
  readonly place: 'outside';
  /** Where it was when the posterior was made. */
  readonly path: string;
  /** Of program and parameters. */
  readonly sha256: string;
  /** What was split off its outputs when it was read. */
  readonly outputActivation?: NetworkMeta['outputActivation'] | undefined;
}

/** What is said of a root. */
export interface RootDescription {
  readonly form: 'cached' | 'covariance';
  /** Bound on the excess of variances, as a share of the prior variance. */
  readonly errorBound: number;
  readonly constant: boolean;
}

/** What is said of that which variances come from. */
export type VarianceDescription =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'exact';
      readonly noise: boolean;
      readonly rtol?: number | undefined;
      readonly unknowns?: boolean | undefined;
    }
  | { readonly kind: 'root'; readonly roots: readonly RootDescription[] }
  | { readonly kind: 'samples'; readonly count: number };

/** What the metadata of a posterior file say, besides the tensors. */
export interface Description
  extends Omit<StoredPosterior, 'noiseVariances' | 'network' | 'weights' | 'constant' | 'variance' | 'features'> {
  readonly version: typeof VERSION;
  /** The release that wrote the file. */
  readonly library: string;
  readonly network: NetworkInside | NetworkOutside;
  readonly noiseVariances: readonly number[];
  readonly variance: VarianceDescription;
  readonly features?: unknown;
}

const networkDescription = z.discriminatedUnion('place', [
  z.object({
    place: z.literal('inside'),
    program: z.unknown(),
    parameters: z.array(
      z.object({ name: z.string(), layer: z.string(), shape: z.array(z.int().nonnegative()), trainable: z.boolean() }),
    ),
    meta: z.object({
      name: z.string(),
      source: z.string(),
      notes: z.array(z.string()),
      outputActivation: z.enum(['softmax', 'sigmoid']).optional(),
      topology: z.object({ format: z.string(), model: z.unknown() }).optional(),
    }),
  }),
  z.object({
    place: z.literal('outside'),
    path: z.string(),
    sha256: z.string(),
    outputActivation: z.enum(['softmax', 'sigmoid']).optional(),
  }),
]);

const rootDescription = z.object({
  form: z.enum(['cached', 'covariance']),
  errorBound: z.number().min(0).max(1),
  constant: z.boolean(),
});

const varianceDescription = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object({ kind: z.literal('root'), roots: z.array(rootDescription).min(1) }),
  z.object({ kind: z.literal('samples'), count: z.int().positive() }),
  z.object({
    kind: z.literal('exact'),
    noise: z.boolean(),
    rtol: z.number().positive().optional(),
    unknowns: z.boolean().optional(),
  }),
]);

const description = z.object({
  version: z.literal(VERSION),
  library: z.string(),
  network: networkDescription,
  layers: z.array(z.string()).min(1),
  outputs: z.enum(['full', 'independent', 'shared']),
  mean: z.enum(['network', 'zero', 'constant']),
  space: z.enum(['function', 'parameter']),
  solver: z.enum(['cholesky', 'cg', 'lsmr']),
  dtype: z.enum(['float32', 'float64']),
  productDtype: z.enum(['float32', 'float64']),
  priorVariance: z.number().positive(),
  noiseVariance: z.number().positive(),
  noiseVariances: z.array(z.number().positive()),
  examples: z.int().positive(),
  variance: varianceDescription,
  features: z.unknown().optional(),
});

/**
 * Reads a description.
 *
 * @throws {FormatError} naming the file, if it is of another version or damaged
 */
export function parseDescription(json: string, source: string): Description {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new FormatError(`${source}: its description is not JSON; write the file again`, { cause: error });
  }
  const version = (value as { version?: unknown } | null)?.version;
  if (version !== VERSION) {
    throw new FormatError(
      `${source}: is of version ${JSON.stringify(version)}, this program reads version ${VERSION}; use the release that wrote it, or adapt again`,
    );
  }
  const result = description.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new FormatError(
    `${source}: its description is damaged (${issue?.path.join('.')}: ${issue?.message}); write the file again`,
  );
}
