import { OptionError, type Network } from '@ntk/tensor';
import { BestSoFar } from './best-so-far.ts';
import { Breathing } from './breathing.ts';
import { DivergenceError } from './errors.ts';
import { Batch, prepareExamples, type Examples, type TrainingData } from './examples.ts';
import { MeanLoss } from './mean-loss.ts';
import type { OptimizerState } from './optimizers/optimizer.ts';
import { settingsOf, type Settings, type TrainOptions } from './options.ts';
import { ParameterVector } from './parameter-vector.ts';
import type { EpochRecord, TrainingResult } from './result.ts';
import { StepGradient } from './step-gradient.ts';

/**
 * Trains a network on minibatches, or fine-tunes some of its layers.
 *
 * A step minimises the mean over the batch of (weight / mean weight) · loss, plus λ/2 · ‖θ‖². Examples are reshuffled every epoch; a smaller last
 * batch is padded with examples of weight 0, so one compiled Program serves all. The same seed, data and backend give the same bits.
 *
 * @param network - borrowed and never written
 * @param data - inputs and targets; borrowed
 * @returns a new network, with the course of the losses
 * @throws {ShapeError | OptionError | UnsupportedError} if data or options do not fit
 * @throws {DivergenceError} if the loss or a parameter is no longer finite
 *
 * Cost: an epoch is ⌈n / batchSize⌉ runs of a Program that costs about three forward passes, and one pass over the validation data.
 */
export async function train(network: Network, data: TrainingData, options: TrainOptions): Promise<TrainingResult> {
  const settings = settingsOf(network, options);
  options.signal?.throwIfAborted();
  network.values.forEach((values, i) => {
    if (values.every((value) => Number.isFinite(value))) return;
    throw new OptionError(
      `train: parameter '${network.parameters[i]!.name}' holds numbers that are not finite; start from another network`,
    );
  });
  const problem = { network, loss: settings.loss, dtype: settings.dtype };
  const examples = prepareExamples('train', data, problem);
  const validation =
    options.validation === undefined ? undefined : prepareExamples('train: validation', options.validation, problem);
  const run = await TrainingRun.create(network, settings, examples, validation);
  try {
    return await run.run(options);
  } finally {
    run.dispose();
  }
}

/** One call of `train` while it runs. */
class TrainingRun {
  readonly #settings: Settings;
  readonly #examples: Examples;
  readonly #parameters: ParameterVector;
  readonly #batch: Batch;
  readonly #gradient: StepGradient;
  readonly #validation: MeanLoss | undefined;
  readonly #optimizer: OptimizerState;
  readonly #totalSteps: number;
  #step = 0;
  #learningRate = 0;

  private constructor(
    settings: Settings,
    examples: Examples,
    compiled: { parameters: ParameterVector; batch: Batch; gradient: StepGradient; validation: MeanLoss | undefined },
  ) {
    this.#settings = settings;
    this.#examples = examples;
    this.#parameters = compiled.parameters;
    this.#batch = compiled.batch;
    this.#gradient = compiled.gradient;
    this.#validation = compiled.validation;
    this.#optimizer = settings.optimizer.start(compiled.parameters.flat);
    this.#totalSteps = settings.epochs * Math.ceil(examples.n / compiled.batch.size);
  }

  static async create(
    network: Network,
    settings: Settings,
    examples: Examples,
    validation: Examples | undefined,
  ): Promise<TrainingRun> {
    const { backend, dtype, loss, chosen } = settings;
    const parameters = new ParameterVector(network, chosen, dtype);
    const batch = new Batch(examples, Math.min(settings.batchSize, examples.n), dtype);
    const shape = { loss, batchSize: batch.size, targetSize: examples.targetSize };
    const gradient = await StepGradient.create(network, chosen, parameters, shape, { backend, dtype });
    try {
      const meanLoss = validation && (await MeanLoss.create(network, validation, parameters, { loss, backend, dtype }));
      return new TrainingRun(settings, examples, { parameters, batch, gradient, validation: meanLoss });
    } catch (error) {
      gradient.dispose();
      throw error;
    }
  }

  async run({ onEpoch, signal }: Pick<TrainOptions, 'onEpoch' | 'signal'>): Promise<TrainingResult> {
    const started = performance.now();
    const breathing = new Breathing();
    const { epochs, earlyStopping } = this.#settings;
    const { flat } = this.#parameters;
    const initialLoss = await this.#validation?.compute();
    const best = earlyStopping && new BestSoFar(earlyStopping, initialLoss!, flat);
    const history: EpochRecord[] = [];
    let hasStopped = false;
    while (history.length < epochs && !hasStopped) {
      const epoch = history.length + 1;
      const trainLoss = await this.#epoch(epoch, async () => {
        await breathing.ifDue();
        signal?.throwIfAborted();
      });
      const validationLoss = await this.#validation?.compute();
      this.#checkFinite(epoch, validationLoss);
      const timeMs = performance.now() - started;
      const record: EpochRecord = {
        epoch,
        steps: this.#step,
        learningRate: this.#learningRate,
        trainLoss,
        ...(validationLoss === undefined ? {} : { validationLoss }),
        timeMs,
      };
      history.push(record);
      hasStopped = best?.observe(epoch, validationLoss!, flat) ?? false;
      onEpoch?.(record);
    }
    return {
      network: this.#parameters.toNetwork(best?.parameters ?? flat),
      history,
      bestEpoch: best?.epoch ?? history.length,
      stopped: hasStopped ? 'early-stopping' : 'epochs',
      ...(initialLoss === undefined ? {} : { initialValidationLoss: initialLoss }),
    };
  }

  dispose(): void {
    this.#gradient.dispose();
    this.#validation?.dispose();
  }

  /** One pass over the examples in a new order. @returns their mean loss */
  async #epoch(epoch: number, beforeStep: () => Promise<void>): Promise<number> {
    const { n } = this.#examples;
    const order = this.#settings.rng.permutation(n);
    let sum = 0;
    for (let start = 0; start < n; start += this.#batch.size) {
      await beforeStep();
      this.#batch.fill(order, start);
      sum += (await this.#takeStep(epoch)) * this.#batch.count;
    }
    return sum / n;
  }

  async #takeStep(epoch: number): Promise<number> {
    const { optimizer, schedule, l2Penalty } = this.#settings;
    this.#learningRate = optimizer.learningRate * schedule.factor(this.#step, this.#totalSteps);
    const loss = await this.#gradient.compute(this.#batch);
    if (!Number.isFinite(loss)) throw this.#divergence(`the loss became ${loss}`, epoch);
    const { flat } = this.#parameters;
    const { gradient } = this.#gradient;
    if (l2Penalty > 0) for (let i = 0; i < flat.length; i++) gradient[i]! += l2Penalty * flat[i]!;
    this.#optimizer.step(flat, gradient, this.#learningRate);
    this.#step++;
    return loss;
  }

  #checkFinite(epoch: number, validationLoss: number | undefined): void {
    const wrong = this.#parameters.flat.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) throw this.#divergence(`a parameter became ${wrong}`, epoch);
    if (validationLoss !== undefined && !Number.isFinite(validationLoss)) {
      throw this.#divergence(`the validation loss became ${validationLoss}`, epoch);
    }
  }

  #divergence(what: string, epoch: number): DivergenceError {
    return new DivergenceError(what, { epoch, step: this.#step, learningRate: this.#learningRate });
  }
}
