/** Any JSON value, as a manifest holds them. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A golden array, row-major. */
export interface ReferenceArray {
  readonly data: Float64Array;
  readonly shape: readonly number[];
}

/** One parameter of a golden network: where it starts in a flat parameter vector, and its size. */
export interface ReferenceParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** The part of a manifest that says where an array lies in arrays.bin; offset in bytes, length in elements. */
interface Entry {
  readonly dtype: 'float32' | 'float64';
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** Golden values of one network: the arrays by key, the manifest's numbers by path, and the folder that holds model/model.json. */
export class Reference {
  readonly model: string;
  readonly folder: string;
  /** The manifest without its table of arrays. */
  readonly manifest: Readonly<Record<string, Json>>;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #bytes: ArrayBuffer;

  /**
   * @param manifest - the parsed manifest.json
   * @param bytes - the whole of arrays.bin, little-endian
   */
  constructor(model: string, folder: string, manifest: Readonly<Record<string, Json>>, bytes: ArrayBuffer) {
    const { arrays, ...rest } = manifest;
    this.model = model;
    this.folder = folder;
    this.manifest = rest;
    this.#entries = new Map(Object.entries(arrays as unknown as Readonly<Record<string, Entry>>));
    this.#bytes = bytes;
  }

  /** Keys of all arrays. */
  keys(): string[] {
    return [...this.#entries.keys()];
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /**
   * The array of a key, such as 'gp/A/zero/mean'; a new copy, widened where it is stored in float32.
   *
   * @throws {Error} if there is none
   */
  array(key: string): ReferenceArray {
    const entry = this.#entries.get(key);
    if (entry === undefined) throw new Error(`reference ${this.model}: there is no array '${key}'`);
    const { dtype, shape, offset, length } = entry;
    const end = offset + length * (dtype === 'float64' ? 8 : 4);
    const stored = this.#bytes.slice(offset, end);
    return { shape, data: dtype === 'float64' ? new Float64Array(stored) : new Float64Array(new Float32Array(stored)) };
  }

  /**
   * A number of the manifest by its path: `number('gp', 'settings', 'A', 'prior_variance_s2')`.
   *
   * @throws {Error} if the path leads elsewhere
   */
  number(...path: readonly string[]): number {
    const value = this.#at(path);
    if (typeof value !== 'number') throw new Error(`reference ${this.model}: ${path.join('.')} is not a number`);
    return value;
  }

  /**
   * A list of numbers of the manifest by its path: `numbers('labels')`.
   *
   * @throws {Error} if the path leads elsewhere
   */
  numbers(...path: readonly string[]): number[] {
    const value = this.#at(path);
    if (!Array.isArray(value) || !value.every((each) => typeof each === 'number')) {
      throw new Error(`reference ${this.model}: ${path.join('.')} is not a list of numbers`);
    }
    return value;
  }

  /** The parameters in the order of a flat parameter vector. */
  parameters(): readonly ReferenceParameter[] {
    return this.manifest['params'] as unknown as readonly ReferenceParameter[];
  }

  #at(path: readonly string[]): Json | undefined {
    let value: Json | undefined = this.manifest;
    for (const key of path) {
      if (value === null || typeof value !== 'object') return undefined;
      value = (value as { readonly [key: string]: Json | undefined })[key];
    }
    return value;
  }
}
