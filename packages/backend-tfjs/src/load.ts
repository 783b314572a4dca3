import { importFailure, isNotInstalled, OptionError, UnsupportedError } from '@ntk/tensor';
import type { TfjsModule } from './tfjs-module.ts';

/** An engine of TensorFlow.js that Node can load by name. */
export type TfjsName = 'tfjs-cpu' | 'tfjs-wasm' | 'tfjs-node' | 'tfjs-node-gpu';

interface Source {
  /** The engine's own name in TensorFlow.js. */
  readonly engine: string;
  /** Packages to import; the first is the module, the others add engines to it. */
  readonly packages: readonly [string, ...string[]];
  /** Whether the package downloads native code when it is installed. */
  readonly isNative: boolean;
}

const SOURCES: { readonly [N in TfjsName]: Source } = {
  'tfjs-cpu': {
    engine: 'cpu',
    packages: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu'],
    isNative: false,
  },
  'tfjs-wasm': {
    engine: 'wasm',
    packages: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm'],
    isNative: false,
  },
  'tfjs-node': { engine: 'tensorflow', packages: ['@tensorflow/tfjs-node'], isNative: true },
  'tfjs-node-gpu': { engine: 'tensorflow', packages: ['@tensorflow/tfjs-node-gpu'], isNative: true },
};

/** The names that `loadTfjs` knows. */
export const TFJS_NAMES: readonly TfjsName[] = Object.keys(SOURCES) as TfjsName[];

/** The version that this package is tested with. */
const VERSION = '4.22.0';

/** Where the packages of an engine come from. */
export interface TfjsEnvironment {
  /** Imports a package by its name; from beside this one unless given. */
  readonly load?: (name: string) => Promise<unknown>;
  /** Imports a package that `load` does not find, such as one beside the user's own files. */
  readonly elsewhere?: (name: string) => Promise<unknown>;
  /** The major version of Node, or undefined elsewhere. */
  readonly nodeMajor?: number | undefined;
}

/** A TensorFlow.js as far as it has to be set up. */
interface LoadedTfjs extends TfjsModule {
  setBackend(name: string): Promise<boolean>;
  env(): { set(flag: string, value: boolean): void };
}

/**
 * Loads TensorFlow.js with an engine that is set: nothing is loaded before, and nothing downloaded at all.
 *
 * The packages are optional peer dependencies. TensorFlow.js is put into its production mode, in which it does not advertise in the console.
 *
 * @throws {UnsupportedError} if a package is absent or does not start; the message says which, why, and what to do
 * @throws {OptionError} for an unknown name
 */
export async function loadTfjs(name: TfjsName, environment: TfjsEnvironment = {}): Promise<TfjsModule> {
  const source = SOURCES[name] as Source | undefined;
  if (source === undefined)
    throw new OptionError(`loadTfjs: got '${String(name)}', expected one of ${TFJS_NAMES.join(', ')}`);
  const nodeMajor = 'nodeMajor' in environment ? environment.nodeMajor : runningNode();
  let current: string = source.packages[0];
  try {
    const modules: unknown[] = [];
    for (current of source.packages) modules.push(await importFrom(environment, current));
    const tf = asTfjs(modules[0]);
    tf.env().set('PROD', true);
    const isSet = await tf.setBackend(source.engine);
    if (!isSet) throw new Error(`the engine '${source.engine}' does not start`);
    await compute(tf);
    return tf;
  } catch (cause) {
    throw new UnsupportedError(
      `${name}: could not load ${current}: ${importFailure(cause)} ${remedy(cause, current, source, nodeMajor)}`,
      { cause },
    );
  }
}

async function importFrom({ load = importPackage, elsewhere }: TfjsEnvironment, name: string): Promise<unknown> {
  try {
    return await load(name);
  } catch (error) {
    if (elsewhere === undefined || !isNotInstalled(error, name)) throw error;
    return elsewhere(name);
  }
}

/** The name is not a literal, so that bundlers and compilers do without packages that are not there. */
function importPackage(name: string): Promise<unknown> {
  return import(name);
}

function runningNode(): number | undefined {
  return typeof process === 'undefined' ? undefined : Number.parseInt(process.versions.node, 10);
}

/** A CommonJS module may show its exports only under `default`. */
function asTfjs(loaded: unknown): LoadedTfjs {
  const found = [loaded, (loaded as { default?: unknown } | null)?.default].find(
    (value) => typeof value === 'object' && value !== null && 'setBackend' in value && 'tidy' in value,
  );
  if (found !== undefined) return found as LoadedTfjs;
  throw new Error('the module has no setBackend and tidy');
}

/** The native engines of 4.22 load on Node 23 and later, and fail in the first operation. */
async function compute(tf: TfjsModule): Promise<void> {
  const x = tf.tensor(Float32Array.of(1), [1], 'float32');
  const y = tf.tidy(() => tf.neg(x)) as typeof x;
  try {
    await y.data();
  } finally {
    x.dispose();
    y.dispose();
  }
}

function remedy(cause: unknown, name: string, { packages, isNative }: Source, nodeMajor: number | undefined): string {
  const otherwise = 'or choose another backend (cpu always works).';
  if (isNotInstalled(cause, name))
    return `Install it with \`npm install ${packages.map((each) => `${each}@${VERSION}`).join(' ')}\`, ${otherwise}`;
  if (!isNative) return `Install version ${VERSION} of ${packages.join(' and ')}, ${otherwise}`;
  if (nodeMajor !== undefined && nodeMajor >= 23)
    return `It does not work on Node 23 and later (tensorflow/tfjs#8609), and this is Node ${nodeMajor}: use Node 20 or 22, ${otherwise}`;
  return `Its native library is downloaded when it is installed: run \`npm rebuild ${name}\` where storage.googleapis.com can be reached, ${otherwise}`;
}
