import { ProgramBuilder, Rng, cpuBackend, unitRoundoff, type Backend, type TypedArray } from '@ntk/tensor';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { literalInputs } from '../src/literal-inputs.ts';
import { ortBackend } from '@ntk/backend-ort';
import { relativeError } from '@ntk/tensor/testing';

/** A convolution by a filter [3, 3, 16, 16], its results scaled. */
function convolution() {
  const b = new ProgramBuilder('convolution');
  const images = b.input('images', [2, 5, 5, 16]);
  const filter = b.input('filter', [3, 3, 16, 16]);
  const scale = b.input('scale', [16]);
  b.output('y', b.mul(b.conv2d(images, filter, { pads: [1, 1, 1, 1] }), scale));
  return b.build();
}

async function runWith(backend: Backend, fixed: readonly TypedArray[] | undefined, inputs: readonly TypedArray[]) {
  const program = convolution();
  const dtype = 'float32';
  const options =
    fixed === undefined
      ? ({ dtype } as const)
      : ({ dtype, fixed: new Map(fixed.map((data, i) => [i + 1, data])) } as const);
  using executable = await backend.compile(program, options);
  const tensors = inputs.map((data, i) => backend.upload(data, program.inputs[i]!.shape));
  const [y] = await backend.run(executable, tensors);
  const result = Float32Array.from(await backend.read(y!));
  [...tensors, y!].forEach((tensor) => tensor.dispose());
  return result;
}

/** A sum of 144 terms. */
const TOLERANCE = 144 * unitRoundoff('float32');

describe('fixed inputs', () => {
  const rng = new Rng(1);
  const draw = (count: number): Float32Array => Float32Array.from(rng.normals(count));
  const [images, filter, scale, otherFilter] = [draw(800), draw(2304), draw(16), draw(2304)];

  it('become part of the model and give what inputs give', async () => {
    const backend = await ortBackend();
    const given = await runWith(backend, undefined, [images, filter, scale]);
    expect(relativeError(await runWith(backend, [filter, scale], [images, filter, scale]), given)).toBeLessThan(
      TOLERANCE,
    );
    const oracle = await runWith(cpuBackend(), [filter, scale], [images, filter, scale]);
    expect(relativeError(given, oracle)).toBeLessThan(TOLERANCE);
  });

  it('are told apart by their elements, not by the Program', async () => {
    const backend = await ortBackend();
    const first = await runWith(backend, [filter, scale], [images, filter, scale]);
    const second = await runWith(backend, [otherFilter, scale], [images, otherFilter, scale]);
    const expected = await runWith(backend, undefined, [images, otherFilter, scale]);
    expect(relativeError(second, expected)).toBeLessThan(TOLERANCE);
    expect(Math.abs(first[0]! - second[0]!)).toBeGreaterThan(1e-3);
  });

  it('are told apart by their elements also in one array, which may be written once the executable is disposed', async () => {
    const backend = await ortBackend();
    const reused = Float32Array.from(filter);
    await runWith(backend, [reused, scale], [images, reused, scale]);
    reused.set(otherFilter);
    const second = await runWith(backend, [reused, scale], [images, reused, scale]);
    const expected = await runWith(backend, undefined, [images, otherFilter, scale]);
    expect(relativeError(second, expected)).toBeLessThan(TOLERANCE);
  });

  it('share a compiled Program if they hold the same elements', async () => {
    const backend = await ortBackend();
    await runWith(backend, [filter, scale], [images, filter, scale]);
    const buffer = new Float32Array(new SharedArrayBuffer(4 * filter.length + 4), 4);
    buffer.set(filter);
    await runWith(backend, [buffer, scale], [images, buffer, scale]);
    expect(backend.compiled).toEqual({ alive: 1, held: 0 });
  });

  it('stay inputs where Web Crypto is missing, as on pages without https', async () => {
    vi.stubGlobal('crypto', {});
    onTestFinished(() => void vi.unstubAllGlobals());
    expect(literalInputs(convolution(), 'float32', new Map([[1, filter]])).size).toBe(0);
    const given = await runWith(await ortBackend(), [filter, scale], [images, filter, scale]);
    expect(relativeError(given, await runWith(cpuBackend(), undefined, [images, filter, scale]))).toBeLessThan(
      TOLERANCE,
    );
  });

  it('are literals only where that helps: filters of convolutions in float32, and what is small beside them', () => {
    const fixed = new Map<number, TypedArray>([
      [1, filter],
      [2, scale],
    ]);
    expect([...literalInputs(convolution(), 'float32', fixed).keys()]).toEqual([1, 2]);
    expect(literalInputs(convolution(), 'float64', fixed).size).toBe(0);
    const b = new ProgramBuilder('product');
    b.output('y', b.matmul(b.input('x', [2, 3]), b.input('w', [3, 4])));
    expect(literalInputs(b.build(), 'float32', new Map([[1, new Float32Array(12)]])).size).toBe(0);
  });
});
