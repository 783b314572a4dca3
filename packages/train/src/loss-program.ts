import { ProgramBuilder, inline, rebatch, type Network, type Program } from '@ntk/tensor';
import { vjp } from '@ntk/jacobian';
import type { Loss } from './losses/loss.ts';

/** The size of a loss's Program. */
export interface LossProgramShape {
  readonly loss: Loss;
  /** Examples a run. */
  readonly batchSize: number;
  /** Numbers of an example's targets. */
  readonly targetSize: number;
}

/**
 * The Program of the loss of each example.
 *
 * Inputs: x, every parameter, targets [n, columns]. Output: losses [n].
 */
export function lossProgram(network: Network, { loss, batchSize, targetSize }: LossProgramShape): Program {
  const program = rebatch(network.program, batchSize);
  const b = new ProgramBuilder(`${program.name}.loss`);
  const inputs = program.inputs.map(({ shape }, i) => b.input(inputName(i), shape));
  const targets = b.input('targets', [batchSize, targetSize]);
  const output = inline(b, program, inputs)[program.outputs[0]!.value]!;
  b.output('losses', loss.emit(b, output, targets).losses);
  return b.build();
}

/**
 * The Program of one training step: the loss of each example and the gradient of their weighted sum.
 *
 * Its gradient sums over examples, which is what a step is for; so no input declares an example axis.
 * Inputs: x, every parameter, targets [n, columns], weights [n, 1]. Outputs: losses [n], then one gradient for each chosen parameter.
 *
 * @param chosen - positions in `network.parameters` of those to train
 */
export function stepProgram(
  network: Network,
  chosen: readonly number[],
  { loss, batchSize, targetSize }: LossProgramShape,
): Program {
  const program = rebatch(network.program, batchSize);
  const b = new ProgramBuilder(`${program.name}.step`);
  const inputs = program.inputs.map(({ shape }, i) => b.input(inputName(i), shape));
  const targets = b.input('targets', [batchSize, targetSize]);
  const weights = b.input('weights', [batchSize, 1]);
  const { output, pullback } = vjp(
    b,
    program,
    inputs,
    chosen.map((parameter) => parameter + 1),
  );
  const { losses, gradient } = loss.emit(b, output, targets);
  b.output('losses', losses);
  pullback(b.mul(gradient, weights)).forEach((value, i) => b.output(`gradient${i}`, value));
  return b.build();
}

// Names of their own: a network may call a parameter 'targets'.
function inputName(input: number): string {
  return input === 0 ? 'x' : `parameter${input - 1}`;
}
