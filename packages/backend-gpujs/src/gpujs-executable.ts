import {
  OwnershipError,
  shapeOf,
  sizeOf,
  UnsupportedError,
  type Backend,
  type DType,
  type Executable,
  type Primitive,
  type Program,
  type Value,
} from '@ntk/tensor';
import type { Kernels } from './kernels.ts';
import type { Operand, Rule } from './lower/rule.ts';
import { rules } from './lower/table.ts';

/** Kernels compute the places of elements in single precision. */
const MAX_ELEMENTS = 2 ** 24;

/** A Program whose primitives and sizes this backend has. */
export class GpujsExecutable implements Executable {
  readonly program: Program;
  readonly dtype: DType = 'float32';
  readonly backend: Backend;
  readonly #kernels: Kernels;
  #isDisposed = false;

  /** @throws {UnsupportedError} for a primitive without a rule, or a value of more than 2²⁴ elements */
  constructor(backend: Backend, kernels: Kernels, program: Program) {
    checkPrimitives(backend.name, program);
    checkSizes(backend.name, program);
    this.backend = backend;
    this.program = program;
    this.#kernels = kernels;
  }

  /**
   * @param inputs - one array for each input of the Program; borrowed
   * @returns one for each output, none of them an input
   * @throws {OwnershipError} after `dispose`
   */
  async run(inputs: readonly Float32Array[]): Promise<Float32Array[]> {
    const { program } = this;
    if (this.#isDisposed)
      throw new OwnershipError(`${this.backend.name}: the executable of ${program.name} was run after it was disposed`);
    const values = new Map<Value, Operand>(program.inputs.map(({ shape }, i) => [i, { data: inputs[i]!, shape }]));
    for (const [i, node] of program.nodes.entries()) {
      const operands = node.inputs.map((value) => values.get(value)!);
      const data =
        sizeOf(node.shape) === 0
          ? new Float32Array(0)
          : await (rules[node.op] as Rule<Primitive>)(this.#kernels, operands, node);
      values.set(program.inputs.length + i, { data, shape: node.shape });
    }
    // The caller may write what he uploaded once that tensor is disposed.
    const given: ReadonlySet<Float32Array> = new Set(inputs);
    return program.outputs.map(({ value }) => {
      const { data } = values.get(value)!;
      return given.has(data) ? data.slice() : data;
    });
  }

  dispose(): void {
    this.#isDisposed = true;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function checkPrimitives(backend: string, program: Program): void {
  const missing = program.nodes.find(({ op }) => rules[op] === undefined);
  if (missing === undefined) return;
  throw new UnsupportedError(
    `${backend}: got the primitive '${missing.op}' in ${program.name}, expected one of ${Object.keys(rules).join(', ')}; gpu.js runs linear algebra, networks need another backend`,
  );
}

function checkSizes(backend: string, program: Program): void {
  const values = program.inputs.length + program.nodes.length;
  for (let value = 0; value < values; value++) {
    const size = sizeOf(shapeOf(program, value));
    if (size <= MAX_ELEMENTS) continue;
    throw new UnsupportedError(
      `${backend}: got a value of ${size} elements in ${program.name}, expected at most ${MAX_ELEMENTS}, as kernels compute places in single precision; use another backend`,
    );
  }
}
