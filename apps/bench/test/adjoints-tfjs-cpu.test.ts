import { loadTfjs, tfjsBackend } from '@ntk/backend-tfjs';
import { describe } from 'vitest';
import { testAdjoints } from './adjoint-suite.ts';

describe('tfjs-cpu', () => testAdjoints(async () => tfjsBackend(await loadTfjs('tfjs-cpu')), ['float32']));
