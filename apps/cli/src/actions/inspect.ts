import { checkNetworkFit, encodeInputs, expandNames, fitFeatures, type StoredPosterior } from '@ntk/adapt';
import { describeNetwork, readModel } from '@ntk/models';
import type { Network } from '@ntk/tensor';
import type { InspectArguments } from '../arguments/inspect-command.ts';
import { readModelOptions } from '../arguments/model-options.ts';
import { featureOptions } from '../data/load-data.ts';
import type { Action } from '../main.ts';
import { blamingRows, dtypeOn } from '../network/blame-rows.ts';
import { chooseBackend } from '../network/choose-backend.ts';
import { kernelSpectrum, type KernelSpectrum } from '../network/kernel-spectrum.ts';
import { networkSide } from '../network/network-side.ts';
import { readPosterior } from '../posterior/read-posterior.ts';
import { inspectJson, inspectReport } from '../report/inspect-report.ts';
import { readTable } from '../tables/read-table.ts';
import type { TextStream } from '../terminal/streams.ts';

/** ntk inspect: what a network or a posterior is made of. */
export const inspectAction: Action<InspectArguments> = async (given, { stdout, stderr }) => {
  const { network, stored } = await open(given);
  const spectrum =
    given.data === undefined ? undefined : await spectrumOf(network, { ...given, data: given.data, stored }, stderr);
  const found = { description: describeNetwork(network), stored, spectrum };
  stdout.write(given.json ? `${JSON.stringify(inspectJson(found))}\n` : `${inspectReport(found).join('\n')}\n`);
  return 0;
};

/** A network from its file, or with the posterior that a .ntk file holds. */
async function open(given: InspectArguments): Promise<{ network: Network; stored: StoredPosterior | undefined }> {
  const { model } = given;
  if (!model.toLowerCase().endsWith('.ntk'))
    return { network: await readModel(model, readModelOptions(given)), stored: undefined };
  const stored = await readPosterior(model);
  return { network: stored.network, stored };
}

interface SpectrumRequest extends InspectArguments {
  readonly data: string;
  readonly stored: StoredPosterior | undefined;
}

async function spectrumOf(network: Network, request: SpectrumRequest, stderr: TextStream): Promise<KernelSpectrum> {
  const table = await readTable(request.data);
  const targets = request.target === undefined ? [] : expandNames(table, request.target);
  const schema =
    request.stored?.features ??
    fitFeatures({ inputs: table, targets: table }, targets, await featureOptions(table, request));
  const side = networkSide(network);
  checkNetworkFit(
    { ...schema, targets: Array.from({ length: side.outputs }, (_, output) => String(output)) },
    side,
    table,
  );
  const backend = await chooseBackend(request, { stderr });
  const execution = { backend, dtype: dtypeOn(backend, request.dtype) };
  const encoded = encodeInputs(schema, table);
  return blamingRows({ network, schema, table, encoded }, execution, () =>
    kernelSpectrum(network, encoded.x, execution),
  );
}
