import { gpujsBackend } from '@ntk/backend-gpujs';
import { ortBackend } from '@ntk/backend-ort';
import { cpuBackend } from '@ntk/tensor';
import { GPU } from 'gpu.js';
import { testSolversOn } from './solver-suite.ts';

for (const dtype of ['float64', 'float32'] as const) {
  await testSolversOn({ name: 'cpu', open: () => Promise.resolve(cpuBackend()), dtype });
  await testSolversOn({ name: 'ort', open: () => ortBackend(), dtype });
}
for (const mode of ['cpu', 'webasm'] as const) {
  const backend = gpujsBackend(new GPU({ mode }));
  await testSolversOn({ name: `gpujs in mode ${mode}`, open: () => Promise.resolve(backend), dtype: 'float32' });
}
