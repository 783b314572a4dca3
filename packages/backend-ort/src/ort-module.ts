import type { DType, TypedArray } from '@ntk/tensor';

/** A tensor of ONNX Runtime, as far as this package uses it. */
export interface OrtTensor {
  readonly data: unknown;
}

/** A loaded model. */
export interface OrtSession {
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

/** Settings of a session that this package uses; the names are ONNX Runtime's. */
export interface OrtSessionOptions {
  intraOpNumThreads?: number;
  graphOptimizationLevel?: 'disabled' | 'basic' | 'extended' | 'all';
  /** Lays the values of a run out in one block, once their sizes are known. */
  enableMemPattern?: boolean;
  logSeverityLevel?: 0 | 1 | 2 | 3 | 4;
  extra?: Record<string, unknown>;
}

/** The part of `onnxruntime-node`, or of `onnxruntime-web`, that this package uses. */
export interface OrtModule {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: OrtSessionOptions): Promise<OrtSession>;
  };
  readonly Tensor: new (type: DType, data: TypedArray, dims: readonly number[]) => OrtTensor;
}
