import { parsePlan, parseRates, type AdaptOptions } from '@ntk/adapt';
import { OptionError, type Backend } from '@ntk/tensor';
import type { AdaptArguments } from '../arguments/adapt-command.ts';
import { readInputFile } from '../tables/input-file.ts';
import type { AdaptInputs } from './prepare-adapt.ts';

/** Backends of a run. */
export interface ChosenBackends {
  readonly backend: Backend;
  readonly solverBackend: Backend | undefined;
}

/**
 * The options of `adapt` that a command line means.
 *
 * @throws {FormatError} if the file of a plan or of rates is none
 * @throws {OptionError} if rates are of another backend, options do not go together, or there are not as many noise variances as targets
 */
export async function adaptOptions(
  given: Omit<AdaptArguments, 'command'>,
  { schema, test }: AdaptInputs,
  { backend, solverBackend }: ChosenBackends,
): Promise<AdaptOptions> {
  const { dtype, layers, mean, noise, priorVariance, learnOn, outputs, space, solver, preconditioner, rtol, memory } =
    given;
  if (preconditioner !== 'auto' && preconditioner !== 'none' && (solver === 'cholesky' || solver === 'lsmr')) {
    throw new OptionError(
      `--preconditioner ${preconditioner} is for conjugate gradients, and --solver ${solver} uses none; leave one of them out`,
    );
  }
  if (noise instanceof Float64Array && noise.length !== schema.targets.length) {
    throw new OptionError(
      `--noise: got ${noise.length} variances, expected one for each of ${schema.targets.length} targets`,
    );
  }
  const isPredicting = given.out !== undefined || given.test !== undefined;
  const common = { backend, dtype, layers, mean, noise, priorVariance, learnOn, space, solver, preconditioner, memory };
  return {
    ...common,
    predictions: isPredicting ? test.encoded.rows.length : 0,
    ...(solverBackend === undefined ? {} : { solverBackend }),
    ...(outputs === undefined ? {} : { outputs }),
    ...(rtol === undefined ? {} : { rtol }),
    ...(given.plan === undefined ? {} : { plan: parsePlan(await readText(given.plan), given.plan) }),
    ...(given.rates === undefined ? {} : { rates: await readRates(given.rates, backend) }),
  };
}

async function readRates(path: string, { name }: Backend): Promise<NonNullable<AdaptOptions['rates']>> {
  const { backend, rates } = parseRates(await readText(path), path);
  if (backend === name) return rates;
  throw new OptionError(
    `${path}: holds the rates of ${backend}, expected those of ${name}; measure again with ntk plan --calibrate`,
  );
}

async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readInputFile(path));
}
