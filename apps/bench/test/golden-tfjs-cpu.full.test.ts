import { vi } from 'vitest';
import { testGoldenOnTfjs } from './golden-tfjs.ts';

// Plain JavaScript: minutes for each network.
vi.setConfig({ testTimeout: 3_600_000 });

await testGoldenOnTfjs('tfjs-cpu', ['mnist_cnn', 'resnet20']);
