import {
  checkNetworkFit,
  encodeInputs,
  type EncodedInputs,
  type FeatureSchema,
  type StoredPosterior,
  type Table,
} from '@ntk/adapt';
import { OptionError } from '@ntk/tensor';
import { networkSide } from '../network/network-side.ts';
import { checkOutputs } from '../tables/outputs.ts';
import { readTable } from '../tables/read-table.ts';
import { readPosterior } from './read-posterior.ts';

/** A stored posterior and the rows of a table as its network takes them. */
export interface PosteriorRows {
  readonly stored: StoredPosterior;
  readonly schema: FeatureSchema;
  readonly table: Table;
  readonly encoded: EncodedInputs;
}

/** Files to read, and those that will be written. */
export interface PosteriorRequest {
  readonly posterior: string;
  readonly data: string;
  readonly outputs: readonly (string | undefined)[];
}

/**
 * Reads a posterior and a table, and checks that they and the outputs go together, before anything is computed.
 *
 * @throws {OptionError | FormatError | ShapeError | UnsupportedError} in one sentence
 */
export async function prepareRows({ posterior, data, outputs }: PosteriorRequest): Promise<PosteriorRows> {
  await checkOutputs(
    outputs.filter((path) => path !== undefined),
    [posterior, data],
  );
  const stored = await readPosterior(posterior);
  const { features: schema } = stored;
  if (schema === undefined) {
    throw new OptionError(
      `${posterior}: it does not say which columns it takes; expected a posterior from ntk adapt --save`,
    );
  }
  const table = await readTable(data);
  const encoded = encodeInputs(schema, table);
  checkNetworkFit(schema, networkSide(stored.network), table);
  return { stored, schema, table, encoded };
}
