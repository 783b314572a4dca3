import { FormatError, UnsupportedError } from '@ntk/tensor';
import { z } from 'zod';
import { checkJson, type JsonObject, type JsonPlace } from '../json.ts';

const quantization = z.object({
  dtype: z.enum(['uint8', 'uint16', 'float16']),
  scale: z.number().optional(),
  min: z.number().optional(),
});

const entry = z.object({
  name: z.string().min(1),
  shape: z.array(z.int().nonnegative()),
  dtype: z.string(),
  quantization: quantization.optional(),
  group: z.string().optional(),
});

const manifest = z.array(z.object({ paths: z.array(z.string().min(1)), weights: z.array(entry) }));

const modelConfig = z.object({ class_name: z.string(), config: z.unknown() });

const file = z.object({
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: manifest,
});

/** One weight as a manifest lists it. */
export interface ManifestEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?:
    | {
        readonly dtype: 'uint8' | 'uint16' | 'float16';
        readonly scale?: number | undefined;
        readonly min?: number | undefined;
      }
    | undefined;
  /** 'optimizer' for what is not part of the network. */
  readonly group?: string | undefined;
}

/** The weights of one set of binary files, in order. */
export interface WeightsGroup {
  readonly paths: readonly string[];
  readonly weights: readonly ManifestEntry[];
}

/** A model.json that holds a LayersModel: its layers not yet understood, its weights not yet read. */
export interface ModelJson {
  /** The whole modelTopology member. */
  readonly topology: JsonObject;
  /** Class and configuration of the outermost model. */
  readonly model: { readonly class_name: string; readonly config?: unknown };
  /** Where `model` stands. */
  readonly place: JsonPlace;
  readonly kerasVersion: number;
  readonly weightsManifest: readonly WeightsGroup[];
}

/**
 * Checks a parsed model.json.
 *
 * @param label - the file's name in messages
 * @throws {UnsupportedError} if it holds a GraphModel
 * @throws {FormatError} if it is no model
 */
export function checkModelJson(json: unknown, label: string): ModelJson {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new FormatError(
      `${label}: got ${JSON.stringify(json)?.slice(0, 40)}, expected the JSON object that model.save() or tensorflowjs_converter writes`,
    );
  }
  rejectGraphModel(json as JsonObject, label);
  const { modelTopology, weightsManifest } = checkJson(file, json, { file: label, path: '' });
  const topology: JsonObject = modelTopology;
  const wrapped = topology['model_config'] !== undefined;
  const place = { file: label, path: wrapped ? 'modelTopology.model_config' : 'modelTopology' };
  const model = checkJson(modelConfig, wrapped ? topology['model_config'] : topology, place);
  return { topology, model, place, kerasVersion: majorVersion(topology['keras_version']), weightsManifest };
}

function rejectGraphModel(json: JsonObject, label: string): void {
  const topology = json['modelTopology'] as JsonObject | null | undefined;
  if (json['format'] !== 'graph-model' && !Array.isArray(topology?.['node'])) return;
  throw new UnsupportedError(
    `${label}: got a GraphModel, expected a LayersModel; convert the Keras model by tensorflowjs_converter --input_format=keras --output_format=tfjs_layers_model`,
  );
}

/** 'tfjs-layers 4.22.0' follows Keras 2. */
function majorVersion(version: unknown): number {
  const major = typeof version === 'string' ? /^(\d+)\./.exec(version)?.[1] : undefined;
  return major === undefined ? 2 : Number(major);
}
