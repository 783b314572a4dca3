#!/usr/bin/env node
// node apps/bench/bin/scale.js NAME: adapts at scale on ONNX Runtime, one problem a process, and prints time and peak memory beside what the plan said.
import { ortBackend } from '@ntk/backend-ort';
import * as bench from '@ntk/bench';

const [name] = process.argv.slice(2);
if (!(name in bench.SCALE_PROBLEMS)) {
  console.error(`scale: got '${name}', expected one of ${Object.keys(bench.SCALE_PROBLEMS).join(', ')}`);
  process.exit(2);
}
const peakBytes = () => process.resourceUsage().maxRSS * 1024;
console.log(bench.formatScaleReport(await bench.scaleRun(await ortBackend(), name, peakBytes)));
