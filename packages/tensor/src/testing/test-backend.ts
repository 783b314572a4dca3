import { beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../backend.ts';
import { ROUNDINGS } from './rounding.ts';
import { lifetimeSuite } from './suite/lifetime-suite.ts';
import { primitiveSuite, specialSuite } from './suite/primitive-suite.ts';
import { randomSuite } from './suite/random-suite.ts';
import { signatureSuite } from './suite/signature-suite.ts';
import { DTYPES, type BackendSuiteOptions } from './suite/suite-context.ts';

/**
 * The conformance suite of backends: registers, under `name`, the tests that every backend must pass.
 *
 * Each primitive over many shapes, special values and random Programs are compared with the cpu backend in float64, within bounds
 * from the unit roundoff and the size of each sum. What a backend does not support, it must refuse.
 *
 * @param makeBackend - called once, before the first test
 */
export function testBackend(
  name: string,
  makeBackend: () => Backend | Promise<Backend>,
  options: BackendSuiteOptions = {},
): void {
  describe(name, () => {
    let backend: Backend;
    let liveBefore: number | undefined;
    beforeAll(async () => {
      backend = await makeBackend();
      liveBefore = options.liveTensors?.();
      const absent = DTYPES.filter((dtype) => !backend.supports[dtype]);
      if (absent.length > 0) console.log(`skipped: ${name} in ${absent.join(', ')}: not supported by the backend`);
    });
    const roundings = { ...ROUNDINGS, ...options.roundings };
    const context = { backend: (): Backend => backend, options, roundings };
    signatureSuite(context);
    lifetimeSuite(context);
    primitiveSuite(context);
    specialSuite(context);
    randomSuite(context);
    if (options.liveTensors !== undefined) {
      it('leaves no tensor behind', () => {
        expect(options.liveTensors?.()).toBe(liveBefore);
      });
    }
  });
}
