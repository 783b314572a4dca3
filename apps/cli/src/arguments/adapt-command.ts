import type { NoiseOption, OutputsLayout } from '@ntk/adapt';
import { TFJS_NAMES } from '@ntk/backend-tfjs';
import type { LayerSelection } from '@ntk/jacobian';
import { Command } from 'commander';
import type { SolverBackendName } from '../network/choose-solver-backend.ts';
import { parseChoice } from './choices.ts';
import { addFeatureOptions, addLaterOptions, type FeatureArguments } from './data-options.ts';
import { addIntervalOptions, type IntervalArguments } from './interval-options.ts';
import { addModelOptions, type ModelArguments } from './model-options.ts';
import { choiceOption, listOption, valueOption } from './options.ts';
import { addPlanningOptions, type PlanningArguments } from './planning-options.ts';
import { addOutputOptions, addRunOptions, type OutputArguments, type RunArguments } from './run-options.ts';
import { addSaveOptions, type SaveArguments } from './save-options.ts';
import { parseLayers, parseNoise, parsePath, parseVariance } from './values.ts';

/** What `ntk adapt` was asked to do. */
export interface AdaptArguments
  extends ModelArguments,
    FeatureArguments,
    RunArguments,
    IntervalArguments,
    OutputArguments,
    SaveArguments,
    PlanningArguments {
  readonly command: 'adapt';
  readonly data: string;
  /** Entries as written: names of columns of `data`, or one path of a table of targets. */
  readonly target: readonly string[];
  readonly test?: string;
  readonly plotEvidence?: string;
  /** Squared units of the target; one for all targets, or one for each. */
  readonly noise: NoiseOption;
  readonly priorVariance: 'learn' | number;
  readonly learnOn: 'all' | 'sample';
  readonly mean: 'network' | 'zero' | 'constant';
  readonly layers: LayerSelection;
  /** That of a plan, or full, unless given. */
  readonly outputs?: OutputsLayout;
  readonly solverBackend: 'auto' | SolverBackendName;
}

const EXAMPLES = `
Examples:
  ntk adapt --model mlp/ --data labelled.csv --target temp_max --test new.csv --out predictions.csv
  ntk adapt --model mlp/model.json --data X.npy --target Y.npy --test Xs.npy --out predictions.npy
  ntk adapt --model mlp/ --data labelled.csv --target y \\
    --inputs b,a,sky --one-hot sky=fog,rain,sun --save adapted.ntk

The report ends with a verdict by leave-one-out: whether the adapted network predicts better than
the untouched one.
`;

/** The subcommand adapt; `use` receives what it was asked. */
export function adaptCommand(use: (given: AdaptArguments) => void): Command {
  const command = new Command('adapt')
    .summary('adapt a network to a table of target data: predictions, report, posterior')
    .description(
      'Adapts a trained network to a table of target data: the network, linearised at its weights, becomes a Gaussian process, which is conditioned on the data.',
    );
  return addAdaptOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((given: Omit<AdaptArguments, 'command'>) => use({ ...given, command: 'adapt' }));
}

/** Adds the options of `AdaptArguments`. */
export function addAdaptOptions(command: Command): Command {
  addInputs(command);
  addFeatureOptions(command);
  addProcess(command);
  addPlanningOptions(command);
  addIntervalOptions(command);
  addOutputOptions(command).addOption(
    valueOption('--plot-evidence <file>', 'write the evidence of prior and noise variance as .svg', {
      parse: parsePath,
    }),
  );
  addSaveOptions(command);
  return addLaterOptions(addRunOptions(command));
}

function addInputs(command: Command): void {
  addModelOptions(
    command.optionsGroup('Network and data:'),
    'directory with model.json, the file (TensorFlow.js LayersModel or GraphModel), or an .onnx file',
  )
    .addOption(
      valueOption('--data <file>', 'target data: .csv with a header line, .npy or .npz', {
        parse: parsePath,
      }).makeOptionMandatory(),
    )
    .addOption(
      listOption(
        '--target <names>',
        'column to predict, one for each output of the network, separated by commas; or a file of targets with as many rows',
      ).makeOptionMandatory(),
    )
    .addOption(valueOption('--test <file>', 'rows to predict (default: those of --data)', { parse: parsePath }));
}

function addProcess(command: Command): void {
  command
    .optionsGroup('Gaussian process:')
    .addOption(
      valueOption(
        '--noise <variance>',
        'noise variance, in squared units of the target: learn, learn-outputs (one for each target), a number, or one for each target separated by commas',
        { parse: parseNoise, default: 'learn' },
      ),
    )
    .addOption(
      valueOption('--prior-variance <learn|variance>', "factor on the tangent kernel of the network's own outputs", {
        parse: parseVariance,
        default: 'learn',
      }),
    )
    .addOption(
      choiceOption(
        '--learn-on',
        'rows that variances are learned from, where there are more than 2,000: all, or as many at random',
        {
          now: ['all', 'sample'],
        },
      ),
    )
    .addOption(choiceOption('--mean', 'prior mean', { now: ['network', 'zero', 'constant'] }))
    .addOption(
      valueOption(
        '--layers <all|last|top:K|names>',
        "layers to linearise, names or a pattern such as 'conv*'; the others stay as they are",
        {
          parse: parseLayers,
          default: 'all',
        },
      ),
    )
    .addOption(choiceOption('--head', 'what becomes of the last layer', { now: ['keep'], later: ['new', 'shared'] }))
    .addOption(
      valueOption(
        '--outputs <full|independent|shared>',
        'covariances between outputs: all, none, or none and one kernel for all (default: full, with --plan that of the plan)',
        { parse: parseChoice({ now: ['full', 'independent', 'shared'] }) },
      ),
    )
    .addOption(
      choiceOption('--likelihood', 'likelihood of the targets', {
        now: ['gaussian'],
        later: ['categorical', 'bernoulli', 'poisson'],
      }),
    )
    .addOption(
      choiceOption('--method', 'method of inference', { now: ['gp'], later: ['map', 'laplace', 'vi', 'dirichlet'] }),
    )
    .addOption(
      choiceOption('--solver-backend', 'what runs the linear algebra: as --backend unless named', {
        now: ['auto', 'ort', 'cpu', 'gpujs', ...TFJS_NAMES],
      }),
    );
}
