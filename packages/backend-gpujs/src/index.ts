export { gpujsBackend } from './gpujs-backend.ts';
export type { GpujsBackend } from './gpujs-backend.ts';
export { loadGpu } from './load.ts';
export type { GpuEnvironment } from './load.ts';
export type { GpuInstance, GpuKernel, GpuKernelSettings } from './gpu-module.ts';
