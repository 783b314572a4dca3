import type { OutputActivation, ProgramBuilder, Value } from '@ntk/tensor';
import type { Activated } from './activated.ts';
import type { OutputMode } from './output-mode.ts';

/** The one output of a Program. */
export interface SplitOutputs {
  /** [n, c]. */
  readonly value: Value;
  readonly outputActivation?: OutputActivation;
  readonly notes: readonly string[];
}

/**
 * Joins a model's outputs to one and splits off the activation that ends them.
 *
 * What is linearised should be logits: their distribution is close to Gaussian, that of probabilities is not. Several outputs
 * lose a sigmoid if all end in one; a softmax of each cannot be applied again to all together, so it stays.
 *
 * @param outputs - values [n, c]
 */
export function splitOutputs(
  builder: ProgramBuilder,
  outputs: readonly Value[],
  { activated, outputMode }: { readonly activated: ReadonlyMap<Value, Activated>; readonly outputMode: OutputMode },
): SplitOutputs {
  const found = outputs.map((value) => activated.get(value));
  const activation = found[0]?.activation;
  const alike =
    found.every((entry) => entry?.activation === activation) && (outputs.length === 1 || activation === 'sigmoid');
  if (outputMode === 'keep' || activation === undefined || !alike) {
    const kept = new Set(found.flatMap((entry) => entry?.activation ?? []));
    return {
      value: builder.concat(outputs, 1),
      notes: [...kept].map((name) => `outputs end in ${name}, which is part of the linearised function`),
    };
  }
  const logits = found.map((entry) => entry!.logits);
  return {
    value: builder.concat(logits, 1),
    outputActivation: activation,
    notes: [`the final ${activation} is split off: outputs are logits`],
  };
}
