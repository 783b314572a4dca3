import { z } from 'zod';
import type { WeightsGroup } from './weights-group.ts';

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

/** The weightsManifest member of a model.json. */
export const manifestSchema: z.ZodType<WeightsGroup[]> = z.array(
  z.object({ paths: z.array(z.string().min(1)), weights: z.array(entry) }),
);
