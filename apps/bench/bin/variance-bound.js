#!/usr/bin/env node
// node apps/bench/bin/variance-bound.js [FILE]: draws docs/variance-bound.svg; after `npm run build`.
import { writeFileSync } from 'node:fs';
import { varianceBoundChart, varianceBoundCurves } from '@ntk/bench';

const curves = await varianceBoundCurves();
for (const { name, steps, excess, shortfall } of curves) {
  console.log(name);
  steps.forEach((count, i) => {
    console.log(
      `  ${String(count).padStart(4)} steps: excess ${excess[i].toExponential(1)}, shortfall ${shortfall[i].toExponential(1)}`,
    );
  });
}
writeFileSync(
  process.argv[2] ?? new URL('../../../docs/variance-bound.svg', import.meta.url),
  varianceBoundChart(curves),
);
