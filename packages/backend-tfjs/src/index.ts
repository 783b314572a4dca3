export { loadTfjs, TFJS_NAMES } from './load.ts';
export type { TfjsEnvironment, TfjsName } from './load.ts';
export { tfjsBackend } from './tfjs-backend.ts';
export type { MakesTensors, NativeBackend, NativeOperand, NativeTensor, TfjsModule } from './tfjs-module.ts';
