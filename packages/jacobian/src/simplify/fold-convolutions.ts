import { dependents } from '../dependents.ts';
import { ProgramBuilder, sameShape, type Attributes, type Program, type ProgramNode, type Value } from '@ntk/tensor';

/**
 * The same function with fewer passes over images: zeros around the operand of a convolution become its own padding, and scales and shifts of its
 * channels, such as those of batch normalisation, move into its filter and one sum,
 *
 *     (conv(x, w) - m) · s + t = conv(x, w · s) + (t - m · s).
 *
 * Derivatives follow by themselves, since s and t may depend on parameters. Only where the filter is differentiated anyway: its products then cost the
 * same, and what is saved are images to store and passes over them.
 *
 * @param program - a network's Program
 * @param chosen - inputs that are differentiated
 *
 * Results differ from those of the Program by rounding.
 */
export function foldConvolutions(program: Program, chosen: readonly Value[]): Program {
  if (!program.nodes.some(({ op }) => op === 'conv2d')) return program;
  const folding = new Folding(program, chosen);
  program.nodes.forEach((node, i) => folding.add(node, program.inputs.length + i));
  return folding.finish();
}

/** A convolution whose result is scaled and shifted; nothing of it is emitted before the result is needed. */
interface Scaled {
  readonly images: Value;
  readonly filter: Value;
  readonly attributes: Attributes['conv2d'];
  /** Whether the filter depends on what is differentiated. */
  readonly isActive: boolean;
  /** [channels], or null for 1 and 0. */
  readonly scale: Value | null;
  readonly shift: Value | null;
}

/** Zeros around images, by pads [top, bottom, left, right]. */
interface Padded {
  readonly images: Value;
  readonly pads: readonly number[];
}

class Folding {
  readonly #program: Program;
  readonly #builder: ProgramBuilder;
  /** Of every value of the Program, once it is emitted. */
  readonly #emitted: Value[];
  readonly #scaled = new Map<Value, Scaled>();
  readonly #padded = new Map<Value, Padded>();
  readonly #uses: readonly number[];
  readonly #perExample: readonly boolean[];
  readonly #active: readonly boolean[];

  constructor(program: Program, chosen: readonly Value[]) {
    this.#program = program;
    this.#builder = new ProgramBuilder(program.name);
    this.#emitted = program.inputs.map(({ name, shape, exampleAxis }) =>
      this.#builder.input(name, shape, { exampleAxis }),
    );
    this.#uses = countUses(program);
    this.#perExample = dependents(program, (input) => program.inputs[input]!.exampleAxis !== null);
    this.#active = dependents(program, (input) => chosen.includes(input));
  }

  add(node: ProgramNode, value: Value): void {
    const padded = this.#asPadded(node);
    if (padded !== null) this.#padded.set(value, padded);
    const scaled = this.#asScaled(node);
    if (scaled !== null) this.#scaled.set(value, scaled);
    // Emitted when it is read; what nobody reads is pruned.
    if (scaled === null)
      this.#emitted[value] = this.#builder.emit(
        node.op,
        node.inputs.map((x) => this.#read(x)),
        node.attributes,
      );
  }

  finish(): Program {
    for (const { name, value } of this.#program.outputs) this.#builder.output(name, this.#read(value));
    return this.#builder.build();
  }

  /** The builder's value; a convolution is emitted here. */
  #read(value: Value): Value {
    const known = this.#emitted[value];
    if (known !== undefined) return known;
    const { images, filter, attributes, scale, shift } = this.#scaled.get(value)!;
    const b = this.#builder;
    const result = b.conv2d(images, scale === null ? filter : b.mul(filter, scale), attributes);
    return (this.#emitted[value] = shift === null ? result : b.add(result, shift));
  }

  /** Zeros around rows and columns, possibly after others. */
  #asPadded({ op, inputs, attributes, shape }: ProgramNode): Padded | null {
    if (op !== 'pad' || shape.length !== 4 || attributes.step !== 1) return null;
    const { axis, before, after } = attributes;
    if (axis !== 1 && axis !== 2) return null;
    const inner = this.#padded.get(inputs[0]!) ?? { images: this.#read(inputs[0]!), pads: [0, 0, 0, 0] };
    const own = axis === 1 ? [before, after, 0, 0] : [0, 0, before, after];
    return { images: inner.images, pads: inner.pads.map((pad, side) => pad + own[side]!) };
  }

  #asScaled(node: ProgramNode): Scaled | null {
    if (node.op === 'conv2d') return this.#convolution(node.inputs, node.attributes);
    const { op, inputs, shape } = node;
    if (op !== 'add' && op !== 'sub' && op !== 'mul' && op !== 'div') return null;
    const position = inputs.findIndex((input) => this.#scaled.has(input) && this.#uses[input] === 1);
    if (position < 0 || (op === 'div' && position === 1)) return null;
    const convolved = this.#scaled.get(inputs[position]!)!;
    const factor = this.#perChannel(inputs[1 - position]!, shape.at(-1)!);
    // The filter will depend on the factor: it must be differentiated already, or the factor not.
    if (factor === null || (this.#active[inputs[1 - position]!] && !convolved.isActive)) return null;
    return sameShape(shape, this.#shapeOf(inputs[position]!))
      ? this.#apply(convolved, op, factor, position === 1)
      : null;
  }

  #convolution([images, filter]: readonly Value[], attributes: Attributes['conv2d']): Scaled {
    const padded = this.#padded.get(images!);
    const pads = attributes.pads.map((pad, side) => pad + (padded?.pads[side] ?? 0));
    return {
      images: padded?.images ?? this.#read(images!),
      filter: this.#read(filter!),
      attributes: { ...attributes, pads },
      isActive: this.#active[filter!]!,
      scale: null,
      shift: null,
    };
  }

  /** A value that all examples and positions share, as [channels] or [1]; null for any other. */
  #perChannel(value: Value, channels: number): Value | null {
    const shape = this.#shapeOf(value);
    const count = shape.at(-1) ?? 1;
    if (this.#perExample[value] || shape.slice(0, -1).some((extent) => extent !== 1)) return null;
    return count === channels || count === 1 ? this.#builder.reshape(this.#read(value), [count]) : null;
  }

  /** @param isReversed - if the convolution is the second operand */
  #apply(convolved: Scaled, op: 'add' | 'sub' | 'mul' | 'div', factor: Value, isReversed: boolean): Scaled {
    const b = this.#builder;
    const { scale, shift } = convolved;
    if (op === 'mul') {
      return {
        ...convolved,
        scale: scale === null ? factor : b.mul(scale, factor),
        shift: shift === null ? null : b.mul(shift, factor),
      };
    }
    if (op === 'div') {
      return {
        ...convolved,
        scale: b.div(scale ?? b.scalar(1), factor),
        shift: shift === null ? null : b.div(shift, factor),
      };
    }
    if (op === 'add') return { ...convolved, shift: shift === null ? factor : b.add(shift, factor) };
    if (!isReversed) return { ...convolved, shift: shift === null ? b.neg(factor) : b.sub(shift, factor) };
    return {
      ...convolved,
      scale: scale === null ? b.scalar(-1) : b.neg(scale),
      shift: shift === null ? factor : b.sub(factor, shift),
    };
  }

  #shapeOf(value: Value): readonly number[] {
    const { inputs, nodes } = this.#program;
    return value < inputs.length ? inputs[value]!.shape : nodes[value - inputs.length]!.shape;
  }
}

/** How often each value is read, outputs included. */
function countUses({ inputs, nodes, outputs }: Program): number[] {
  const uses = new Array<number>(inputs.length + nodes.length).fill(0);
  for (const value of [...nodes.flatMap((node) => node.inputs), ...outputs.map((output) => output.value)])
    uses[value]!++;
  return uses;
}
