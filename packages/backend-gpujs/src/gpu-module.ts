/** A compiled function of gpu.js, run once for each element of its output. */
export interface GpuKernel {
  /** Arrays nested as deep as the output has axes, the innermost typed; or a promise of them. */
  (...values: readonly (Float32Array | number)[]): unknown;
  /** Sets the extents of the output, innermost first. */
  setOutput(extents: number[]): unknown;
  destroy(): void;
}

/** Settings of a kernel that this package uses; the names are gpu.js' own. */
export interface GpuKernelSettings {
  output: number[];
  dynamicOutput: boolean;
  dynamicArguments: boolean;
  precision: 'single';
  loopMaxIterations: number;
}

/** The part of a `new GPU()` that this package uses. */
export interface GpuInstance {
  readonly mode: string;
  createKernel(source: string, settings: GpuKernelSettings): GpuKernel;
}
