import { z } from 'zod';

const quantization = z.object({
  dtype: z.enum(['uint8', 'uint16', 'float16']),
  scale: z.number().optional(),
  min: z.number().optional(),
});

const entry = z.object({
  name: z.string().min(1),
  shape: z.array(z.int().nonnegative()),
  dtype: z.string(),
  quantization: quantization.optional(),
  group: z.string().optional(),
});

/** One weight as a manifest lists it. */
export interface ManifestEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?:
    | {
        readonly dtype: 'uint8' | 'uint16' | 'float16';
        readonly scale?: number | undefined;
        readonly min?: number | undefined;
      }
    | undefined;
  /** 'optimizer' for what is not part of the network. */
  readonly group?: string | undefined;
}

/** The weights of one set of binary files, in order. */
export interface WeightsGroup {
  readonly paths: readonly string[];
  readonly weights: readonly ManifestEntry[];
}

/** The weightsManifest member of a model.json. */
export const manifestSchema: z.ZodType<WeightsGroup[]> = z.array(
  z.object({ paths: z.array(z.string().min(1)), weights: z.array(entry) }),
);
