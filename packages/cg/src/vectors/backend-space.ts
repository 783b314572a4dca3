import { BlockPrograms, type LinearOperator, type Matrix, type Placement, matrix } from '@ntk/linop';
import { type Program, ProgramBuilder, type Tensor, UnsupportedError, asDType, transfer } from '@ntk/tensor';
import { selectRows } from './host-space.ts';
import type { VectorSpace } from './vector-space.ts';

/**
 * Vectors as tensors of any backend, in the dtype that is named: on a device they stay there, and only numbers come back.
 *
 * In float32 the recurrences and the sums inside dot products are float32 too: tolerances near its rounding are then out of reach.
 *
 * @throws {UnsupportedError} if the backend lacks the dtype
 */
export function backendSpace(placement: Required<Placement>): VectorSpace<Tensor> {
  if (!placement.backend.supports[placement.dtype]) {
    throw new UnsupportedError(
      `backendSpace: got the backend ${placement.backend.name}, which lacks ${placement.dtype}, for vectors of that dtype; ` +
        "pass dtype: 'float32', or leave the backend out to iterate in float64 on the host",
    );
  }
  return new BackendSpace(placement);
}

class BackendSpace implements VectorSpace<Tensor> {
  readonly placement: Required<Placement>;
  readonly #live = new Set<Tensor>();
  readonly #programs = new Map<string, BlockPrograms>();

  constructor(placement: Required<Placement>) {
    this.placement = placement;
  }

  async load(block: Matrix): Promise<Tensor> {
    const { backend, dtype } = this.placement;
    const data = dtype === 'float64' ? block.data.slice() : asDType(block.data, dtype);
    return this.#keep(backend.upload(data, [block.rows, block.columns]));
  }

  async read(x: Tensor): Promise<Matrix> {
    return matrix(x.shape[0]!, x.shape[1]!, Float64Array.from(await this.placement.backend.read(x)));
  }

  async product(A: LinearOperator, x: Tensor): Promise<Tensor> {
    const { backend, dtype } = this.placement;
    if (A.backend === backend && A.dtype === dtype) return this.#keep(await A.matmul(x));
    using there = await transfer(x, A.backend, { dtype: A.dtype });
    using product = await A.matmul(there); // [k, rows]
    return this.#keep(await transfer(product, backend, { dtype }));
  }

  async addScaled(y: Tensor, alpha: Float64Array, x: Tensor): Promise<Tensor> {
    const { backend, dtype } = this.placement;
    const [k, n] = [y.shape[0]!, y.shape[1]!];
    using factors = backend.upload(asDType(alpha.slice(), dtype), [k, 1]);
    const sum = await this.#programsOf(`add ${n}`, (rows) => addScaledProgram(rows, n)).run(k, [y, factors, x]);
    this.release(y);
    return this.#keep(sum);
  }

  async copy(x: Tensor): Promise<Tensor> {
    return this.#keep(await transfer(x, this.placement.backend));
  }

  async dots(...pairs: readonly (readonly [Tensor, Tensor])[]): Promise<Float64Array[]> {
    const operands = [...new Set(pairs.flat())];
    const pattern = pairs.map(([x, y]) => [operands.indexOf(x), operands.indexOf(y)] as const);
    const [k, n] = [operands[0]!.shape[0]!, operands[0]!.shape[1]!];
    const programs = this.#programsOf(`dots ${n} ${pattern.join(' ')}`, (rows) => dotsProgram(rows, n, pattern));
    using products = await programs.run(k, operands); // [pairs, k]
    const values = Float64Array.from(await this.placement.backend.read(products));
    return pairs.map((_, i) => values.subarray(i * k, (i + 1) * k));
  }

  // Through the host: it happens a few times in a solve, and a Program for each set of rows would have to be compiled.
  async select(x: Tensor, rows: readonly number[]): Promise<Tensor> {
    return this.load(selectRows(await this.read(x), rows));
  }

  release(x: Tensor): void {
    this.#live.delete(x);
    x.dispose();
  }

  dispose(): void {
    for (const tensor of this.#live) tensor.dispose();
    this.#live.clear();
    for (const programs of this.#programs.values()) programs.dispose();
    this.#programs.clear();
  }

  #keep(tensor: Tensor): Tensor {
    this.#live.add(tensor);
    return tensor;
  }

  #programsOf(key: string, build: (k: number) => Program): BlockPrograms {
    const { backend, dtype } = this.placement;
    const programs = this.#programs.get(key) ?? new BlockPrograms(backend, dtype, build);
    this.#programs.set(key, programs);
    return programs;
  }
}

function addScaledProgram(k: number, n: number): Program {
  const b = new ProgramBuilder('addScaled');
  const y = b.input('y', [k, n]);
  const alpha = b.input('alpha', [k, 1]);
  const x = b.input('x', [k, n]);
  b.output('sum', b.add(y, b.mul(alpha, x)));
  return b.build();
}

function dotsProgram(k: number, n: number, pattern: readonly (readonly [number, number])[]): Program {
  const b = new ProgramBuilder('dots');
  const count = 1 + Math.max(...pattern.flat());
  const operands = Array.from({ length: count }, (_, i) => b.input(`x${i}`, [k, n]));
  const dots = pattern.map(([x, y]) => b.reshape(b.sum(b.mul(operands[x]!, operands[y]!), [1]), [1, k]));
  b.output('dots', b.concat(dots, 0));
  return b.build();
}
