import { kernelWeights, type Conditioning, type KernelQuery, type Targets, type WeightSystem } from '@ntk/gp';
import type { LinearOperator, Matrix } from '@ntk/linop';
import type { AdaptedNetwork } from '../adapt.ts';
import { pick, systemJacobians } from './system-jacobian.ts';

/** One of the Gaussian processes that an adapted network consists of: one of all rows for outputs `full`, otherwise one an output. */
export interface OutputSystem {
  /** [rows, features]; borrows from the linearization. */
  readonly jacobian: LinearOperator;
  /** Systems that have kernel and noise in common have the same one. */
  readonly weights: WeightSystem;
  /** `Conditioning.root` in function space; undefined where there is no factor over the rows. */
  readonly rowRoot: (() => Promise<Matrix>) | undefined;
  /** `Conditioning.root` in parameter space. */
  readonly weightRoot: (() => Promise<Matrix>) | undefined;
  readonly targets: Targets;
}

/** The Gaussian processes of an adapted network. They borrow from it, and there is nothing to dispose. */
export async function outputSystems(adapted: AdaptedNetwork): Promise<OutputSystem[]> {
  const { inference, linearization, outputs: layout } = adapted;
  const { priorVariance } = adapted.hyperparameters;
  const jacobians = systemJacobians(linearization, layout);
  const targets = await systemTargets(adapted);
  const made = new Map<Conditioning<KernelQuery>, WeightSystem>();
  const fromKernel = (conditioning: Conditioning<KernelQuery>, i: number): OutputSystem => {
    const jacobian = jacobians[i] ?? jacobians[0]!;
    const weights = made.get(conditioning) ?? kernelWeights(conditioning, jacobian, priorVariance);
    made.set(conditioning, weights);
    return { jacobian, weights, rowRoot: () => conditioning.root(), weightRoot: undefined, targets: targets[i]! };
  };
  switch (inference.kind) {
    case 'kernel':
      return [fromKernel(inference.posterior.conditioning, 0)];
    case 'independent':
    case 'shared':
      return inference.posterior.conditionings.map(fromKernel);
    case 'jacobian':
    case 'operator': {
      const { conditioning } = inference.posterior;
      const weightRoot = inference.kind === 'jacobian' ? () => conditioning.root() : undefined;
      return [{ jacobian: jacobians[0]!, weights: conditioning, rowRoot: undefined, weightRoot, targets: targets[0]! }];
    }
  }
}

/** Targets and prior mean of each system. */
async function systemTargets({ data, linearization, options, outputs: layout }: AdaptedNetwork): Promise<Targets[]> {
  const { backend, c } = linearization;
  const outputs = layout === 'full' ? [undefined] : Array.from({ length: c }, (_, output) => output);
  const of = (values: Float64Array, output: number | undefined) =>
    output === undefined ? values : pick(values, c, output);
  const network = options.mean === 'network' ? Float64Array.from(await backend.read(linearization.outputs)) : undefined;
  return outputs.map((output) => {
    const yTrain = of(data.y, output);
    if (network !== undefined) return { yTrain, priorMean: { kind: 'fixed', values: of(network, output) } };
    if (options.mean === 'zero') return { yTrain };
    return { yTrain, priorMean: { kind: 'constant', outputs: output === undefined ? c : 1 } };
  });
}
