import type { Primitive } from './attributes.ts';
import { binaryPrimitives } from './binary.ts';
import { broadcastTo } from './broadcast-to.ts';
import { concat } from './concat.ts';
import { constant } from './constant.ts';
import { conv2dTranspose } from './conv2d-transpose.ts';
import { conv2d } from './conv2d.ts';
import { fold } from './fold.ts';
import { gather } from './gather.ts';
import { matmul } from './matmul.ts';
import { pad } from './pad.ts';
import { patches } from './patches.ts';
import { reductionPrimitives } from './reduction.ts';
import { reshape } from './reshape.ts';
import { scatterAdd } from './scatter-add.ts';
import { slice } from './slice.ts';
import type { PrimitiveSpec } from './spec.ts';
import { transpose } from './transpose.ts';
import { unaryPrimitives } from './unary.ts';
import { where } from './where.ts';

/** Every primitive's definition. */
export const primitives: { readonly [P in Primitive]: PrimitiveSpec<P> } = {
  ...unaryPrimitives,
  ...binaryPrimitives,
  ...reductionPrimitives,
  constant,
  where,
  matmul,
  reshape,
  transpose,
  broadcastTo,
  concat,
  slice,
  pad,
  conv2d,
  conv2dTranspose,
  patches,
  fold,
  gather,
  scatterAdd,
};

/** Names of all primitives of this version. */
export const PRIMITIVES: ReadonlySet<Primitive> = new Set(Object.keys(primitives) as Primitive[]);
