import { expect, it } from 'vitest';
import { printProgram, ProgramBuilder } from '@ntk/tensor';

it('prints a Program, one value a line', () => {
  const b = new ProgramBuilder('dense');
  const x = b.input('x', [5, 3], { exampleAxis: 0 });
  const kernel = b.input('kernel', [4, 3]);
  const bias = b.input('bias', [4]);
  const z = b.add(b.matmul(x, kernel, { transposeB: true }), bias);
  b.output('f', b.unary('relu', z));
  b.output('norm', b.sum(b.mul(z, b.scalar(0.5)), [1]));
  expect(printProgram(b.build())).toMatchInlineSnapshot(`
    "program dense
      x      : [5, 3] examples on axis 0
      kernel : [4, 3]
      bias   : [4]
      %3     : [5, 4] = matmul x kernel {transposeB: true}
      %4     : [5, 4] = add %3 bias
      %5     : [5, 4] = relu %4
      %6     : [] = constant {shape: [], values: [0.5]}
      %7     : [5, 4] = mul %4 %6
      %8     : [5] = sum %7 {axes: [1]}
      return f = %5, norm = %8"
  `);
});

it('prints a Program without nodes', () => {
  const b = new ProgramBuilder('identity');
  b.output('y', b.input('x', []));
  expect(printProgram(b.build())).toMatchInlineSnapshot(`
    "program identity
      x  : []
      return y = x"
  `);
});
