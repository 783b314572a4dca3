export { expectAllclose, relativeError } from './allclose.ts';
export type { Tolerance } from './allclose.ts';
