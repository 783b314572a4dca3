import { FormatError, NtkError, makeNetwork, outputCount, parseProgram, sizeOf, type Network } from '@ntk/tensor';
import manifest from '../../package.json' with { type: 'json' };
import { parseFeatureSchema } from '../features/schema.ts';
import { weightRows } from '../systems/combine-outputs.ts';
import {
  VERSION,
  parseDescription,
  type Description,
  type NetworkInside,
  type NetworkOutside,
  type VarianceDescription,
} from './description.ts';
import { sha256 } from './digest.ts';
import { decodeSafetensors, encodeSafetensors, type SafetensorsContent, type StoredTensor } from './safetensors.ts';
import type { StoredPosterior, StoredVariance } from './stored-posterior.ts';
import { TensorReader, readVariance, tensorsOf } from './stored-tensors.ts';

/** How a posterior is written. */
export interface EncodeOptions {
  /** Leaves the network out and names it by this path and its digest instead. */
  readonly networkPath?: string;
}

/** Where a network lies that a file names. */
export interface NetworkReference {
  readonly path: string;
  /** What was split off its outputs when it was read; undefined where nothing was. */
  readonly outputActivation: Network['meta']['outputActivation'];
}

/** How a posterior is read. */
export interface DecodeOptions {
  /** Reads the network of a file that only names it. */
  readonly readNetwork?: (reference: NetworkReference) => Promise<Network>;
}

/**
 * A stored posterior as the bytes of an `.ntk` file: safetensors with the network, the weights and what variances come from, and a description
 * in its metadata. A digest over everything detects damage.
 */
export async function encodePosterior(
  stored: StoredPosterior,
  options: EncodeOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { network, layers, outputs, mean, space, solver, dtype, productDtype, priorVariance, noiseVariance } = stored;
  const { examples, features } = stored;
  const { networkPath } = options;
  const ntk: Description = {
    version: VERSION,
    library: `@ntk/adapt ${manifest.version}`,
    network: networkPath === undefined ? describeNetwork(network) : await referTo(network, networkPath),
    layers: [...layers],
    outputs,
    mean,
    space,
    solver,
    dtype,
    productDtype,
    priorVariance,
    noiseVariance,
    noiseVariances: [...stored.noiseVariances],
    examples,
    variance: describeVariance(stored.variance),
    features,
  };
  const tensors = tensorsOf(stored);
  if (networkPath === undefined) for (const [name, tensor] of networkTensors(network)) tensors.set(name, tensor);
  const content: SafetensorsContent = { tensors, metadata: { format: 'ntk-posterior', ntk: JSON.stringify(ntk) } };
  const digest = await sha256(encodeSafetensors(content));
  return encodeSafetensors({ ...content, metadata: { ...content.metadata, sha256: digest } });
}

/**
 * Reads an `.ntk` file.
 *
 * @param source - what messages call the file
 * @throws {FormatError} if the file is not a posterior, is of another version, truncated, or was changed; if a number in it is not finite; or if the
 *   network that it names cannot be read or is another one now
 */
export async function decodePosterior(
  bytes: Uint8Array,
  source: string,
  options: DecodeOptions = {},
): Promise<StoredPosterior> {
  const { tensors, metadata } = decodeSafetensors(bytes, source);
  const { sha256: digest, ...rest } = metadata;
  if (metadata['format'] !== 'ntk-posterior' || metadata['ntk'] === undefined || digest === undefined) {
    throw new FormatError(`${source}: is a safetensors file but no posterior; give a file written by ntk adapt --save`);
  }
  const parsed = parseDescription(metadata['ntk'], source);
  if ((await sha256(encodeSafetensors({ tensors, metadata: rest }))) !== digest) {
    throw new FormatError(
      `${source}: its content does not match its digest: the file was damaged or changed; copy or write it again`,
    );
  }
  const reader = new TensorReader(tensors, source);
  return assemble(parsed, await readNetwork(parsed.network, { reader, source, options }), { reader, source });
}

interface Reading {
  readonly reader: TensorReader;
  readonly source: string;
}

function assemble(parsed: Description, network: Network, { reader, source }: Reading): StoredPosterior {
  const { layers, outputs, mean, space, solver, dtype, productDtype, priorVariance, noiseVariance } = parsed;
  const { examples, features } = parsed;
  const p = network.parameters.reduce(
    (sum, { layer, trainable, shape }) => (trainable && layers.includes(layer) ? sum + sizeOf(shape) : sum),
    0,
  );
  const c = outputCount(network);
  if (parsed.noiseVariances.length !== c) {
    throw reader.error(`it has ${parsed.noiseVariances.length} noise variances, expected ${c}, one an output`);
  }
  const constant = mean === 'constant' ? Float64Array.from(reader.take('constant').data) : new Float64Array(0);
  if (constant.length !== 0 && constant.length !== c) {
    throw reader.error(`it has ${constant.length} constants, expected ${c}, one an output`);
  }
  return {
    network,
    layers,
    outputs,
    mean,
    space,
    solver,
    dtype,
    productDtype,
    priorVariance,
    noiseVariance,
    noiseVariances: Float64Array.from(parsed.noiseVariances),
    examples,
    weights: reader.matrix('weights', weightRows(outputs, c), p),
    constant,
    variance: readVariance(reader, parsed, network, p),
    ...(features === undefined ? {} : { features: parseFeatureSchema(features, source) }),
  };
}

function describeNetwork(network: Network): NetworkInside {
  const { meta } = network;
  return {
    place: 'inside',
    program: network.program,
    parameters: network.parameters.map((parameter) => ({ ...parameter, shape: [...parameter.shape] })),
    meta: { ...meta, notes: [...meta.notes] },
  };
}

async function referTo(network: Network, path: string): Promise<NetworkOutside> {
  const { outputActivation } = network.meta;
  const split = outputActivation === undefined ? {} : { outputActivation };
  return { place: 'outside', path, sha256: await networkDigest(network), ...split };
}

/** SHA-256 of a network's program and parameters, by which a file knows it again. */
async function networkDigest(network: Network): Promise<string> {
  const { program, parameters } = network;
  const metadata = { program: JSON.stringify(program), parameters: JSON.stringify(parameters) };
  return sha256(encodeSafetensors({ tensors: networkTensors(network), metadata }));
}

function networkTensors({ values, parameters }: Network): Map<string, StoredTensor> {
  return new Map(values.map((data, i) => [`network.${i}`, { data, shape: parameters[i]!.shape }]));
}

function describeVariance(variance: StoredVariance): VarianceDescription {
  switch (variance.kind) {
    case 'root':
      return {
        kind: 'root',
        roots: variance.roots.map(({ root, constant }) => ({
          form: root.form,
          errorBound: root.form === 'cached' ? root.cache.errorBound : 0,
          constant: constant !== undefined,
        })),
      };
    case 'samples':
      return { kind: 'samples', count: variance.count };
    case 'exact':
      return {
        kind: 'exact',
        noise: variance.noise !== undefined,
        rtol: variance.rtol,
        unknowns: variance.unknowns !== undefined,
      };
    case 'none':
      return { kind: 'none' };
  }
}

async function readNetwork(
  stored: Description['network'],
  { reader, source, options }: Reading & { readonly options: DecodeOptions },
): Promise<Network> {
  if (stored.place === 'outside') return findNetwork(stored, source, options);
  const { outputActivation, topology, ...meta } = stored.meta;
  try {
    return makeNetwork({
      program: parseProgram(stored.program),
      parameters: stored.parameters,
      values: stored.parameters.map((_, i) => reader.take(`network.${i}`).data),
      meta: {
        ...meta,
        ...(outputActivation === undefined ? {} : { outputActivation }),
        ...(topology === undefined ? {} : { topology }),
      },
    });
  } catch (error) {
    if (!(error instanceof NtkError) || error instanceof FormatError) throw error;
    throw new FormatError(`${source}: the network in it is damaged: ${error.message}`, { cause: error });
  }
}

async function findNetwork(
  { path, sha256: digest, outputActivation }: NetworkOutside,
  source: string,
  options: DecodeOptions,
): Promise<Network> {
  if (options.readNetwork === undefined) {
    throw new FormatError(
      `${source}: holds no network but names ${path}, and there is no reader for it; pass readNetwork to decodePosterior`,
    );
  }
  const network = await options.readNetwork({ path, outputActivation }).catch((error: unknown) => {
    if (!(error instanceof NtkError)) throw error;
    throw new FormatError(
      `${source}: names a network that cannot be read: ${error.message}; give back the network, or adapt again`,
      { cause: error },
    );
  });
  if ((await networkDigest(network)) === digest) return network;
  throw new FormatError(
    `${source}: was made for another network than ${path} is now; give back the old network, or adapt again`,
  );
}
