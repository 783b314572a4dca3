import type { WeatherResult } from '@ntk/bench';
import { scoreTable } from './score-table.ts';

/** What `ntk demo` did, for its report. */
export interface DemoOutcome {
  readonly result: WeatherResult;
  readonly backend: string;
  readonly written: readonly string[];
  readonly timeMs: number;
}

/** The report for people, line by line; what came out is last. */
export function demoReport({ result, backend, written, timeMs }: DemoOutcome): string[] {
  const { source, adapted, labelled, heldOut, methods, stages, sentence, verdict } = result;
  return [
    `Seattle: a network with ${adapted.linearization.p} parameters, ${source.epochs} epochs, validation RMSE ${source.validationRmse.toFixed(2)} °C`,
    `New York: ${labelled.length} labelled days, ${heldOut.length} held out; maximum temperature in °C`,
    `on ${backend}, ${(timeMs / 1000).toFixed(1)} s: ${stages
      .map((stage) => `${stage.name} ${stage.timeMs.toFixed(0)} ms`)
      .join(', ')}`,
    '',
    ...scoreTable(
      `${heldOut.length} held-out days`,
      methods.map(({ method, scores }) => ({ name: method, scores })),
    ),
    '',
    `wrote ${written.join(', ')}`,
    '',
    ...(verdict === undefined ? [] : [`From the labelled days alone: ${verdict.sentence}`]),
    sentence,
  ];
}

/** The same as one JSON object. */
export function demoJson({ result, backend, written, timeMs }: DemoOutcome): object {
  const { source, adapted, labelled, heldOut, methods, stages, sentence, verdict } = result;
  return {
    command: 'demo',
    status: 'done',
    source: { epochs: source.epochs, validationRmse: source.validationRmse, parameters: adapted.linearization.p },
    labelled: labelled.length,
    heldOut: heldOut.length,
    ...adapted.hyperparameters,
    methods: methods.map(({ method, scores }) => ({ method, scores })),
    verdict: verdict === undefined ? null : { conclusion: verdict.conclusion, sentence: verdict.sentence },
    sentence,
    stages,
    backend,
    written,
    timeMs,
  };
}
