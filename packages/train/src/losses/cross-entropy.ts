import { OptionError, ShapeError, type TypedArray } from '@ntk/tensor';
import type { Loss } from './loss.ts';

/** How far the probabilities of an example may be from summing to 1. */
const SUM_TOLERANCE = 1e-5;

/**
 * The cross-entropy −Σ_a y_a log softmax(f)_a of outputs that are logits, in nats.
 *
 * Targets are class numbers 0 … c − 1, one an example, or probabilities [n, c] (one-hot rows, or soft labels). The largest logit is
 * subtracted first, so that logits of any size neither overflow nor lose the loss of a wrong, certain answer.
 */
export function crossEntropy(): Loss {
  return {
    name: 'cross-entropy',
    targets: (y, n, c) => {
      if (c < 2) {
        throw new ShapeError(
          `crossEntropy: got a network of ${c} output, expected one logit for each of two classes or more`,
        );
      }
      if (y.length === n) return oneHot(y, c);
      if (y.length === n * c) return checkProbabilities(y, c);
      throw new ShapeError(
        `crossEntropy: got ${y.length} targets for ${n} examples, expected ${n} class numbers or ${n * c} probabilities`,
      );
    },
    emit: (b, outputs, targets) => {
      const n = b.shape(outputs)[0]!;
      const shifted = b.sub(outputs, b.reshape(b.max(outputs, [1]), [n, 1])); // [n, c], all ≤ 0
      const powers = b.unary('exp', shifted);
      const total = b.sum(powers, [1]); // [n], from 1 to c
      const losses = b.sub(b.unary('log', total), b.sum(b.mul(targets, shifted), [1]));
      return { losses, gradient: b.sub(b.div(powers, b.reshape(total, [n, 1])), targets) };
    },
  };
}

function oneHot(labels: TypedArray, c: number): Float64Array {
  const rows = new Float64Array(labels.length * c);
  labels.forEach((label, i) => {
    if (!Number.isInteger(label) || label < 0 || label >= c) {
      throw new OptionError(
        `crossEntropy: got the class ${label} for example ${i}, expected an integer from 0 to ${c - 1}`,
      );
    }
    rows[i * c + label] = 1;
  });
  return rows;
}

function checkProbabilities(y: TypedArray, c: number): TypedArray {
  for (let i = 0; i < y.length; i += c) {
    const row = y.subarray(i, i + c);
    let sum = 0;
    for (const value of row) sum += value;
    if (row.every((value) => value >= 0) && Math.abs(sum - 1) <= SUM_TOLERANCE) continue;
    throw new OptionError(
      `crossEntropy: got the probabilities ${Array.from(row).join(', ')} for example ${i / c}, expected none negative and a sum of 1`,
    );
  }
  return y;
}
