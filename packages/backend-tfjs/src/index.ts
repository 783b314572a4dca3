export { loadTfjs, TFJS_NAMES } from './load.ts';
export type { TfjsEnvironment, TfjsName } from './load.ts';
export { tfjsBackend } from './tfjs-backend.ts';
export type {
  ExplicitPads,
  Extents4,
  MakesTensors,
  NativeBackend,
  NativeOperand,
  NativeTensor,
  Pair,
  TfjsModule,
} from './tfjs-module.ts';
