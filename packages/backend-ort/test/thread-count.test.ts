import { ProgramBuilder, type Program } from '@ntk/tensor';
import { expect, it } from 'vitest';
import { loadOrt, ortBackend, type OrtModule } from '@ntk/backend-ort';

function product(rows: number, inner: number): Program {
  const b = new ProgramBuilder('product');
  b.output('c', b.matmul(b.input('a', [inner, rows]), b.input('b', [inner, 100]), { transposeA: true }));
  return b.build();
}

function sum(rows: number): Program {
  const b = new ProgramBuilder('sum');
  b.output('total', b.sum(b.input('x', [rows, 100]), [0, 1]));
  return b.build();
}

it.each([
  ['a small product', product(100, 100), undefined, 1],
  ['a large product', product(1000, 100), undefined, undefined],
  ['a short sum', sum(100), undefined, 1],
  ['a long sum', sum(10_000), undefined, undefined],
  ['a small product, threads given', product(100, 100), 3, 3],
])('asks for threads that fit: %s', async (_what, program, threads, expected) => {
  const ort = await loadOrt();
  const asked: (number | undefined)[] = [];
  const create: OrtModule['InferenceSession']['create'] = async (model, options) => {
    asked.push(options?.intraOpNumThreads);
    return ort.InferenceSession.create(model, options);
  };
  const module = { Tensor: ort.Tensor, InferenceSession: { create } };
  const backend = await ortBackend({ ort: module, ...(threads === undefined ? {} : { threads }) });
  using executable = await backend.compile(program, { dtype: 'float32' });
  expect(executable.dtype).toBe('float32');
  expect(asked).toEqual([expected]);
});
