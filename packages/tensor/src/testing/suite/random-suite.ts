import fc from 'fast-check';
import { interpret } from '../../cpu/interpreter.ts';
import { printProgram } from '../../print.ts';
import { shapeOf } from '../../program.ts';
import { Rng } from '../../rng.ts';
import { expectAllclose } from '../allclose.ts';
import { arbitraryProgram, type RandomProgram } from '../random/arbitrary-program.ts';
import { outputBounds } from '../random/perturbed.ts';
import { describeInEachDType, evaluateOn, type SuiteContext } from './suite-context.ts';

/** Random Programs of the supported primitives, in the supported dtypes, against the oracle. */
export function randomSuite(context: SuiteContext): void {
  describeInEachDType(context, 'random Programs', {
    'agree with the oracle': async (backend, dtype) => {
      const { randomPrograms = 60, seed = 1 } = context.options;
      const check = async ({ program, inputs }: RandomProgram): Promise<void> => {
        const actual = await evaluateOn(backend, program, inputs, dtype);
        const expected = interpret(program, 'float64', inputs);
        const bounds = outputBounds(program, inputs, { dtype, roundings: context.roundings, rng: new Rng(seed) });
        program.outputs.forEach(({ value }, i) =>
          expectAllclose(actual[i]!, expected[i]!.data, { atol: bounds[i]!, shape: shapeOf(program, value) }),
        );
      };
      const programs = arbitraryProgram({ primitives: backend.supports.primitives });
      await fc.assert(fc.asyncProperty(programs, check), { seed, numRuns: randomPrograms, reporter: explain });
    },
  });
}

/** Throws with the smallest Program that failed, printed, and why it did. */
function explain(details: fc.RunDetails<[RandomProgram]>): void {
  if (!details.failed) return;
  const cause = details.errorInstance instanceof Error ? details.errorInstance.message : 'no reason given';
  const program = details.counterexample === null ? '' : printProgram(details.counterexample[0].program);
  throw new Error(`after ${details.numRuns} Programs (seed ${details.seed}): ${cause}\n${program}`);
}
