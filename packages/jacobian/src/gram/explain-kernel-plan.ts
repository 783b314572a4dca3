import { alignColumns, formatBytes, formatSeconds, type DType } from '@ntk/tensor';
import type { KernelCandidate, KernelPlan } from './kernel-candidate.ts';

/** What a plan was made for, beside its size. */
export interface PlanSetting {
  /** c. */
  readonly outputs: number;
  readonly dtype: DType;
  readonly productDtype: DType;
  readonly memory: number;
}

/** A plan as text for a terminal: the layers of the way that was chosen, then all ways. */
export function explainKernelPlan(plan: Omit<KernelPlan, 'explain'>, setting: PlanSetting): string {
  const { size, layers, candidates } = plan;
  const isLimited = setting.memory !== Infinity;
  const limit = isLimited ? `, memory at most ${formatBytes(setting.memory)}` : '';
  const products = setting.productDtype === setting.dtype ? '' : ` with products in ${setting.productDtype}`;
  const best = isLimited ? 'chosen: the fastest that fits' : 'chosen: the fastest';
  const layerRows = layers.map(({ parameters, strategy, seconds, bytes }) => [
    shortened(parameters),
    strategy,
    formatSeconds(seconds),
    formatBytes(bytes),
  ]);
  const candidateRows = candidates.map((candidate) => {
    const isChosen = candidate.assembly === plan.assembly && candidate.factorForm === plan.factorForm;
    const isFaster = candidate.seconds < plan.seconds;
    const verdict = isChosen
      ? best
      : candidate.bytes > setting.memory
        ? 'too large'
        : isFaster
          ? 'not twice as fast'
          : '';
    return [nameOf(candidate), formatSeconds(candidate.seconds), formatBytes(candidate.bytes), verdict];
  });
  return [
    `kernel of ${size.n} × ${size.m} examples with ${setting.outputs} output${setting.outputs === 1 ? '' : 's'} (${size.outputs}), ${setting.dtype}${products}${limit}`,
    ...indented([['layer', 'strategy', 'time', 'memory'], ...layerRows], [2, 3]),
    ...indented([['way', 'time', 'memory at the peak', ''], ...candidateRows], [1, 2]),
  ].join('\n');
}

function nameOf({ assembly, factorForm }: KernelCandidate): string {
  if (assembly === 'products') return 'products with unit vectors';
  if (factorForm === 'cheapest') return 'factors, each layer its cheaper form';
  return factorForm === 'positions' ? 'factors, positions in pairs' : 'factors, layer Jacobians';
}

function shortened(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names[0]!}, … ${names.at(-1)!} (${names.length})`;
}

function indented(rows: readonly (readonly string[])[], right: readonly number[]): string[] {
  return alignColumns(rows, right).map((line) => `  ${line}`);
}
