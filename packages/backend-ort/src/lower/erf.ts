import type { Graph } from './graph.ts';
import type { Rule } from './rule.ts';

/**
 * erf(x)/x on |x| ≤ 1 as a polynomial of s = 2x² − 1. Powers ascend.
 * This and the next: Chebyshev interpolation with 40 digits, rearranged by powers of s ∈ [−1, 1].
 */
const NEAR = [
  0.9654687386698673, -0.1405360890227171, 0.019852496688984218, -0.0022854855611440855, 0.00021751715603563488,
  -1.75371694412802e-5, 1.2233827638093572e-6, -7.51156925108609e-8, 4.115751500265885e-9, -2.035231956483527e-10,
  9.21125018742823e-12, -3.80659122412214e-13,
];

/** erfc(x)·exp(x²) on 1 ≤ x ≤ 6 as a polynomial of s = (24t − 13)/5, where t = 1/(1 + x/3). */
const FAR = [
  0.20798329133342885, 0.15436117429438836, 0.049698445403375216, 0.012713147695154857, 0.002479314697621277,
  0.0003316029648753461, 1.9563578906857695e-5, -2.42557221161177e-6, -5.541125848160943e-7, 4.551267548592995e-9,
  1.131478564144137e-8, 2.4416129982547695e-10, -2.3736182042986786e-10,
];

/** The error function. ONNX Runtime has it in float32 only; in float64 it is composed, with a relative error of at most 1e-15. */
export const erf: Rule<'erf'> = (graph, [x]) =>
  graph.dtype === 'float32' ? graph.node('Erf', [x!.name]) : composed(graph, x!.name);

function composed(graph: Graph, x: string): string {
  const one = graph.scalar(1);
  const size = graph.node('Abs', [x]);
  const isNear = graph.node('Less', [size, one]);
  const value = graph.node('Where', [
    isNear,
    near(graph, graph.node('Min', [size, one])),
    far(graph, clip(graph, size)),
  ]);
  return graph.node('Mul', [graph.node('Sign', [x]), value]);
}

/** Into 1 … 6; beyond, erf rounds to 1. */
function clip(graph: Graph, x: string): string {
  return graph.node('Max', [graph.node('Min', [x, graph.scalar(6)]), graph.scalar(1)]);
}

function near(graph: Graph, x: string): string {
  const square = graph.node('Mul', [x, x]);
  const s = graph.node('Sub', [graph.node('Add', [square, square]), graph.scalar(1)]);
  return graph.node('Mul', [x, polynomial(graph, NEAR, s)]);
}

function far(graph: Graph, x: string): string {
  // (24/(1 + x/3) − 13)/5 = (72/5)/(3 + x) − 13/5.
  const s = graph.node('Sub', [
    graph.node('Div', [graph.scalar(14.4), graph.node('Add', [x, graph.scalar(3)])]),
    graph.scalar(2.6),
  ]);
  const decay = graph.node('Exp', [graph.node('Neg', [graph.node('Mul', [x, x])])]);
  return graph.node('Sub', [graph.scalar(1), graph.node('Mul', [decay, polynomial(graph, FAR, s)])]);
}

/** Horner's rule. */
function polynomial(graph: Graph, coefficients: readonly number[], s: string): string {
  const [highest, ...rest] = coefficients.toReversed().map((value) => graph.scalar(value));
  return rest.reduce((sum, coefficient) => graph.node('Add', [graph.node('Mul', [sum, s]), coefficient]), highest!);
}
