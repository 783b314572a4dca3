/** One weight as a manifest lists it. */
export interface ManifestEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?:
    | {
        readonly dtype: 'uint8' | 'uint16' | 'float16';
        readonly scale?: number | undefined;
        readonly min?: number | undefined;
      }
    | undefined;
  /** 'optimizer' for what is not part of the network. */
  readonly group?: string | undefined;
}

/** The weights of one set of binary files, in order. */
export interface WeightsGroup {
  readonly paths: readonly string[];
  readonly weights: readonly ManifestEntry[];
}
