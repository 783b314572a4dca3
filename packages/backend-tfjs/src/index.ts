export { tfjsBackend } from './tfjs-backend.ts';
export type { NativeBackend, NativeOperand, NativeTensor, TfjsModule } from './tfjs-module.ts';
