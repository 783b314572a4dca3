import { ortBackend } from '@ntk/backend-ort';
import { describe } from 'vitest';
import { testAdjoints } from './adjoint-suite.ts';

// The cpu backend runs the same Programs in the tests of @ntk/jacobian.
describe('ort', () => testAdjoints(() => ortBackend(), ['float64', 'float32']));
