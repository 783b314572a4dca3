import {
  adapt,
  explain,
  formatPlan,
  formatRates,
  parsePlan,
  parseRates,
  planAdaptation,
  type AdaptOptions,
  type Plan,
} from '@ntk/adapt';
import { denseNetwork } from '@ntk/models';
import { Rng, cpuBackend, type Backend } from '@ntk/tensor';
import { describe, expect, test } from 'vitest';
import { ratesOf } from '../../src/plan/rates.ts';
import { makeProblem } from '../problem.ts';

const wide = denseNetwork({ inputs: 2, hidden: [500, 500], outputs: 2, rng: new Rng(1) });
/** Has the rates of a native backend, and is never run. */
const native: Backend = { ...cpuBackend(), name: 'native' };
const plan = (n: number, options: Partial<AdaptOptions> = {}): Plan =>
  planAdaptation(wide, n, { backend: native, ...options });

describe('a plan', () => {
  test('chooses the kernel and a Cholesky factor for few rows, products for many, and parameters where they are few', () => {
    expect(plan(300).method).toMatchObject({
      space: 'function',
      solver: 'cholesky',
      holds: 'kernel',
      dtype: 'float64',
    });
    expect(plan(10_000).method).toMatchObject({ space: 'function', solver: 'cg', holds: 'nothing' });
    expect(plan(100_000, { layers: 'last' }).method).toMatchObject({ space: 'parameter', solver: 'cholesky' });
  });

  test('is the cheapest that fits, and says so of every candidate', () => {
    const { candidates, memory, seconds, bytes, method } = plan(10_000, { memory: 2 ** 33 });
    const chosen = candidates.filter(({ verdict }) => verdict === 'chosen');
    expect(chosen).toEqual([{ method, seconds, bytes, verdict: 'chosen' }]);
    for (const candidate of candidates) {
      expect(candidate.verdict === 'too large').toBe(candidate.bytes > memory);
      if (candidate.verdict === 'slower') expect(candidate.seconds).toBeGreaterThanOrEqual(0.75 * seconds);
    }
  });

  test('more memory never makes it slower', () => {
    const seconds = [2, 3, 4, 6, 8, 12, 24].map(
      (gibibytes) => plan(5000, { memory: gibibytes * 2 ** 30, solver: 'cg' }).seconds,
    );
    expect(seconds).toEqual([...seconds].sort((a, b) => b - a));
  });

  test('time and memory grow with rows, whatever the method', () => {
    const [few, many] = [plan(500, { memory: 2 ** 50 }), plan(1000, { memory: 2 ** 50 })];
    for (const candidate of few.candidates) {
      const { space, solver, holds, dtype } = candidate.method;
      const same = many.candidates.find(
        ({ method }) =>
          method.space === space && method.solver === solver && method.holds === holds && method.dtype === dtype,
      )!;
      expect(same.seconds).toBeGreaterThan(candidate.seconds);
      expect(same.bytes).toBeGreaterThan(candidate.bytes);
    }
  });

  test('what products need is computed anew where it does not fit, which takes longer', () => {
    const few = plan(150_000, { memory: 6 * 2 ** 30, solver: 'cg', dtype: 'float64', predictions: 0 });
    const enough = plan(150_000, { memory: 24 * 2 ** 30, solver: 'cg', dtype: 'float64', predictions: 0 });
    expect(few.method).toEqual(enough.method);
    expect(few.bytes).toBeLessThan(enough.bytes);
    expect(few.seconds).toBeGreaterThan(enough.seconds);
  });

  test('the same input gives the same plan', () => {
    expect(plan(3000)).toEqual(plan(3000));
  });

  test('takes float32 only where float64 would take long, unless it is named', () => {
    expect(plan(300).candidates.every(({ method }) => method.dtype === 'float64')).toBe(true);
    expect(plan(10_000).method.dtype).toBe('float32');
    expect(plan(10_000, { dtype: 'float64' }).method.dtype).toBe('float64');
    expect(plan(300, { dtype: 'float32' }).method.dtype).toBe('float32');
  });

  test('gives a factorised kernel of float32 factors products in float64 where that is there and cheap', () => {
    const factorised = { dtype: 'float32', space: 'function', solver: 'cholesky' } as const;
    expect(plan(300, factorised).method.productDtype).toBe('float64');
    expect(plan(300, { ...factorised, productDtype: 'float32' }).method.productDtype).toBe('float32');
    const slow = { ...ratesOf(native), products: { float64: 1e6, float32: 1e11 } };
    expect(plan(300, { ...factorised, rates: slow }).method.productDtype).toBe('float32');
    const named = plan(300, { ...factorised, rates: slow, productDtype: 'float64' });
    expect(named.method.productDtype).toBe('float64');
    expect(named.seconds).toBeGreaterThan(1.25 * plan(300, { ...factorised, rates: slow }).seconds);
    for (const { method } of plan(300, { dtype: 'float32' }).candidates) {
      const isFactorised = method.holds === 'kernel' && method.solver === 'cholesky';
      expect(method.productDtype).toBe(isFactorised ? 'float64' : 'float32');
    }
  });

  test('has products in float32 alone where the backend has nothing else', () => {
    const backend = { ...native, supports: { ...native.supports, float64: false } };
    expect(plan(300, { backend }).candidates.every(({ method }) => method.productDtype === 'float32')).toBe(true);
    expect(() => plan(300, { backend, productDtype: 'float64' })).toThrow(
      "got productDtype float64, which the backend lacks, expected 'auto'; leave productDtype out",
    );
  });

  test('keeps to what is named', () => {
    expect(plan(300, { solver: 'lsmr' }).method).toMatchObject({ space: 'parameter', solver: 'lsmr' });
    expect(plan(300, { solver: 'cg', preconditioner: 'pivoted-cholesky' }).method.preconditioner).toEqual({
      kind: 'pivoted-cholesky',
      rank: 100,
    });
    expect(plan(300, { outputs: 'shared' }).method).toMatchObject({ solver: 'cholesky', holds: 'kernel' });
  });

  test('refuses what cannot fit, with sizes and remedies', () => {
    expect(() => plan(100_000, { space: 'function', solver: 'cholesky' })).toThrow(
      /100000 examples with 2 outputs, 253002 parameters.* do not fit in 4 GiB: .* needs .* GiB; use a memory limit of .*, or space auto and solver auto, or fewer layers/,
    );
    expect(() => plan(300, { outputs: 'independent', solver: 'cg' })).toThrow(
      '300 examples with 2 outputs, 253002 parameters, 1000 examples to predict: got space auto, solver cg and outputs independent, for which there is no method: ' +
        'outputs independent need function space and Cholesky; use space auto and solver auto, or outputs full',
    );
    expect(() => plan(300, { space: 'function', solver: 'lsmr' })).toThrow(
      'LSMR needs parameter space; use space auto',
    );
    expect(() => plan(60_000, { outputs: 'shared' })).toThrow(
      /60000 examples .* do not fit in 4 GiB: .* needs .* GiB; use a memory limit of .* GiB, or outputs full, or fewer layers/,
    );
    expect(() => plan(300, { memory: 0 })).toThrow('memory: got 0');
  });

  test.each([{}, { space: 'function', solver: 'cholesky' }, { solver: 'cg' }, { solver: 'lsmr' }] as const)(
    'accepts the memory limit that it proposed: %o',
    (named) => {
      const units = { MiB: 2 ** 20, GiB: 2 ** 30 };
      for (const n of [500, 3000, 7000, 12_000, 20_000]) {
        const refused = caught(() => plan(n, { ...named, memory: 2 ** 27 }));
        const [, number, unit] = /use a memory limit of (\S+) ([MG]iB)/.exec(refused.message)!;
        const memory = Number(number) * units[unit as keyof typeof units];
        expect(plan(n, { ...named, memory }).bytes).toBeLessThanOrEqual(memory);
      }
    },
  );

  test('is explained in a table with the chosen method first', () => {
    const [sizes, learning, header, first, ...rest] = explain(plan(2000));
    expect(sizes).toBe(
      '2000 examples with 2 outputs, 253002 parameters, 1000 examples to predict; at most 4 GiB on native',
    );
    expect(learning).toBe('variances are learned from all 4000 rows by one Krylov run with 8 random vectors');
    expect(explain(plan(2000, { learnOn: 'sample' }))[1]).toBe('variances are learned from a sample of the 4000 rows');
    expect(explain(plan(100_000, { layers: 'last', learnOn: 'sample' }))[1]).toBe(
      'variances are learned from all 200000 rows, exactly, by the 1002 parameters; a noise variance for each output from a sample',
    );
    expect(explain(plan(100_000, { layers: 'last' }))[1]).toContain('method');
    expect(explain(plan(300, { learnOn: 'sample' }))[1]).toContain('method');
    expect(header).toContain('time');
    expect(first).toMatch(/^→ {2}function space, kernel matrix, Cholesky, float64 .* chosen$/);
    expect(rest.at(-1)).toContain('too large');
  });
});

describe('a saved plan', () => {
  test('is read as it was, and followed', async () => {
    const { network, backend, x, y, xTest } = await makeProblem();
    const saved = planAdaptation(network, 24, { backend, solver: 'cg' });
    const read = parsePlan(formatPlan(saved), 'plan.json');
    expect(read).toEqual(saved);
    using adapted = await adapt(network, { x, y }, { backend, plan: read });
    expect(adapted.plan).toBe(read);
    expect(adapted.inference.kind).toBe('operator');
    expect((await adapted.predict(xTest)).mean).toHaveLength(15);
  });

  test('is refused for other sizes', async () => {
    const { network, backend, x, y } = await makeProblem({ n: 20 });
    const other = planAdaptation(network, 24, { backend });
    await expect(adapt(network, { x, y }, { backend, plan: other })).rejects.toThrow(
      /a plan for 24 examples.*plan again/,
    );
  });

  test('is refused where options or the backend say otherwise; its own outputs need not be named', async () => {
    const { network, backend, x, y } = await makeProblem({ outputs: 2 });
    const shared = planAdaptation(network, 24, { backend, outputs: 'shared' });
    for (const [options, said] of [
      [{ outputs: 'full' }, /got outputs full, and the plan has shared; leave outputs out, or plan again/],
      [{ dtype: 'float32' }, /got dtype float32, and the plan has float64; leave dtype out, or plan again/],
      [{ space: 'parameter' }, /got space parameter, and the plan has function; leave/],
      [{ solver: 'cg' }, /got solver cg, and the plan has cholesky; leave/],
      [{ noise: 1, priorVariance: 1 }, /learns variances on rows sample, expected none/],
      [{ preconditioner: 'jacobi' }, /got preconditioner jacobi, and the plan has none; leave/],
      [
        { backend: { ...backend, name: 'other' } },
        /got a plan for backend cpu, expected one for other; plan again, or use backend cpu/,
      ],
    ] as [Partial<AdaptOptions>, RegExp][]) {
      const refused = adapt(network, { x, y }, { backend, ...options, plan: shared });
      await expect(refused).rejects.toEqual(expect.objectContaining({ name: 'OptionError' }));
      await expect(refused).rejects.toThrow(said);
    }
    using adapted = await adapt(network, { x, y }, { backend, plan: shared });
    expect([adapted.outputs, adapted.options.outputs]).toEqual(['shared', 'shared']);
  });

  test.each([
    ['no JSON', 'plan', /is not JSON/],
    ['another version', JSON.stringify({ format: 'ntk-plan', version: 2 }), /not a plan of version 1 \(version/],
  ])('is refused: %s', (_, text, message) => {
    expect(() => parsePlan(text, 'plan.json')).toThrow(message);
  });

  test('is refused where it does not say what variances are learned from', () => {
    const old = JSON.stringify({ ...plan(300), format: 'ntk-plan', version: 1, learnsOn: undefined });
    expect(() => parsePlan(old, 'plan.json')).toThrow(
      /^plan\.json: is not a plan of version 1 \(learnsOn: .*\); write one with ntk plan/,
    );
  });

  test('rates are read as they were', () => {
    const rates = ratesOf(cpuBackend());
    expect(parseRates(formatRates(rates, 'cpu'), 'rates.json')).toEqual({ backend: 'cpu', rates });
  });
});

function caught(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('expected an error');
}
