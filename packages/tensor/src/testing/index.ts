export { expectAllclose, relativeError } from './allclose.ts';
export type { Tolerance } from './allclose.ts';
export { trackTensors } from './track-tensors.ts';
export type { TrackedBackend } from './track-tensors.ts';
