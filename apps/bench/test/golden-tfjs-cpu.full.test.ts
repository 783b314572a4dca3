import { vi } from 'vitest';
import { testGoldenOnTfjs } from './golden-tfjs.ts';

vi.setConfig({ testTimeout: 900_000 });

await testGoldenOnTfjs('tfjs-cpu', ['mnist_cnn', 'resnet20']);
