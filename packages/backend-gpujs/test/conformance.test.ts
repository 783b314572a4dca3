import { GPU } from 'gpu.js';
import { testBackend } from '@ntk/tensor/testing';
import { gpujsBackend } from '@ntk/backend-gpujs';

for (const mode of ['cpu', 'webasm'] as const)
  testBackend(`gpujs in mode ${mode}`, () => gpujsBackend(new GPU({ mode })));
