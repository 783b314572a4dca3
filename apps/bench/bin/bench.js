#!/usr/bin/env node
// node apps/bench/bin/bench.js products [--json FILE]: runs a speed suite on ONNX Runtime and prints it; after `npm run build`.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ortBackend } from '@ntk/backend-ort';
import { formatSpeedReport, productsSuite } from '@ntk/bench';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
if (positionals.length !== 1 || positionals[0] !== 'products') {
  console.error(`bench: got '${positionals.join(' ')}', expected the name of a suite: products`);
  process.exit(2);
}
const report = await productsSuite(await ortBackend());
console.log(formatSpeedReport(report));
if (values.json !== undefined) {
  const machine = {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    date: new Date().toISOString(),
  };
  writeFileSync(values.json, `${JSON.stringify({ ...machine, ...report }, null, 2)}\n`);
}
