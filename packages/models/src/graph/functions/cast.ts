import { UnsupportedError } from '@ntk/tensor';
import type { ElementKind, Traced } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { pointwise } from './elementwise.ts';

/**
 * The same entries as another kind of them.
 *
 * @throws {UnsupportedError} for real numbers that are computed and become integers
 */
export function castTo(tracer: Tracer, operand: Traced, to: ElementKind): Traced {
  const from = operand.element;
  if (to === 'bool' && from !== 'bool') return { ...truths(tracer, operand), element: to };
  if (to !== 'int' || from !== 'float') return { ...operand, element: to };
  if (operand.kind === 'view')
    throw new UnsupportedError('got real numbers to cast to integers, which has no derivative');
  const { shape, name, values } = operand;
  const whole = (): number[] => Array.from(values() as readonly number[], Math.trunc);
  return { kind: 'static', element: to, shape, name, values: whole };
}

function truths(tracer: Tracer, operand: Traced): Traced {
  return pointwise(tracer, operand, (b, x) => b.sub(b.scalar(1), b.binary('equal', x, b.scalar(0))));
}
