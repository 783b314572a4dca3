import { matrix, type Matrix } from '@ntk/linop';
import { FormatError, exampleShape, outputCount, sizeOf, type Network, type TypedArray } from '@ntk/tensor';
import { weightRows } from '../systems/combine-outputs.ts';
import type { Description } from './description.ts';
import type { StoredTensor } from './safetensors.ts';
import type { StoredPosterior, StoredRoot, StoredVariance, WeightRoot } from './stored-posterior.ts';

/** The tensors of a posterior but for those of its network, by name. */
export function tensorsOf({ weights, constant, variance, network }: StoredPosterior): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>([['weights', fromMatrix(weights)]]);
  if (constant.length > 0) tensors.set('constant', { data: constant, shape: [constant.length] });
  switch (variance.kind) {
    case 'none':
      break;
    case 'root':
      variance.roots.forEach((root, i) => addRoot(tensors, root, `root.${i}`));
      break;
    case 'samples':
      tensors.set('samples.weights', fromMatrix(variance.weights));
      if (constant.length > 0) tensors.set('samples.constants', fromMatrix(variance.constants));
      break;
    case 'exact': {
      const { x, y } = variance.data;
      const examples = y.length / outputCount(network);
      tensors.set('data.x', { data: x, shape: [examples, x.length / examples] });
      tensors.set('data.y', { data: y, shape: [examples, outputCount(network)] });
      if (variance.noise !== undefined)
        tensors.set('data.noise', { data: variance.noise, shape: [examples, outputCount(network)] });
      if (variance.unknowns !== undefined) tensors.set('data.unknowns', fromMatrix(variance.unknowns));
    }
  }
  return tensors;
}

function addRoot(tensors: Map<string, StoredTensor>, { root, constant }: StoredRoot, name: string): void {
  if (root.form === 'covariance') tensors.set(`${name}.covariance`, fromMatrix(root.root));
  else {
    tensors.set(`${name}.weights`, fromMatrix(root.cache.weights));
    tensors.set(`${name}.noise`, fromMatrix(root.cache.noise));
  }
  if (constant === undefined) return;
  tensors.set(`${name}.constant.covariance`, fromMatrix(constant.covariance));
  tensors.set(`${name}.constant.weights`, fromMatrix(constant.weights));
}

/** Takes tensors out of a file and checks what they must be like. */
export class TensorReader {
  readonly #tensors: ReadonlyMap<string, StoredTensor>;
  readonly #source: string;

  constructor(tensors: ReadonlyMap<string, StoredTensor>, source: string) {
    this.#tensors = tensors;
    this.#source = source;
  }

  /** @throws {FormatError} if there is no tensor of that name, or an entry is not finite */
  take(name: string): StoredTensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw this.error(`tensor '${name}' is missing`);
    if (tensor.data.every(Number.isFinite)) return tensor;
    throw this.error(`tensor '${name}' has an entry that is not finite`);
  }

  /** @throws {FormatError} also if the tensor is no matrix of these sizes; a size may be left open */
  matrix(name: string, rows?: number, columns?: number): Matrix {
    const { data, shape } = this.take(name);
    const [m, n] = shape;
    const fits = shape.length === 2 && (rows ?? m) === m && (columns ?? n) === n;
    if (fits) return matrix(m!, n!, doubles(data));
    throw this.error(
      `tensor '${name}' has shape (${shape.join(', ')}), expected (${rows ?? 'any'}, ${columns ?? 'any'})`,
    );
  }

  /** A FormatError about this file. */
  error(problem: string): FormatError {
    return new FormatError(`${this.#source}: ${problem}; write the file again`);
  }
}

/** What a description says about variances, with their tensors. */
export function readVariance(reader: TensorReader, parsed: Description, network: Network, p: number): StoredVariance {
  const { variance, outputs: layout } = parsed;
  const c = outputCount(network);
  switch (variance.kind) {
    case 'none':
      return { kind: 'none' };
    case 'root': {
      const systems = layout === 'full' ? 1 : c;
      const { length } = variance.roots;
      if (length !== systems && !(layout === 'shared' && length === 1))
        throw reader.error(`it has ${length} roots, expected ${systems}`);
      const features = layout === 'shared' ? c * p : p;
      return {
        kind: 'root',
        roots: variance.roots.map((each, i) =>
          readRoot(reader, { ...each, name: `root.${i}`, features, priorVariance: parsed.priorVariance }),
        ),
      };
    }
    case 'samples': {
      const { count } = variance;
      const weights = reader.matrix('samples.weights', count * weightRows(layout, c), p);
      const constants = parsed.mean === 'constant' ? reader.matrix('samples.constants', count, c) : matrix(count, 0);
      return { kind: 'samples', count, weights, constants };
    }
    case 'exact': {
      const x = reader.matrix('data.x', parsed.examples, sizeOf(exampleShape(network)));
      const data = { x: x.data, y: reader.matrix('data.y', parsed.examples, c).data };
      return {
        kind: 'exact',
        data,
        ...(variance.noise ? { noise: reader.matrix('data.noise', parsed.examples, c).data } : {}),
        ...(variance.rtol === undefined ? {} : { rtol: variance.rtol }),
        ...(variance.unknowns === true
          ? { unknowns: reader.matrix('data.unknowns', ...unknownsShape(parsed, c, p)) }
          : {}),
      };
    }
  }
}

// A row for each constant of the mean and one for the targets.
function unknownsShape({ mean, space, examples }: Description, c: number, p: number): [number, number] {
  return [mean === 'constant' ? c + 1 : 1, space === 'function' ? examples * c : p];
}

interface RootPlace {
  readonly name: string;
  readonly form: WeightRoot['form'];
  readonly errorBound: number;
  readonly constant: boolean;
  readonly features: number;
  readonly priorVariance: number;
}

function readRoot(reader: TensorReader, place: RootPlace): StoredRoot {
  const { name, features, priorVariance, errorBound } = place;
  const root =
    place.form === 'covariance' ? readCovariance(reader, place) : { form: 'cached' as const, cache: readCache() };
  if (!place.constant) return { root };
  const covariance = reader.matrix(`${name}.constant.covariance`);
  return {
    root,
    constant: { covariance, weights: reader.matrix(`${name}.constant.weights`, covariance.rows, features) },
  };

  function readCache() {
    const weights = reader.matrix(`${name}.weights`, undefined, features);
    return { priorVariance, weights, noise: reader.matrix(`${name}.noise`, weights.rows), errorBound };
  }
}

function readCovariance(reader: TensorReader, { name, features }: RootPlace): WeightRoot {
  return { form: 'covariance', root: reader.matrix(`${name}.covariance`, undefined, features) };
}

function fromMatrix({ data, rows, columns }: Matrix): StoredTensor {
  return { data, shape: [rows, columns] };
}

function doubles(data: TypedArray): Float64Array {
  return data instanceof Float64Array ? data : Float64Array.from(data);
}
