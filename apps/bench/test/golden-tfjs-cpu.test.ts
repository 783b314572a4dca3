import { vi } from 'vitest';
import { testGoldenOnTfjs } from './golden-tfjs.ts';

// Seconds on an idle machine.
vi.setConfig({ testTimeout: 180_000 });

await testGoldenOnTfjs('tfjs-cpu', ['sine_mlp', 'mlp2', 'small_resnet']);
