import type { GaussianScores } from '@ntk/gp';
import { relationOf, type Comparison, type Relation } from './comparison.ts';
import type { Validation } from './validation.ts';

/** Ways to predict that the verdict compares. */
export type Method = 'constant' | 'untouched network' | 'last layer' | 'adapted network';

/** Scores of one method on the left-out examples, one entry for each output. */
export interface MethodScores {
  readonly method: Method;
  readonly scores: readonly GaussianScores[];
}

/** The adapted network against each alternative that could be had: positive gains are in its favour. */
export type Comparisons = Readonly<Partial<Record<Exclude<Method, 'adapted network'>, Comparison>>>;

const FEW = 10;

/** Outputs beyond which a sentence does not list them. */
const MANY = 3;

/**
 * One sentence, and what it comes to: is adapting better than leaving the network as it is? A network that only ties with a constant has learned
 * nothing, so that is no success; where the last layer alone does as well or better, the sentence says so.
 */
export function conclude(
  comparisons: Comparisons,
  methods: readonly MethodScores[],
  { kind, folds, examples }: Validation,
): { conclusion: Relation; sentence: string } {
  const relation = (method: keyof Comparisons): Relation | undefined => {
    const comparison = comparisons[method];
    return comparison === undefined ? undefined : relationOf(comparison);
  };
  const n = examples.length;
  const few = n < FEW ? ', too few to be sure of much' : '';
  const how = kind === 'k-fold' ? `${folds.length}-fold` : kind;
  const change = `${how} RMSE ${errorsOf(methods, 'untouched network')} untouched, ${errorsOf(methods, 'adapted network')} adapted (${n} examples${few})`;
  const untouched = relation('untouched network')!;
  if (untouched === 'worse')
    return { conclusion: 'worse', sentence: `Keep your old model: adapting makes it worse, ${change}.` };
  if (untouched === 'not distinguishable') {
    return {
      conclusion: 'not distinguishable',
      sentence: `Not distinguishable from the untouched network: ${change}; keep your old model unless more data say otherwise.`,
    };
  }
  if (relation('constant') !== 'better') {
    return {
      conclusion: 'not distinguishable',
      sentence: `Better than the untouched network but not than a constant (${errorsOf(methods, 'constant')}): ${change}; the inputs say little about these targets.`,
    };
  }
  return {
    conclusion: 'better',
    sentence: `Adapting helps: ${change}${besideLastLayer(relation('last layer'), methods)}.`,
  };
}

function besideLastLayer(relation: Relation | undefined, methods: readonly MethodScores[]): string {
  if (relation === undefined || relation === 'better') return '';
  const errors = errorsOf(methods, 'last layer');
  return relation === 'worse'
    ? `; the last layer alone does better (${errors})`
    : `; the last layer alone does as well (${errors})`;
}

/**
 * What a reader should know beside the conclusion: an untouched network that does worse than a constant, intervals that hold too few or too
 * many targets, a density that became worse.
 */
export function warningsOf(methods: readonly MethodScores[]): string[] {
  const scores = (method: Method): readonly GaussianScores[] =>
    methods.find((entry) => entry.method === method)!.scores;
  const warnings: string[] = [];
  const untouched = scores('untouched network');
  const adapted = scores('adapted network');
  if (untouched.some(({ rmse }, output) => rmse.value > scores('constant')[output]!.rmse.value)) {
    warnings.push(
      'the untouched network predicts worse than a constant; most often its inputs or outputs are scaled differently from these data',
    );
  }
  for (const { coverage, level, rows } of adapted) {
    const spread = Math.sqrt((level * (1 - level)) / rows);
    if (Math.abs(coverage.value - level) > 3 * spread) {
      const percent = (share: number): string => `${Math.round(100 * share)} %`;
      warnings.push(
        `the ${percent(level)} intervals hold ${percent(coverage.value)} of the left-out targets; the noise variance or the prior variance does not fit these data`,
      );
      break;
    }
  }
  if (
    adapted.some(
      ({ nlpd }, output) =>
        nlpd.value > untouched[output]!.nlpd.value + 2 * (nlpd.standardError + untouched[output]!.nlpd.standardError),
    )
  ) {
    warnings.push(
      'the predictive density (NLPD) is worse than that of the untouched network with the spread of its errors: do not rely on the intervals',
    );
  }
  return warnings;
}

/** The error of each output; of many, the smallest and the largest. */
function errorsOf(methods: readonly MethodScores[], method: Method): string {
  const errors = methods.find((entry) => entry.method === method)!.scores.map(({ rmse }) => rmse.value);
  if (errors.length > MANY) return `${short(Math.min(...errors))} to ${short(Math.max(...errors))}`;
  return errors.map(short).join(' and ');
}

/** Three digits, with an exponent where they alone would mislead. */
function short(value: number): string {
  const digits = value.toPrecision(3);
  return Math.abs(value) >= 1e6 ? Number(digits).toExponential() : String(Number(digits));
}
