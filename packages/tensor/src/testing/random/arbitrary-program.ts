import fc from 'fast-check';
import { ProgramBuilder } from '../../builder.ts';
import type { Primitive } from '../../primitives/attributes.ts';
import { PRIMITIVES } from '../../primitives/table.ts';
import type { Program } from '../../program.ts';
import { Rng } from '../../rng.ts';
import { sizeOf, type Shape } from '../../shape.ts';
import type { Known, Recipe } from './recipe.ts';
import { RECIPES } from './recipes.ts';

/** A random Program with values for its inputs. */
export interface RandomProgram {
  readonly program: Program;
  /** Multiples of 1/8 in [-2, 2], one array for each input: exact in every dtype. */
  readonly inputs: readonly Float64Array[];
}

/** What random Programs are made of. */
export interface RandomProgramOptions {
  /** Primitives to use; all by default. A recipe such as log(x² + 1) is used only if all of its primitives are there. */
  readonly primitives?: ReadonlySet<Primitive>;
  /** At most this many operations, some of more than one node; 20 by default. */
  readonly maxSteps?: number;
  /** Shapes of the inputs; by default one to three random ones of rank 0 to 3. */
  readonly inputs?: readonly { readonly shape: Shape; readonly exampleAxis: number | null }[];
}

/** Values stay below this, and so does the number of elements of each. */
const MAX_BOUND = 1000;
const MAX_SIZE = 250;

/**
 * A fast-check arbitrary of Programs: every primitive, shared values, unused inputs, outputs that are inputs or constants, and one
 * value as several outputs. Values stay moderate, divisors and arguments of logarithms away from zero, and only values free of
 * rounding are compared, so that a run in another dtype is near the oracle.
 */
export function arbitraryProgram(options: RandomProgramOptions = {}): fc.Arbitrary<RandomProgram> {
  const { primitives = PRIMITIVES, maxSteps = 20 } = options;
  const recipes = RECIPES.filter(({ needs }) => needs.every((op) => primitives.has(op)));
  const signature =
    options.inputs === undefined
      ? fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }), { minLength: 1, maxLength: 3 })
      : fc.constant(options.inputs.map((input) => [...input.shape]));
  const step = fc.record({ recipe: fc.nat(1000), operand: fc.nat(1000), choice: fc.nat(1000) });
  return fc
    .record({
      shapes: signature,
      steps: fc.array(step, { minLength: 1, maxLength: maxSteps, size: 'max' }),
      outputs: fc.array(fc.nat(1000), { maxLength: 2 }),
      seed: fc.nat(),
    })
    .map((plan) => grow(plan, recipes, options.inputs));
}

interface Plan {
  readonly shapes: readonly Shape[];
  readonly steps: readonly { readonly recipe: number; readonly operand: number; readonly choice: number }[];
  readonly outputs: readonly number[];
  readonly seed: number;
}

function grow(plan: Plan, recipes: readonly Recipe[], declared: RandomProgramOptions['inputs']): RandomProgram {
  const b = new ProgramBuilder('random');
  const known: Known[] = plan.shapes.map((shape, i) => ({
    value: b.input(`x${i}`, shape, { exampleAxis: declared?.[i]?.exampleAxis ?? null }),
    bound: 2,
    exact: true,
  }));
  for (const { recipe, operand, choice } of plan.steps) {
    // Mostly recent values: that makes Programs deep.
    const a = known[Math.max(0, known.length - 1 - (operand % 3))]!;
    const made = recipes[recipe % Math.max(1, recipes.length)]?.apply({ b, a, known, choice });
    if (made !== undefined && made.bound <= MAX_BOUND && sizeOf(b.shape(made.value)) <= MAX_SIZE) known.push(made);
  }
  b.output('y', known.at(-1)!.value);
  plan.outputs.forEach((index, i) => b.output(`y${i}`, known[index % known.length]!.value));
  const program = b.build();
  const rng = new Rng(plan.seed);
  const inputs = program.inputs.map(({ shape }) =>
    Float64Array.from({ length: sizeOf(shape) }, () => (rng.integer(33) - 16) / 8),
  );
  return { program, inputs };
}
