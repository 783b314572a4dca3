import { quoted } from './names.ts';
import type { Cell } from './table.ts';

/** What a cell of a number column holds. */
export type Reading =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'missing' | 'text' | 'infinite'; readonly got: string };

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const MISSING = /^(|na|n\/a|#n\/a|[+-]?nan|null|none)$/i;
const INFINITE = /^[+-]?(inf|infinity|∞)$/i;

/**
 * Reads a cell of a number column. Decimal notation only: no hexadecimal, no digit separators, no decimal comma.
 * Empty, NA, N/A, NaN, null and None are missing; what overflows a double is infinite.
 */
export function readNumber(cell: Cell): Reading {
  if (typeof cell === 'number') {
    if (Number.isFinite(cell)) return { kind: 'number', value: cell };
    return { kind: Number.isNaN(cell) ? 'missing' : 'infinite', got: `the cell is ${cell}` };
  }
  const text = cell.trim();
  if (NUMBER.test(text)) {
    const value = Number(text);
    return Number.isFinite(value)
      ? { kind: 'number', value }
      : { kind: 'infinite', got: `${quoted(text)} is larger than any double` };
  }
  if (MISSING.test(text))
    return { kind: 'missing', got: text === '' ? 'the cell is empty' : `the cell is ${quoted(text)}` };
  return { kind: INFINITE.test(text) ? 'infinite' : 'text', got: `the cell is ${quoted(text)}` };
}

/** The category that a cell names, or undefined for an empty cell or NaN. Text such as 'none' or 'NA' is a category. */
export function readCategory(cell: Cell): string | undefined {
  if (typeof cell === 'number') return Number.isNaN(cell) ? undefined : String(cell);
  const text = cell.trim();
  return text === '' ? undefined : text;
}
