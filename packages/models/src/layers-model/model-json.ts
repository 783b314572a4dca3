import { FormatError, UnsupportedError } from '@ntk/tensor';
import { z } from 'zod';
import { below, checkJson, excerpt, type JsonObject, type JsonPlace } from '../json.ts';
import { isGraphModel } from '../graph-model/graph-json.ts';
import { manifestSchema } from '../weights-manifest/manifest.ts';
import type { WeightsGroup } from '../weights-manifest/weights-group.ts';

const modelConfig = z.object({ class_name: z.string(), config: z.unknown().optional() });

const topologySchema = z.object({ model_config: z.unknown().optional(), keras_version: z.unknown().optional() });

const file = z.object({
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: manifestSchema,
});

/** The layers of a model as a file describes them, not yet understood. */
export interface ModelDescription {
  readonly className: string;
  readonly config: unknown;
  /** Where the member with class_name and config stands. */
  readonly place: JsonPlace;
  readonly kerasVersion: number;
}

/** A model.json that holds a LayersModel. */
export interface ModelJson {
  /** The whole modelTopology member. */
  readonly topology: JsonObject;
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
      `${label}: got ${excerpt(json)}, expected the JSON object that model.save() or tensorflowjs_converter writes; export the model again`,
    );
  }
  rejectGraphModel(json as JsonObject, label);
  const { modelTopology, weightsManifest } = checkJson(file, json, { file: label, path: '' });
  return { topology: modelTopology, weightsManifest };
}

/**
 * Finds the outermost model in a modelTopology: the converter wraps it in model_config, TensorFlow.js does not.
 *
 * @throws {FormatError} if there is none
 */
export function describeTopology(topology: unknown, label: string): ModelDescription {
  const root = { file: label, path: 'modelTopology' };
  const { model_config: wrapped, keras_version: version } = checkJson(topologySchema, topology, root);
  const place = wrapped === undefined ? root : below(root, 'model_config');
  const { class_name: className, config } = checkJson(modelConfig, wrapped ?? topology, place);
  return { className, config, place, kerasVersion: majorVersion(version) };
}

function rejectGraphModel(json: JsonObject, label: string): void {
  if (!isGraphModel(json)) return;
  throw new UnsupportedError(
    `${label}: got a GraphModel, expected a LayersModel; read it with readModel or loadGraphModel`,
  );
}

/** 'tfjs-layers 4.22.0' follows Keras 2. */
function majorVersion(version: unknown): number {
  const major = typeof version === 'string' ? /^(\d+)\./.exec(version)?.[1] : undefined;
  return major === undefined ? 2 : Number(major);
}
