export { mulberryUniforms, mulberryVector } from './mulberry.ts';
export { openReference } from './open-reference.ts';
export { Reference } from './reference.ts';
export type { Json, ReferenceArray, ReferenceParameter } from './reference.ts';
