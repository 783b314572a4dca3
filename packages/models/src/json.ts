import { FormatError } from '@ntk/tensor';
import type { z } from 'zod';

/** A parsed JSON object of unknown content. */
export interface JsonObject {
  readonly [key: string]: unknown;
}

/** Where in which file a JSON value stands; for messages only. */
export interface JsonPlace {
  readonly file: string;
  /** Such as 'modelTopology.config.layers[2]'. */
  readonly path: string;
}

/** The place of a member below `place`. */
export function below(place: JsonPlace, ...keys: readonly (string | number)[]): JsonPlace {
  let { path } = place;
  for (const key of keys) path += typeof key === 'number' ? `[${key}]` : path === '' ? key : `.${key}`;
  return { file: place.file, path };
}

/**
 * Checks a JSON value against a schema.
 *
 * @returns the value as the schema types it, with its defaults filled in
 * @throws {FormatError} naming the file, the path of the first member that does not fit, what stands there and what is expected
 */
export function checkJson<T>(schema: z.ZodType<T>, value: unknown, place: JsonPlace): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const keys = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
  const { file, path } = below(place, ...keys);
  const got = keys.reduce<unknown>((parent, key) => (parent as Record<string | number, unknown>)[key], value);
  throw new FormatError(
    `${file}: got ${excerpt(got)} at ${path === '' ? 'the top' : path}, expected ${expectation(issue)}; export the model again`,
  );
}

/** A JSON value as a message quotes it: whole if short. */
export function excerpt(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length <= 40 ? text : `${text.slice(0, 36)} …`;
}

/** Zod's names of types that JSON calls otherwise. */
const nouns: { readonly [expected: string]: string } = { int: 'integer', record: 'object' };

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return withArticle(nouns[issue.expected] ?? issue.expected);
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(' or ');
    case 'too_small': {
      const bound = `${issue.inclusive ? '≥' : '>'} ${String(issue.minimum)}`;
      return issue.origin === 'array' ? `a list with ${bound} entries` : `a number ${bound}`;
    }
    default:
      return issue.message.toLowerCase();
  }
}

function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}
