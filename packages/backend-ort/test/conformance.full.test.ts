import { testBackend } from '@ntk/tensor/testing';
import { vi } from 'vitest';
import { ortBackend } from '@ntk/backend-ort';

// Optimisers of ONNX Runtime have broken one Program in some thousands.
vi.setConfig({ testTimeout: 300_000 });

testBackend('ort', () => ortBackend(), { randomPrograms: 10_000, seed: 20 });
