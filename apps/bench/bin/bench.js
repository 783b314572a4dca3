#!/usr/bin/env node
// node apps/bench/bin/bench.js products [--problem NAME]… [--columns 1,8,64] [--seed 1] [--json FILE]: times products with the Jacobian on ONNX Runtime,
// beside PyTorch where NTK_PYTHON (else python3) has it; after `npm run build`.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ortBackend } from '@ntk/backend-ort';
import { SPEED_PROBLEMS, environment, formatProductsReport, productsSuite } from '@ntk/bench';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    problem: { type: 'string', multiple: true, default: [...SPEED_PROBLEMS] },
    columns: { type: 'string', default: '1,8,64' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
});
if (positionals.length !== 1 || positionals[0] !== 'products') {
  console.error(`bench: got '${positionals.join(' ')}', expected the name of a suite: products`);
  process.exit(2);
}
const reports = [];
for (const problem of values.problem) {
  const columns = values.columns.split(',').map(Number);
  const report = await productsSuite(await ortBackend(), problem, { columns, seed: Number(values.seed) });
  console.log(formatProductsReport(report));
  reports.push(report);
}
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify({ ...environment(), reports }, null, 2)}\n`);
}
