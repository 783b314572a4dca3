import { FormatError } from '@ntk/tensor';
import { z } from 'zod';
import type { MissingPolicy } from './columns.ts';

/** A column that becomes one network input. */
export interface NumberInput {
  readonly kind: 'number';
  readonly name: string;
  /** Mean of the training rows; stands in for a missing cell under the policy 'mean'. */
  readonly mean: number;
}

/** A column that becomes one network input for each category, 0 or 1. */
export interface CategoryInput {
  readonly kind: 'category';
  readonly name: string;
  /** In the order of the network's inputs. */
  readonly categories: readonly string[];
  /** Share of the training rows in each category; stands in for a missing cell under the policy 'mean'. */
  readonly frequencies: readonly number[];
}

/** A column of the table as the network sees it. */
export type InputColumn = NumberInput | CategoryInput;

/** Scaling of the network's inputs, one entry each: x becomes (x − mean) / scale. */
export interface ResolvedScaler {
  readonly mean: readonly number[];
  readonly scale: readonly number[];
}

/** An array of the training table that inputs come from. Its columns go by their place, so one of another width is another array. */
export interface ArrayWidth {
  /** Name of the group of columns; empty where the table is one array. */
  readonly name: string;
  /** Columns of the array. */
  readonly columns: number;
  /** The same without the targets at its end, which new inputs need not have. */
  readonly withoutTargets: number;
}

/** How a table becomes network inputs and targets: plain JSON, stored with a posterior. */
export interface FeatureSchema {
  readonly version: 1;
  /** In the order of the network's inputs. */
  readonly inputs: readonly InputColumn[];
  /** Names of the target columns, one for each output. */
  readonly targets: readonly string[];
  readonly missing: MissingPolicy;
  readonly scaler: ResolvedScaler | null;
  /** Absent where no inputs come from arrays. */
  readonly arrays?: readonly ArrayWidth[] | undefined;
}

const inputColumn = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('number'), name: z.string(), mean: z.number() }),
  z
    .strictObject({
      kind: z.literal('category'),
      name: z.string(),
      categories: z.array(z.string()).min(1),
      frequencies: z.array(z.number()),
    })
    .refine((column) => column.categories.length === column.frequencies.length, 'as many frequencies as categories'),
]);

const featureSchema = z
  .strictObject({
    version: z.literal(1),
    inputs: z.array(inputColumn).min(1),
    targets: z.array(z.string()).min(1),
    missing: z.enum(['error', 'drop', 'mean']),
    scaler: z
      .strictObject({ mean: z.array(z.number()), scale: z.array(z.number().refine((scale) => scale !== 0)) })
      .nullable(),
    arrays: z
      .array(z.strictObject({ name: z.string(), columns: z.int().min(1), withoutTargets: z.int().min(1) }))
      .optional(),
  })
  .refine(
    ({ inputs, scaler }) =>
      scaler === null || (scaler.mean.length === width(inputs) && scaler.scale.length === width(inputs)),
    'one mean and scale for each input',
  );

/**
 * Checks a stored schema.
 *
 * @param json - what was read from a file
 * @param source - what messages call the file
 * @throws {FormatError} naming the first part that is not as expected
 */
export function parseFeatureSchema(json: unknown, source: string): FeatureSchema {
  const result = featureSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = ['features', ...(issue?.path ?? [])].join('.');
  throw new FormatError(
    `${source}: the description of its columns is damaged (${path}: ${issue?.message ?? 'invalid'}); write the file again`,
  );
}

function width(inputs: readonly InputColumn[]): number {
  return inputs.reduce((sum, input) => sum + (input.kind === 'number' ? 1 : input.categories.length), 0);
}

/** Number of network inputs that a schema gives. */
export function inputWidth(schema: Pick<FeatureSchema, 'inputs'>): number {
  return width(schema.inputs);
}

/** A name for each network input: the column, or 'column=category'. */
export function inputNames(schema: Pick<FeatureSchema, 'inputs'>): string[] {
  return schema.inputs.flatMap((input) =>
    input.kind === 'number' ? [input.name] : input.categories.map((category) => `${input.name}=${category}`),
  );
}
