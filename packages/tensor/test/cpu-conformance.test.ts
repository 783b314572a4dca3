import { cpuBackend } from '@ntk/tensor';
import { testBackend } from '@ntk/tensor/testing';

// In float64 the primitives are compared with themselves here: direct-*.test.ts compare them with other code.
testBackend('cpu', cpuBackend);
