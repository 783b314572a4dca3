import { OptionError, UnsupportedError, type Backend, type DType, type Network, type Rng } from '@ntk/tensor';
import { selectParameters, type LayerSelection } from '@ntk/jacobian';
import type { TrainingData } from './examples.ts';
import type { Loss } from './losses/loss.ts';
import { lossOf, type LossName } from './losses/named.ts';
import { adam } from './optimizers/adam.ts';
import type { Optimizer } from './optimizers/optimizer.ts';
import type { EpochRecord } from './result.ts';
import { constantRate, type Schedule } from './schedule.ts';
import { NOT_NEGATIVE, checkCount, checkSetting } from './settings.ts';

/** When to stop because validation data no longer gain. */
export interface EarlyStopping {
  /** Epochs without an improvement after which training stops. */
  readonly patience: number;
  /** By how much the validation loss must fall below the best so far to count as an improvement, in units of the loss; 0 by default. */
  readonly minDelta?: number;
}

/** The part of an AbortSignal that training looks at; named here so that the types need neither a browser's nor Node's. */
export interface StopSignal {
  /** Throws the signal's reason once it is aborted. */
  throwIfAborted(): void;
}

/** How a network is trained. */
export interface TrainOptions {
  readonly backend: Backend;
  /** Largest number of passes over the training data. */
  readonly epochs: number;
  /** Orders the examples of each epoch; its stream moves on. */
  readonly rng: Rng;
  /** Examples a step, at most all of them; 32 by default. */
  readonly batchSize?: number;
  /** 'squared-error' by default. */
  readonly loss?: LossName | Loss;
  /** `adam()` by default. */
  readonly optimizer?: Optimizer;
  /** `constantRate()` by default. */
  readonly schedule?: Schedule;
  /** Which layers learn; the others keep their values bit by bit. 'all' by default. */
  readonly layers?: LayerSelection;
  /** λ of the penalty λ/2 · ‖θ‖² on all learning parameters, biases included, that is added to the mean loss; 0 by default. */
  readonly l2Penalty?: number;
  /** Examples that are only evaluated, after every epoch. */
  readonly validation?: TrainingData;
  /** Needs `validation`; the result is then the network of the best epoch. */
  readonly earlyStopping?: EarlyStopping;
  /** Element type of the arithmetic; float32 by default where the backend has it. */
  readonly dtype?: DType;
  /** Called after every epoch. */
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Aborting rejects with the signal's reason, before the next step. */
  readonly signal?: StopSignal;
}

/** Options with their defaults, checked. */
export interface Settings {
  readonly backend: Backend;
  readonly dtype: DType;
  readonly epochs: number;
  readonly rng: Rng;
  readonly batchSize: number;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  /** Positions in `network.parameters` of those that learn. */
  readonly chosen: readonly number[];
  readonly l2Penalty: number;
  readonly earlyStopping: Required<EarlyStopping> | undefined;
}

/** @throws {OptionError | UnsupportedError} naming the option that does not fit */
export function settingsOf(network: Network, options: TrainOptions): Settings {
  const { backend, epochs, rng, batchSize = 32, l2Penalty = 0 } = options;
  checkCount('train', 'epochs', epochs);
  checkCount('train', 'batchSize', batchSize);
  checkSetting('train', 'l2Penalty', l2Penalty, NOT_NEGATIVE);
  return {
    backend,
    dtype: dtypeFor('train', backend, options.dtype),
    epochs,
    rng,
    batchSize,
    loss: lossOf(options.loss ?? 'squared-error'),
    optimizer: options.optimizer ?? adam(),
    schedule: options.schedule ?? constantRate(),
    chosen: selectParameters(network, options.layers ?? 'all'),
    l2Penalty,
    earlyStopping: earlyStoppingOf(options),
  };
}

/** The dtype asked for, or float32 where the backend has it. @throws {UnsupportedError} if the backend lacks it */
export function dtypeFor(where: string, backend: Backend, asked: DType | undefined): DType {
  const dtype = asked ?? (backend.supports.float32 ? 'float32' : 'float64');
  if (backend.supports[dtype]) return dtype;
  throw new UnsupportedError(
    `${where}: backend ${backend.name} has no ${dtype}, choose the other dtype or another backend`,
  );
}

function earlyStoppingOf({ earlyStopping, validation }: TrainOptions): Settings['earlyStopping'] {
  if (earlyStopping === undefined) return undefined;
  if (validation === undefined) {
    throw new OptionError(
      'train: got earlyStopping without validation data, expected both; give validation, or leave earlyStopping out',
    );
  }
  const { patience, minDelta = 0 } = earlyStopping;
  checkCount('train', 'earlyStopping.patience', patience);
  checkSetting('train', 'earlyStopping.minDelta', minDelta, NOT_NEGATIVE);
  return { patience, minDelta };
}
