import { OptionError, sizeOf, type Network } from '@ntk/tensor';
import { retrace } from './retrace.ts';
import type { TracedModel } from './trace-model.ts';

/** The files of a LayersModel. */
export interface LayersModelFiles {
  /** The content of model.json: plain JSON. */
  readonly modelJson: { readonly [key: string]: unknown };
  /** The content of weights.bin, which model.json names. */
  readonly weights: Uint8Array;
}

/** The binary file's name. */
export const WEIGHTS_FILE = 'weights.bin';

/**
 * A Network as the files of a LayersModel that TensorFlow.js loads.
 *
 * The file computes what the network's source computed: an activation that was split off the outputs is in it. Values are rounded to float32.
 *
 * @throws {OptionError} if the network does not come from a LayersModel or `denseNetwork`, or its Program was changed since
 */
export function formatLayersModel(network: Network): LayersModelFiles {
  const { parameters, values } = network;
  const topology = network.meta.topology?.model;
  const traced = retrace(network);
  if (traced === undefined) {
    throw new OptionError(
      `formatLayersModel: got the network '${network.meta.name}' ${topology === undefined ? 'without layers' : 'whose layers were changed'}, expected one as readLayersModel or denseNetwork gives it; write that one with new values`,
    );
  }
  const names = fileNames(traced);
  const weights = parameters.map(({ shape }, i) => ({ name: names[i]!, shape: [...shape], dtype: 'float32' }));
  const all = new Float32Array(parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  let offset = 0;
  for (const array of values) {
    all.set(array, offset);
    offset += array.length;
  }
  return {
    modelJson: {
      format: 'layers-model',
      generatedBy: 'ntk',
      convertedBy: null,
      modelTopology: topology,
      weightsManifest: [{ paths: [WEIGHTS_FILE], weights }],
    },
    weights: new Uint8Array(all.buffer),
  };
}

/**
 * Writes a Network to a directory as a LayersModel: model.json and weights.bin (Node). Each file appears by an atomic rename, model.json last.
 *
 * @param directory - made if it is not there
 * @throws what `formatLayersModel` throws
 */
export async function writeLayersModel(network: Network, directory: string): Promise<void> {
  const { modelJson, weights } = formatLayersModel(network);
  // Loaded late, so that the package's entry works in a browser.
  const { mkdir, rename, writeFile } = await import('node:fs/promises');
  const nodePath = await import('node:path');
  await mkdir(directory, { recursive: true });
  const files = [
    [WEIGHTS_FILE, weights],
    ['model.json', JSON.stringify(modelJson)],
  ] as const;
  for (const [name, content] of files) {
    const path = nodePath.join(directory, name);
    await writeFile(`${path}.part`, content);
    await rename(`${path}.part`, path);
  }
}

/**
 * Names of the weights under which TensorFlow.js finds them: it knows 'layer/slot' and 'layer/cell/slot', but no model's name before them.
 */
function fileNames({ parameters, slots }: TracedModel): string[] {
  const short = parameters.map(({ layer }, i) => `${layer.split('/').at(-1)!}/${slots[i]!}`);
  return parameters.map(({ name, layer }, i) => {
    const stored = name.replace(/:\d+$/, '');
    const numbered = /\/\d+$/.test(stored);
    const unique = short.indexOf(short[i]!) === short.lastIndexOf(short[i]!);
    const known = numbered || !stored.includes(`/${layer.split('/').at(-1)!}/`);
    return known || !unique ? stored : short[i]!;
  });
}
