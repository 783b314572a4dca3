import { sizeOf, type ProgramBuilder, type Value } from '@ntk/tensor';
import type { Derivation } from '../derivation.ts';
import { scaled } from '../linear-programs.ts';
import { permute } from '../permute.ts';
import type { FactorForm } from './factor-form.ts';
import { joinUses } from './join-uses.ts';
import { factorsOfUses } from './use-factors.ts';
import type { UseFactors } from './use.ts';

/**
 * A summand of the Jacobian in factored form: the parameters whose layers have the same sensitivities. With T positions,
 *
 *     J_(i,α) = Σ_t A_it ⊗ G_iαt,    Θ_(i,α)(j,β) += Σ_{t,t'} (A_it · A_jt') (G_iαt · G_jβt').
 *
 * A dense kernel gives its inputs A and sensitivities G. A bias that shares those sensitivities is one more column of A, of ones. An embedding
 * table has one-hot inputs, of which only the index is kept: A_it · A_jt' is 1 where two indices are equal. Any other parameter gives the
 * rows of its own Jacobian as G, with no A. Source: Novak, Sohl-Dickstein and Schoenholz (2022), structured derivatives.
 */
export interface Term {
  /** Inputs of layers side by side, then a column of ones for each bias, [n, T, a]; null where there are none. */
  readonly activations: Value | null;
  /** Indices [n, T, 1] that stand for one-hot inputs; null where there are none. */
  readonly indices: Value | null;
  /** Sensitivities ∂f_α/∂(layer output), or rows of the layer Jacobian: [n, c, T, b]. */
  readonly sensitivities: Value;
  readonly blocks: readonly Block[];
}

/** Where a parameter's part of J is in a term. */
export interface Block {
  /** Position among the chosen parameters. */
  readonly parameter: number;
  /** The factor whose columns (indices: one-hot columns) are this parameter's; 'sensitivities' where those are rows of J. */
  readonly factor: 'activations' | 'indices' | 'sensitivities';
  readonly start: number;
  readonly size: number;
  /** True if the parameter is [b, a] instead of [a, b]. */
  readonly transposed: boolean;
}

/** The terms of those parameters that have a factored form, and the parameters (positions among the chosen) that have none. */
export interface Terms {
  readonly terms: readonly Term[];
  readonly remaining: readonly number[];
}

/**
 * Emits the factors of every chosen parameter.
 *
 * @param coefficients - values of `b` for the coefficient tensors
 * @param cotangents - cotangents of the active values for the c unit seeds: k = c right-hand sides
 */
export function emitTerms(
  b: ProgramBuilder,
  derivation: Derivation,
  {
    coefficients,
    cotangents,
    form,
  }: {
    readonly coefficients: readonly Value[];
    readonly cotangents: ReadonlyMap<Value, Value>;
    readonly form: FactorForm;
  },
): Terms {
  const [n, c] = derivation.outputShape as [number, number];
  const groups = new Map<Value, Member[]>();
  const remaining: number[] = [];
  derivation.chosen.forEach((value, parameter) => {
    const factors = factorsOfUses(b, { derivation, coefficients, cotangents }, value);
    if (factors?.length === 0) return;
    if (factors === null) {
      remaining.push(parameter);
      return;
    }
    const parameterSize = sizeOf(derivation.chosenShapes[parameter]!);
    const joined = joinUses(b, factors, { n, c, parameterSize, form });
    const member = scaleMember(b, { ...joined, parameter, scale: derivation.scales[parameter]! });
    groups.set(member.sensitivities, [...(groups.get(member.sensitivities) ?? []), member]);
  });
  return { terms: [...groups].flatMap(([sensitivities, members]) => emitGroup(b, sensitivities, members)), remaining };
}

/** One parameter of those that share their sensitivities. */
type Member = UseFactors & {
  readonly parameter: number;
  /** By which its part of J is still to be multiplied. */
  readonly scale: number;
};

/** Multiplies the inputs of a layer, or the sensitivities of a table, whose one-hot inputs are not stored; a bias keeps the sensitivities that it shares. */
function scaleMember(b: ProgramBuilder, member: Member): Member {
  const { activations, rows, sensitivities, scale } = member;
  if (activations === null) return member;
  if (rows !== null) return { ...member, sensitivities: scaled(b, sensitivities, scale), scale: 1 };
  return { ...member, activations: scaled(b, activations, scale), scale: 1 };
}

function emitGroup(b: ProgramBuilder, common: Value, members: readonly Member[]): Term[] {
  const sensitivities = permute(b, common, [1, 0, 2, 3]);
  const tables = members.filter(({ rows }) => rows !== null);
  const others = members.filter(({ rows }) => rows === null);
  if (others.length === 1 && others[0]!.activations === null && tables.length === 0) {
    const size = b.shape(common)[3]!;
    const { parameter, scale } = others[0]!;
    const blocks = [{ parameter, factor: 'sensitivities', start: 0, size, transposed: false } as const];
    return [{ activations: null, indices: null, sensitivities: scaled(b, sensitivities, scale), blocks }];
  }
  const dense = emitDense(b, b.shape(sensitivities)[0]!, others);
  const indexed = tables.map(({ activations, parameter, rows, transposed }) => ({
    indices: activations,
    block: { parameter, factor: 'indices', start: 0, size: rows!, transposed } as const,
  }));
  // The first table goes with the rest; a product of sensitivities is made once for both.
  const [first, ...further] = indexed;
  const joint = {
    ...dense,
    indices: first?.indices ?? null,
    sensitivities,
    blocks: [...dense.blocks, ...(first === undefined ? [] : [first.block])],
  };
  return [
    joint,
    ...further.map(({ indices, block }) => ({ activations: null, indices, sensitivities, blocks: [block] })),
  ];
}

/** Inputs of layers side by side, and one column of ones for each parameter without inputs: [n, T, a]. */
function emitDense(
  b: ProgramBuilder,
  n: number,
  members: readonly Member[],
): { readonly activations: Value | null; readonly blocks: readonly Block[] } {
  if (members.length === 0) return { activations: null, blocks: [] };
  const layers = members.filter(({ activations }) => activations !== null);
  const biases = members.filter(({ activations }) => activations === null);
  let start = 0;
  const blocks = [...layers, ...biases].map(({ parameter, activations, transposed }): Block => {
    const size = activations === null ? 1 : b.shape(activations)[2]!;
    start += size;
    return { parameter, factor: 'activations', start: start - size, size, transposed };
  });
  const columns = layers.map(({ activations }) => activations!);
  // Only a single position has the sensitivities of a bias.
  if (biases.length > 0) {
    const scales = b.constant(
      biases.map(({ scale }) => scale),
      [1, 1, biases.length],
    );
    columns.push(b.broadcastTo(scales, [n, 1, biases.length]));
  }
  return { activations: b.concat(columns, 2), blocks };
}
