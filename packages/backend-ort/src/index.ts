export { loadOrt } from './load.ts';
export { ortBackend } from './ort-backend.ts';
export type { OrtBackend, OrtBackendOptions } from './ort-backend.ts';
export type { OrtModule, OrtSession, OrtSessionOptions, OrtTensor } from './ort-module.ts';
