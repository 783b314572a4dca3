import { encodePosterior, storePosterior } from '@ntk/adapt';
import { ADAPTED, TARGET, typicalYear, weatherExperiment, type WeatherResult } from '@ntk/bench';
import { normalQuantile } from '@ntk/gp';
import { OptionError, forward } from '@ntk/tensor';
import type { DemoArguments } from '../arguments/demo-command.ts';
import type { Action } from '../main.ts';
import { chooseBackend } from '../network/choose-backend.ts';
import { checkPlotPath } from '../plot/plot-path.ts';
import { renderSvg, type Chart } from '../plot/render-svg.ts';
import { yearChart } from '../plot/year-chart.ts';
import { demoJson, demoReport } from '../report/demo-report.ts';
import { checkOutputs, writeOutputs, type OutputFile } from '../tables/outputs.ts';
import { checkTablePath, encodeTable } from '../tables/write-table.ts';
import { progressBar } from '../terminal/progress.ts';
import { checkPosteriorPath } from './prepare-adapt.ts';

const LEVEL = 0.95;
/** Stages of the experiment: data, training, adapting, predicting, verdict, and three baselines. */
const STAGES = 8;

/** ntk demo: the embedded default, from the weather of Seattle to that of New York. */
export const demoAction: Action<DemoArguments> = async (given, { stdout, stderr }) => {
  const { out, plot, save, days, seed } = given;
  checkTablePath(out);
  checkPlotPath(plot);
  if (save !== undefined) checkPosteriorPath(save);
  await checkOutputs([out, plot, ...(save === undefined ? [] : [save])]);
  if (given.dtype === 'float32')
    throw new OptionError('--dtype float32 is not available for the demo: it computes in float64');
  const startMs = performance.now();
  const backend = await chooseBackend({ ...given, dtype: 'float64' }, { stderr });
  const progress = progressBar(stderr);
  let begun = 0;
  try {
    const onStage = (stage: string): void => progress.update(stage, begun++, STAGES);
    using result = await weatherExperiment({ backend, days, seed, level: LEVEL, onStage });
    const files = [
      predictionsFile(out, result),
      { path: plot, content: await renderSvg(await drawYear(result)) },
      ...(save === undefined ? [] : [{ path: save, content: await posteriorContent(result) }]),
    ];
    await writeOutputs(files);
    progress.stop();
    const outcome = {
      result,
      backend: backend.name,
      written: files.map(({ path }) => path),
      timeMs: performance.now() - startMs,
    };
    stdout.write(given.json ? `${JSON.stringify(demoJson(outcome))}\n` : `${demoReport(outcome).join('\n')}\n`);
    return 0;
  } finally {
    progress.stop();
  }
};

async function posteriorContent({ adapted, source }: WeatherResult): Promise<Uint8Array> {
  return encodePosterior(await storePosterior(adapted, { features: source.features }));
}

/** One row a held-out day. */
function predictionsFile(path: string, { methods, heldOut, adapted }: WeatherResult): OutputFile {
  const { mean, variance } = methods.find(({ method }) => method === ADAPTED)!.prediction;
  const half = variance.map((value) => normalQuantile(0.5 + LEVEL / 2) * Math.sqrt(value));
  const { noiseVariance } = adapted.hyperparameters;
  const columns = [
    { name: `mean_${TARGET}`, values: mean },
    { name: `variance_${TARGET}`, values: variance.map((value) => value - noiseVariance) },
    { name: `lower_${TARGET}`, values: mean.map((value, i) => value - half[i]!) },
    { name: `upper_${TARGET}`, values: mean.map((value, i) => value + half[i]!) },
    { name: `observed_${TARGET}`, values: heldOut.map(({ temperature }) => temperature) },
  ];
  return { path, content: encodeTable(path, columns, [{ name: 'date', cells: heldOut.map(({ date }) => date) }]) };
}

async function drawYear(result: WeatherResult): Promise<Chart> {
  const { adapted, source, labelled, heldOut } = result;
  const { dayOfYear, x } = typicalYear(source.features, [...labelled, ...heldOut]);
  const { backend, dtype } = adapted.linearization;
  using outputs = await forward(source.network, x, { backend, dtype });
  return yearChart(result, {
    dayOfYear,
    adapted: await adapted.predict(x),
    untouched: Float64Array.from(await backend.read(outputs)),
    level: LEVEL,
  });
}
