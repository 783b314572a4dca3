import { FormatError } from '@ntk/tensor';
import { z } from 'zod';
import type { Plan } from './plan.ts';
import type { Rates } from './rates.ts';

/** Version of both files; a reader refuses others. */
const VERSION = 1;

const dtype = z.enum(['float64', 'float32']);
const positive = z.number().positive();
const count = z.int().nonnegative();

const methodSchema = z.object({
  space: z.enum(['function', 'parameter']),
  solver: z.enum(['cholesky', 'cg', 'lsmr']),
  holds: z.enum(['kernel', 'jacobian', 'information', 'nothing']),
  preconditioner: z.object({ kind: z.enum(['none', 'jacobi', 'pivoted-cholesky', 'nystrom']), rank: count }),
  dtype,
  productDtype: dtype,
});

const planFile = z.object({
  format: z.literal('ntk-plan'),
  version: z.literal(VERSION),
  backend: z.string(),
  sizes: z.object({ n: count, c: count, p: count, m: count }),
  layout: z.enum(['full', 'independent', 'shared']),
  learnsOn: z.enum(['none', 'all', 'sample']),
  memory: positive,
  method: methodSchema,
  seconds: z.number(),
  bytes: positive,
  candidates: z.array(
    z.object({
      method: methodSchema,
      seconds: z.number(),
      bytes: positive,
      verdict: z.enum(['chosen', 'slower', 'too large', 'less exact']),
    }),
  ),
});

const ratesFile = z.object({
  format: z.literal('ntk-rates'),
  version: z.literal(VERSION),
  backend: z.string(),
  products: z.object({ float64: positive, float32: positive }),
  cholesky: positive,
  host: positive,
  tridiagonal: positive,
  memory: positive,
  start: positive,
});

/** A plan as JSON, for `parsePlan`. */
export function formatPlan(plan: Plan): string {
  const content: z.input<typeof planFile> = {
    format: 'ntk-plan',
    version: VERSION,
    ...plan,
    candidates: [...plan.candidates],
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/**
 * Reads a plan.
 *
 * @param source - what messages call the file
 * @throws {FormatError} if it is not one, or of another version
 */
export function parsePlan(text: string, source: string): Plan {
  const expected = { source, what: 'plan', made: 'ntk plan --to' };
  const { backend, sizes, layout, learnsOn, memory, method, seconds, bytes, candidates } = parse(
    planFile,
    text,
    expected,
  );
  return { backend, sizes, layout, learnsOn, memory, method, seconds, bytes, candidates };
}

/** Rates of a backend as JSON, for `parseRates`. */
export function formatRates(rates: Rates, backend: string): string {
  const content: z.input<typeof ratesFile> = { format: 'ntk-rates', version: VERSION, backend, ...rates };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/**
 * Reads measured rates, and the name of the backend that they are of.
 *
 * @param source - what messages call the file
 * @throws {FormatError} if it is no such file, or of another version
 */
export function parseRates(text: string, source: string): { readonly backend: string; readonly rates: Rates } {
  const { backend, products, cholesky, host, tridiagonal, memory, start } = parse(ratesFile, text, {
    source,
    what: 'table of rates',
    made: 'ntk plan --calibrate',
  });
  return { backend, rates: { products, cholesky, host, tridiagonal, memory, start } };
}

function parse<T>(
  schema: z.ZodType<T>,
  text: string,
  { source, what, made }: { readonly source: string; readonly what: string; readonly made: string },
): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${source}: is not JSON, expected a ${what}; write one with ${made}`, { cause: error });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new FormatError(
    `${source}: is not a ${what} of version ${VERSION} (${issue?.path.join('.')}: ${issue?.message}); write one with ${made}`,
  );
}
