import { sizeOf, type BinaryPrimitive, type UnaryPrimitive } from '@ntk/tensor';
import { stretch } from './movement.ts';
import type { Rule } from './rule.ts';
import { walk } from './walk.ts';

/** Of the elementwise primitives, those that a shading language computes to the last digits, and with NaN as everywhere. */
type Elementwise =
  | Extract<UnaryPrimitive, 'neg' | 'abs' | 'sqrt'>
  | Extract<BinaryPrimitive, 'add' | 'sub' | 'mul' | 'div'>;

function unary(expression: string): Rule<Elementwise> {
  const source = `function (a) { const x = a[this.thread.x]; return ${expression}; }`;
  return (kernels, [a]) => kernels.run(source, [sizeOf(a!.shape), 1, 1], [a!.data]);
}

const ELEMENT = (name: string): string =>
  `${name}[this.thread.z * ${name}Z + this.thread.y * ${name}Y + this.thread.x * ${name}X]`;

function binary(operator: string): Rule<Elementwise> {
  const source = `function (a, b, aX, aY, aZ, bX, bY, bZ) { return ${ELEMENT('a')} ${operator} ${ELEMENT('b')}; }`;
  return (kernels, operands, { shape }) => {
    const direct = walk(
      shape,
      operands.map((operand) => operand.shape),
    );
    if (direct !== undefined)
      return kernels.run(source, direct.extents, [...operands.map(({ data }) => data), ...direct.steps.flat()]);
    const [a, b] = operands.map((operand) => stretch(operand, shape));
    return kernels.run(source, [sizeOf(shape), 1, 1], [a!, b!, 1, 0, 0, 1, 0, 0]);
  };
}

/** Rules of the elementwise primitives. */
export const elementwiseRules: { readonly [P in Elementwise]: Rule<P> } = {
  neg: unary('-x'),
  abs: unary('Math.abs(x)'),
  sqrt: unary('Math.sqrt(x)'),
  add: binary('+'),
  sub: binary('-'),
  mul: binary('*'),
  div: binary('/'),
};
