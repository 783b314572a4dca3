import { suggestStored } from '@ntk/adapt';
import { OptionError } from '@ntk/tensor';
import type { SuggestArguments } from '../arguments/suggest-command.ts';
import type { Action } from '../main.ts';
import { blamingRows, dtypeOn } from '../network/blame-rows.ts';
import { chooseBackend } from '../network/choose-backend.ts';
import { prepareRows } from '../posterior/prepare-rows.ts';
import { suggestJson, suggestReport } from '../report/suggest-report.ts';
import { writeOutputs } from '../tables/outputs.ts';
import { checkTablePath, encodeTable } from '../tables/write-table.ts';

/** ntk suggest: chooses the rows of a table whose labels would tell most. */
export const suggestAction: Action<SuggestArguments> = async (given, { stdout, stderr }) => {
  const startMs = performance.now();
  const { out, count, block } = given;
  if (out !== undefined) checkTablePath(out);
  const { stored, schema, table, encoded } = await prepareRows({ ...given, outputs: [out] });
  if (count > encoded.rows.length) {
    throw new OptionError(
      `--count: got ${count}, and ${table.source} has ${encoded.rows.length} rows to choose from; ask for at most as many`,
    );
  }
  const { kind } = stored.variance;
  if (kind === 'samples' || kind === 'none') {
    throw new OptionError(
      `${given.posterior}: holds variance ${kind}, expected root or exact, which say how rows depend on each other; adapt again with --save-variance root`,
    );
  }
  const backend = await chooseBackend(given, { stderr });
  const execution = { backend, dtype: dtypeOn(backend, given.dtype) };
  const rows = { network: stored.network, schema, table, encoded };
  const found = await blamingRows(rows, execution, () =>
    suggestStored(stored, encoded.x, { ...execution, memory: given.memory, count, block }),
  );
  const chosen = found.map(({ row, gain }) => ({ row: encoded.rows[row]! + 1, gain }));
  if (out !== undefined) {
    const columns = [
      { name: 'row', values: chosen.map(({ row }) => row) },
      { name: 'gain', values: chosen.map(({ gain }) => gain) },
    ];
    await writeOutputs([{ path: out, content: encodeTable(out, columns) }]);
  }
  const outcome = {
    posterior: given.posterior,
    stored,
    table,
    candidates: encoded.rows.length,
    chosen,
    backend: backend.name,
    written: out,
    timeMs: performance.now() - startMs,
  };
  stdout.write(given.json ? `${JSON.stringify(suggestJson(outcome))}\n` : `${suggestReport(outcome).join('\n')}\n`);
  return 0;
};
