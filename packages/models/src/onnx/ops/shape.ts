import { UnsupportedError, sizeOf } from '@ntk/tensor';
import { asNumber, over, product, type Extent } from '../../graph/extent.ts';
import {
  axisOf,
  concat,
  expand,
  extentsOfTraced,
  rankOf,
  reshape,
  squeeze,
  transpose,
  unsqueeze,
} from '../../graph/functions/movement.ts';
import { staticTensor } from '../../graph/static.ts';
import { extentsIn, knownInput, numberIn, required } from '../../graph/operands.ts';
import { axesOf, type OnnxRule, type OnnxRules } from '../op-node.ts';
import { readTensor } from '../tensor-data.ts';

const shape: OnnxRule = (tracer, node, inputs) => {
  const extents = extentsOfTraced(tracer, required(inputs, 0));
  const part = extents.slice(node.number('start', 0), node.has('end') ? node.number('end', 0) : undefined);
  return staticTensor('int', [part.length], part);
};

const size: OnnxRule = (tracer, _node, inputs) =>
  staticTensor('int', [], [product(extentsOfTraced(tracer, required(inputs, 0)))]);

const constant: OnnxRule = (_tracer, node) => {
  const tensor = node.tensor('value');
  const place = {
    label: node.name,
    external: () => {
      throw new UnsupportedError('got a constant in another file, expected initializers only there');
    },
  };
  // A Constant is none of the weights that an exporter lists as such.
  if (tensor) return { ...readTensor(tensor, false, place), name: node.outputs[0]! };
  for (const [name, element] of [
    ['value_float', 'float'],
    ['value_int', 'int'],
  ] as const)
    if (node.has(name)) return staticTensor(element, [], [node.number(name, 0)], node.name);
  for (const [name, element] of [
    ['value_floats', 'float'],
    ['value_ints', 'int'],
  ] as const) {
    const values = node.numbers(name);
    if (values) return staticTensor(element, [values.length], values, node.name);
  }
  throw new UnsupportedError('got a constant that is neither numbers nor a tensor of them');
};

const constantOfShape: OnnxRule = (tracer, node, inputs) => {
  const target = extentsIn(knownInput(inputs, 0, 'shapes'));
  const tensor = node.tensor('value');
  const place = { label: node.name, external: () => new Uint8Array() };
  const filler = tensor ? readTensor(tensor, false, place) : staticTensor('float', [1], [0]);
  return expand(
    tracer,
    reshape(
      tracer,
      filler,
      target.map(() => 1),
    ),
    target,
  );
};

const range: OnnxRule = (_tracer, _node, inputs) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => numberIn(knownInput(inputs, i, 'bounds'), 'a bound of a range'));
  const count = Math.max(0, Math.ceil((limit! - start!) / delta!));
  const { element } = knownInput(inputs, 0, 'bounds');
  return staticTensor(
    element,
    [count],
    Array.from({ length: count }, (_, i) => start! + i * delta!),
  );
};

const reshapeRule: OnnxRule = (tracer, node, inputs) => {
  const target = extentsIn(knownInput(inputs, 1, 'shapes'));
  return reshape(tracer, required(inputs, 0), target, { zeroCopies: node.number('allowzero', 0) === 0 });
};

const flatten: OnnxRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const extents = extentsOfTraced(tracer, operand);
  const axis = node.number('axis', 1);
  const cut = axis < 0 ? axis + extents.length : axis;
  const head = product(extents.slice(0, cut));
  return reshape(tracer, operand, [head, product(extents.slice(cut))], { fixedExamples: null });
};

const transposeRule: OnnxRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const reversed = Array.from({ length: rankOf(operand) }, (_, i) => rankOf(operand) - 1 - i);
  return transpose(tracer, operand, node.numbers('perm') ?? reversed);
};

const unsqueezeRule: OnnxRule = (tracer, node, inputs) =>
  unsqueeze(tracer, required(inputs, 0), axesOf(node, inputs) ?? []);

const squeezeRule: OnnxRule = (tracer, node, inputs) => squeeze(tracer, required(inputs, 0), axesOf(node, inputs));

const expandRule: OnnxRule = (tracer, _node, inputs) =>
  expand(tracer, required(inputs, 0), extentsIn(knownInput(inputs, 1, 'shapes')));

const tile: OnnxRule = (tracer, _node, inputs) => {
  const repeats = extentsIn(knownInput(inputs, 1, 'repeats'));
  const operand = required(inputs, 0);
  const extents = extentsOfTraced(tracer, operand);
  return repeats.reduce<ReturnType<typeof required>>((result, count, axis) => {
    // What has extent 1 is stretched, which may be for every example; the rest is laid side by side.
    if (extents[axis] === 1)
      return expand(
        tracer,
        result,
        extentsOfTraced(tracer, result).map((own, j): Extent => (j === axis ? count : own)),
      );
    const times = asNumber(count, 'a number of repeats');
    return concat(tracer, new Array<typeof result>(times).fill(result), axis);
  }, operand);
};

const concatRule: OnnxRule = (tracer, node, inputs) => {
  const operands = inputs.map((_, i) => required(inputs, i)).filter((operand) => !isEmpty(operand));
  return concat(tracer, operands, axisOf(node.number('axis', 0), rankOf(operands[0]!)));
};

/** Exporters join empty lists of extents. */
function isEmpty(operand: ReturnType<typeof required>): boolean {
  return operand.kind === 'static' && sizeOf(operand.shape) === 0;
}

/** Blocks of channels become blocks of positions. */
const depthToSpace: OnnxRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const [n, c, h, w] = extentsOfTraced(tracer, operand) as [Extent, Extent, Extent, Extent];
  const block = node.number('blocksize', 1);
  const inner = over(c, block * block);
  const isColumnRow = node.text('mode', 'DCR') === 'CRD';
  const split = isColumnRow ? [n, inner, block, block, h, w] : [n, block, block, inner, h, w];
  const order = isColumnRow ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  const blocks = transpose(tracer, reshape(tracer, operand, split), order);
  return reshape(tracer, blocks, [n, inner, product([h, block]), product([w, block])]);
};

/** What changes shapes and orders, and arithmetic of shapes. */
export const shapeRules: OnnxRules = {
  Shape: shape,
  Size: size,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  Reshape: reshapeRule,
  Flatten: flatten,
  Transpose: transposeRule,
  Unsqueeze: unsqueezeRule,
  Squeeze: squeezeRule,
  Expand: expandRule,
  Tile: tile,
  Concat: concatRule,
  DepthToSpace: depthToSpace,
};
