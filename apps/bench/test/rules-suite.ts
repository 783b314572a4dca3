import { linearize } from '@ntk/jacobian';
import {
  ProgramBuilder,
  Rng,
  cpuBackend,
  makeNetwork,
  shapeOf,
  sizeOf,
  unitRoundoff,
  type Backend,
  type DType,
  type Network,
} from '@ntk/tensor';
import { drawInputs, primitiveCases, trackTensors, type PrimitiveCase } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { dot, norm } from './linear-algebra.ts';
import { applyTo } from './operator-checks.ts';

/** Where the rules run. */
export interface RulesPlace {
  /** The backend's name in the title. */
  readonly name: string;
  readonly open: () => Promise<Backend>;
  readonly dtype: DType;
}

/** Constants of a Program hold at most this many numbers. */
const MAX_CONSTANT = 128;

/**
 * The tangent and the cotangent of every primitive on a backend: ⟨u, J v⟩ = ⟨Jᵀu, v⟩ to the rounding of the dtype, and J v as the cpu backend has
 * it in float64.
 */
export function testRulesOn({ name, open, dtype }: RulesPlace): void {
  describe(`derivative rules on ${name} in ${dtype}`, () => {
    for (const testCase of primitiveCases) {
      const network = networkOf(testCase);
      if (network === undefined) continue;
      it(testCase.name, async () => {
        const backend = trackTensors(await open());
        const rng = new Rng(testCase.name);
        const c = network.program.inputs[0]!.shape[1]!;
        const p = network.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
        const [u, v] = [rng.normals(3 * c).map(Math.fround), rng.normals(3 * p).map(Math.fround)];
        const { jv, jtu } = await products(network, backend, dtype, u, v);
        expect(backend.describeLive()).toEqual([]);
        const roundings = 4 * (8 + Math.sqrt(c + p)) * unitRoundoff(dtype);
        expect(Math.abs(dot(u, jv) - dot(jtu, v))).toBeLessThanOrEqual(
          roundings * (norm(u) * norm(jv) + norm(jtu) * norm(v)),
        );
        const exact = await products(network, cpuBackend(), 'float64', u, v);
        const error = norm(jv.map((value, i) => value - exact.jv[i]!));
        expect(error).toBeLessThanOrEqual(roundings * (norm(exact.jv) + norm(v)));
      });
    }
  });
}

/** One example, whose outputs are a primitive of parameters, plus its inputs; undefined where nothing can be differentiated. */
function networkOf(testCase: PrimitiveCase): Network | undefined {
  const { program, domains } = testCase;
  const [node] = program.nodes;
  const size = sizeOf(node!.shape);
  const values = drawInputs(testCase, new Rng(testCase.name));
  const isParameter = domains.map((domain, i) => domain !== 'mask' && domain !== 'index' && values[i]!.length > 0);
  const isTooLarge = values.some((data, i) => !isParameter[i]! && data.length > MAX_CONSTANT);
  if (size === 0 || isTooLarge || !isParameter.includes(true)) return undefined;
  const b = new ProgramBuilder('rule');
  const x = b.input('x', [1, size], { exampleAxis: 0 });
  const parameters = program.inputs
    .filter((_, i) => isParameter[i])
    .map((input) => ({ name: input.name, layer: 'rule', shape: input.shape, trainable: true }));
  const inputs = new Map(parameters.map((each) => [each.name, b.input(each.name, each.shape)]));
  const operands = program.inputs.map((input, i) => inputs.get(input.name) ?? b.constant([...values[i]!], input.shape));
  const y = b.emit(node!.op, operands, node!.attributes);
  b.output('f', b.add(x, b.reshape(y, [1, size])));
  return makeNetwork({
    program: b.build(),
    parameters,
    values: values.filter((_, i) => isParameter[i]),
    meta: { name: 'rule', source: 'test', notes: [] },
  });
}

async function products(network: Network, backend: Backend, dtype: DType, u: Float64Array, v: Float64Array) {
  const { program } = network;
  const x = new Float64Array(sizeOf(shapeOf(program, 0)));
  using linearization = await linearize(network, x, { backend, dtype });
  const { jacobian } = linearization;
  return { jv: await applyTo(jacobian, v), jtu: await applyTo(jacobian.transpose(), u) };
}
