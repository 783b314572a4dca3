import { FormatError } from '@ntk/tensor';
import { z } from 'zod';
import { checkJson, excerpt, type JsonObject } from '../json.ts';
import { manifestSchema } from '../weights-manifest/manifest.ts';
import type { WeightsGroup } from '../weights-manifest/weights-group.ts';

/** One operation as a GraphDef lists it. */
export interface NodeJson {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[] | undefined;
  readonly attr?: JsonObject | undefined;
}

/** An input or output as a signature names it. */
export interface SignatureEntry {
  /** Of the value: 'x:0'. */
  readonly name: string;
  readonly dtype?: string | number | undefined;
  readonly tensorShape?: unknown;
}

/** Inputs and outputs of a graph, by the names that its users give them. */
export interface Signature {
  readonly inputs?: Readonly<Record<string, SignatureEntry>> | undefined;
  readonly outputs?: Readonly<Record<string, SignatureEntry>> | undefined;
}

/** A model.json that holds a GraphModel. */
export interface GraphJson {
  readonly nodes: readonly NodeJson[];
  /** Names of the functions that the graph defines. */
  readonly functions: readonly string[];
  readonly weightsManifest: readonly WeightsGroup[];
  readonly signature: Signature;
}

const node: z.ZodType<NodeJson> = z.object({
  name: z.string().min(1),
  op: z.string().min(1),
  input: z.array(z.string()).optional(),
  attr: z.record(z.string(), z.unknown()).optional(),
});

const functionDef = z.object({ signature: z.object({ name: z.string() }) });

const entry: z.ZodType<SignatureEntry> = z.object({
  name: z.string().min(1),
  dtype: z.union([z.string(), z.number()]).optional(),
  tensorShape: z.unknown().optional(),
});

const signature: z.ZodType<Signature> = z.object({
  inputs: z.record(z.string(), entry).optional(),
  outputs: z.record(z.string(), entry).optional(),
});

const fileSchema = z.object({
  modelTopology: z.object({
    node: z.array(node),
    library: z.object({ function: z.array(functionDef).optional() }).nullish(),
  }),
  weightsManifest: manifestSchema,
  signature: signature.nullish(),
  // Older converters put it there.
  userDefinedMetadata: z.object({ signature: signature.nullish() }).nullish(),
});

/** Whether a parsed model.json says that it holds a GraphModel, or looks like one. */
export function isGraphModel(json: unknown): boolean {
  if (typeof json !== 'object' || json === null) return false;
  const { format, modelTopology: topology } = json as JsonObject;
  return format === 'graph-model' || Array.isArray((topology as JsonObject | null | undefined)?.['node']);
}

/**
 * Checks a parsed model.json.
 *
 * @param label - the file's name in messages
 * @throws {FormatError} if it holds no GraphModel
 */
export function checkGraphJson(json: unknown, label: string): GraphJson {
  if (!isGraphModel(json))
    throw new FormatError(
      `${label}: got ${excerpt(json)}, expected the GraphModel that tensorflowjs_converter writes; export the model again`,
    );
  const file = checkJson(fileSchema, json, { file: label, path: '' });
  const { modelTopology, weightsManifest } = file;
  return {
    nodes: modelTopology.node,
    functions: (modelTopology.library?.function ?? []).map((each) => each.signature.name),
    weightsManifest,
    signature: file.signature ?? file.userDefinedMetadata?.signature ?? {},
  };
}
