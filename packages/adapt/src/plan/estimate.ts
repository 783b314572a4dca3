import { bytesPerElement } from '@ntk/tensor';
import { EVIDENCE_ROWS, KRYLOV, krylovBasisBytes, krylovVectorsAtOnce } from '../fit/evidence-size.ts';
import { evidenceSource } from '../fit/evidence-source.ts';
import type { Method, OutputsLayout } from './method.ts';
import type { Rates } from './rates.ts';
import type { PlanProblem } from './sizes.ts';
import {
  BLOCK,
  DOUBLE,
  LINEARIZATION_SHARE,
  Products,
  hostWork,
  inTurn,
  times,
  type LastingWork,
  type Work,
} from './work.ts';

/** What a method is expected to take. */
export interface Estimate {
  readonly seconds: number;
  /** Bytes of the whole process at its peak. */
  readonly bytes: number;
}

/** Bytes of a process with a backend and nothing to do. */
const PROCESS_BYTES = 180 * 2 ** 20;

/** Steps that conjugate gradients are taken to need: nobody knows a spectrum in advance. */
const STEPS = { preconditioned: 40, plain: 120 } as const;

/** Examples that the verdict holds out where leave-one-out has no closed form. */
export const HELD_OUT = 256;

/**
 * Time and peak memory of a method, from sizes and rates alone: to condition on n examples, learn the variances, judge the result, and predict m
 * examples with their variances.
 *
 * The number of steps of an iterative solver is an assumption: 40 with a preconditioner of low rank, 120 without.
 */
export function estimate(problem: PlanProblem, method: Method, { rates, layout, memory }: Setting): Estimate {
  const products = new Products(problem, method, { rates, memory: linearizationMemory(memory) });
  const context = { problem, method, rates, layout, memory, products };
  const base = products.linearize(method);
  const held = heldWork(context);
  const rest = inTurn(learn(context), ...(method.solver === 'cholesky' ? direct(context) : iterate(context)));
  return {
    seconds: base.seconds + held.seconds + rest.seconds,
    bytes: PROCESS_BYTES + base.bytes + Math.max(held.bytes, held.keptBytes + rest.bytes),
  };
}

/** What is the same for all methods. */
export interface Setting {
  readonly rates: Rates;
  readonly layout: OutputsLayout;
  /** Bytes that the process may use. */
  readonly memory: number;
}

/** Bytes that the linearization of a process with some memory may use. */
export function linearizationMemory(memory: number): number {
  return LINEARIZATION_SHARE * memory;
}

interface Context {
  readonly problem: PlanProblem;
  readonly method: Method;
  readonly rates: Rates;
  readonly layout: OutputsLayout;
  /** Bytes that the process may use. */
  readonly memory: number;
  readonly products: Products;
}

/** What stays in memory for as long as the posterior does. */
function heldWork({ problem, method, products, rates, layout }: Context): LastingWork {
  const { n, p } = problem;
  switch (method.holds) {
    case 'kernel':
      return products.kernel({ n, outputs: layout });
    case 'jacobian':
      return products.jacobian(n);
    case 'information':
      return {
        ...inTurn(times(p / BLOCK, products.pass(BLOCK)), hostWork(p ** 3 / 6, rates.cholesky, p ** 2 * DOUBLE)),
        keptBytes: p ** 2 * DOUBLE,
      };
    case 'nothing':
      return { seconds: 0, bytes: 0, keptBytes: 0 };
  }
}

/** The evidence, by a decomposition where there are few parameters or rows, or by a Krylov run on all. */
function learn(context: Context): Work {
  const { problem, method, products, rates, layout } = context;
  const { n, c, p, learnsOn } = problem;
  const { tridiagonal, host } = rates;
  switch (evidenceSource({ sizes: problem, method, learnsOn })) {
    case undefined:
      return { seconds: 0, bytes: 0 };
    case 'products':
      return krylov(context);
    case 'parameters': {
      const isOnHost = method.holds === 'jacobian' && method.solver === 'cholesky';
      const gram = isOnHost
        ? hostWork((n * c * p ** 2) / 2, host, n * c * p * DOUBLE)
        : times(p / BLOCK, kernelStep(context, BLOCK));
      return inTurn(gram, hostWork((2 / 3) * p ** 3, tridiagonal, 3 * p ** 2 * DOUBLE));
    }
    case 'kernel':
    case 'sample': {
      const rows = Math.min(n * c, EVIDENCE_ROWS);
      const isThere = method.holds === 'kernel' && layout === 'full';
      const sample = isThere ? hostWork(0, 1) : products.kernel({ n: Math.floor(rows / c), outputs: 'full' });
      return inTurn(sample, hostWork((2 / 3) * rows ** 3, tridiagonal, 3 * rows ** 2 * DOUBLE));
    }
  }
}

/** One product with the kernel, or with J and its transpose: an information matrix is of no use before the variances are known. */
function kernelStep({ method, products }: Pick<Context, 'method' | 'products'>, k: number): Work {
  return method.holds === 'information' ? products.pass(k) : products.step(method, k);
}

/** All steps of a Krylov run with all its vectors, whose bases are held for those that go together. A matrix that is multiplied by is on the backend for that time. */
function krylov(context: Context): Work {
  const { problem, method, products, rates, memory } = context;
  const { rows } = products;
  const { holds, solver, dtype, productDtype } = method;
  const together = krylovVectorsAtOnce(rows, memory);
  const step = kernelStep(context, together);
  const copied = holds === 'kernel' ? rows ** 2 : holds === 'jacobian' && solver === 'cholesky' ? rows * problem.p : 0;
  return times((KRYLOV.probes + 1) / together, {
    seconds: KRYLOV.steps * step.seconds + (2 * KRYLOV.steps ** 2 * rows * together) / rates.host,
    bytes:
      step.bytes +
      copied * bytesPerElement(holds === 'kernel' ? productDtype : dtype) +
      together * krylovBasisBytes(rows),
  });
}

/** A Cholesky factor, leave-one-out, and the test rows. */
function direct({ problem, method, products, rates, layout }: Context): Work[] {
  const { n, c, p, m } = problem;
  const { cholesky, host } = rates;
  const testByJacobian = (tests: number): Work =>
    products.test({ m: tests, needsFactors: true }, (examples) =>
      inTurn(products.jacobian(examples), hostWork((examples * c * p ** 2) / 2, host, 2 * examples * c * p * DOUBLE)),
    );
  if (method.holds === 'kernel') {
    const systems = layout === 'independent' ? c : 1;
    const size = layout === 'full' ? n * c : n;
    const entries = systems * size ** 2;
    return [
      hostWork((entries * size) / 6, cholesky, 2 * entries * DOUBLE),
      hostWork((entries * size) / 4, host, 2 * entries * DOUBLE),
      products.test({ m, needsFactors: true }, (examples) =>
        inTurn(
          products.kernel({ n: examples, m: n, outputs: layout }),
          hostWork((examples * c * size ** 2) / 2, host, (3 * examples * entries * DOUBLE) / n),
        ),
      ),
    ];
  }
  if (method.holds === 'jacobian') {
    const square = 2 * p ** 2 * DOUBLE;
    return [
      hostWork((n * c * p ** 2) / 2, host, 2 * n * c * p * DOUBLE + square),
      hostWork(p ** 3 / 6, cholesky, square),
      hostWork((n * c * p ** 2) / 2, host, 2 * n * c * p * DOUBLE),
      testByJacobian(m),
    ];
  }
  const factor = inTurn(times(p / BLOCK, products.pass(BLOCK)), hostWork(p ** 3 / 6, cholesky, 2 * p ** 2 * DOUBLE));
  const predicted = m + Math.min(n, HELD_OUT);
  return [factor, testByJacobian(predicted)];
}

/** The preconditioner, the solve for the targets, and one solve for each test row; the same again for what the verdict holds out. */
function iterate({ problem, method, products, rates }: Context): Work[] {
  const { n, c, p, m } = problem;
  const size = method.space === 'function' ? n * c : p;
  const { kind, rank } = method.preconditioner;
  const isHelped = kind === 'nystrom' || kind === 'pivoted-cholesky';
  const steps = Math.min(size, isHelped ? STEPS.preconditioned : STEPS.plain);
  const setUp = inTurn(
    times(rank / BLOCK, products.step(method, BLOCK)),
    hostWork(6 * rank ** 2 * size, rates.host, 3 * rank * size * DOUBLE),
  );
  const step = (k: number): Work =>
    inTurn(products.step(method, k), hostWork((2 * rank + 10) * size * k, rates.host, (rank + 6 * k) * size * DOUBLE));
  const solves = (rows: number): Work => {
    const blocks = Math.ceil(rows / BLOCK);
    return inTurn(times(blocks * steps, step(Math.min(rows, BLOCK))), times(2 * blocks, products.pass(BLOCK)));
  };
  return [
    times(2, setUp),
    times(2 * steps, step(1)),
    products.test({ m: m + Math.min(n, HELD_OUT), needsFactors: false }, (examples) => solves(examples * c)),
  ];
}
