import { matrix, type Matrix } from '@ntk/linop';
import { FormatError, NtkError, makeNetwork, parseProgram, sizeOf, type Network, type TypedArray } from '@ntk/tensor';
import { z } from 'zod';
import manifest from '../../package.json' with { type: 'json' };
import { parseFeatureSchema } from '../features/schema.ts';
import { sha256 } from './digest.ts';
import { decodeSafetensors, encodeSafetensors, type SafetensorsContent, type StoredTensor } from './safetensors.ts';
import type { StoredConstant, StoredPosterior } from './stored-posterior.ts';

/** Version of the file; a reader refuses others. */
const VERSION = 1;

const description = z.object({
  version: z.literal(VERSION),
  /** The release that wrote the file. */
  library: z.string(),
  network: z.object({
    program: z.unknown(),
    parameters: z.array(
      z.object({ name: z.string(), layer: z.string(), shape: z.array(z.int().nonnegative()), trainable: z.boolean() }),
    ),
    meta: z.object({
      name: z.string(),
      source: z.string(),
      notes: z.array(z.string()),
      outputActivation: z.enum(['softmax', 'sigmoid']).optional(),
    }),
  }),
  layers: z.array(z.string()).min(1),
  mean: z.enum(['network', 'zero', 'constant']),
  space: z.enum(['function', 'parameter']),
  dtype: z.enum(['float32', 'float64']),
  priorVariance: z.number().positive(),
  noiseVariance: z.number().positive(),
  examples: z.int().positive(),
  features: z.unknown().optional(),
});

/**
 * A stored posterior as the bytes of an `.ntk` file: safetensors with the network, the weights and the variance root, and a description
 * in its metadata. A digest over everything detects damage.
 */
export async function encodePosterior(stored: StoredPosterior): Promise<Uint8Array<ArrayBuffer>> {
  const { network, layers, mean, space, dtype, priorVariance, noiseVariance, examples, features } = stored;
  const { name, source, notes, outputActivation } = network.meta;
  const meta = { name, source, notes, ...(outputActivation === undefined ? {} : { outputActivation }) };
  const ntk: z.input<typeof description> = {
    version: VERSION,
    library: `@ntk/adapt ${manifest.version}`,
    network: {
      program: network.program,
      parameters: network.parameters.map((parameter) => ({ ...parameter, shape: [...parameter.shape] })),
      meta: { ...meta, notes: [...notes] },
    },
    layers: [...layers],
    mean,
    space,
    dtype,
    priorVariance,
    noiseVariance,
    examples,
    features,
  };
  const content: SafetensorsContent = {
    tensors: tensorsOf(stored),
    metadata: { format: 'ntk-posterior', ntk: JSON.stringify(ntk) },
  };
  const digest = await sha256(encodeSafetensors(content));
  return encodeSafetensors({ ...content, metadata: { ...content.metadata, sha256: digest } });
}

/**
 * Reads an `.ntk` file.
 *
 * @param source - what messages call the file
 * @throws {FormatError} if the file is not a posterior, is of another version, truncated, or was changed
 */
export async function decodePosterior(bytes: Uint8Array, source: string): Promise<StoredPosterior> {
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
  return assemble(parsed, tensors, source);
}

function parseDescription(json: string, source: string): z.output<typeof description> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new FormatError(`${source}: its description is not JSON; write the file again`, { cause: error });
  }
  const version = (value as { version?: unknown } | null)?.version;
  if (version !== VERSION) {
    throw new FormatError(
      `${source}: is of version ${JSON.stringify(version)}, this program reads version ${VERSION}; use the release that wrote it, or adapt again`,
    );
  }
  const result = description.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new FormatError(
    `${source}: its description is damaged (${issue?.path.join('.')}: ${issue?.message}); write the file again`,
  );
}

function assemble(
  parsed: z.output<typeof description>,
  tensors: ReadonlyMap<string, StoredTensor>,
  source: string,
): StoredPosterior {
  const take = (name: string): StoredTensor => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new FormatError(`${source}: tensor '${name}' is missing; write the file again`);
    return tensor;
  };
  const { network: stored, features, ...rest } = parsed;
  const values = stored.parameters.map((_, i) => take(`network.${i}`).data);
  const network = readNetwork(stored, values, source);
  const p = network.parameters.reduce(
    (sum, { layer, trainable, shape }) => (trainable && rest.layers.includes(layer) ? sum + sizeOf(shape) : sum),
    0,
  );
  const weights = doubles(take('weights').data);
  const root = asMatrix(take('root'), source);
  if (weights.length !== p || root.columns !== p) {
    throw new FormatError(
      `${source}: its weights have ${weights.length} and its root ${root.columns} columns, expected ${p} for the layers ${rest.layers.join(', ')}; write the file again`,
    );
  }
  return {
    ...rest,
    network,
    weights,
    root,
    ...(rest.mean === 'constant' ? { constant: readConstant(take, source) } : {}),
    ...(features === undefined ? {} : { features: parseFeatureSchema(features, source) }),
  };
}

function readNetwork(
  stored: z.output<typeof description>['network'],
  values: readonly TypedArray[],
  source: string,
): Network {
  const { outputActivation, ...meta } = stored.meta;
  try {
    return makeNetwork({
      program: parseProgram(stored.program),
      parameters: stored.parameters,
      values,
      meta: { ...meta, ...(outputActivation === undefined ? {} : { outputActivation }) },
    });
  } catch (error) {
    if (!(error instanceof NtkError)) throw error;
    throw new FormatError(`${source}: the network in it is damaged: ${error.message}`, { cause: error });
  }
}

function readConstant(take: (name: string) => StoredTensor, source: string): StoredConstant {
  return {
    value: doubles(take('constant.value').data),
    covariance: asMatrix(take('constant.covariance'), source),
    weights: asMatrix(take('constant.weights'), source),
  };
}

function tensorsOf({ network, weights, root, constant }: StoredPosterior): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>(
    network.values.map((data, i) => [`network.${i}`, { data, shape: network.parameters[i]!.shape }]),
  );
  tensors.set('weights', { data: weights, shape: [weights.length] });
  tensors.set('root', fromMatrix(root));
  if (constant !== undefined) {
    tensors.set('constant.value', { data: constant.value, shape: [constant.value.length] });
    tensors.set('constant.covariance', fromMatrix(constant.covariance));
    tensors.set('constant.weights', fromMatrix(constant.weights));
  }
  return tensors;
}

function fromMatrix({ data, rows, columns }: Matrix): StoredTensor {
  return { data, shape: [rows, columns] };
}

function asMatrix({ data, shape }: StoredTensor, source: string): Matrix {
  if (shape.length !== 2)
    throw new FormatError(`${source}: a matrix in it has ${shape.length} axes, expected 2; write the file again`);
  return matrix(shape[0]!, shape[1]!, doubles(data));
}

function doubles(data: TypedArray): Float64Array {
  return data instanceof Float64Array ? data : Float64Array.from(data);
}
