import { adapt, verdict } from '@ntk/adapt';
import { denseNetwork } from '@ntk/models';
import { Rng, cpuBackend } from '@ntk/tensor';
import { train } from '@ntk/train';

// A network trained on one sine, and twelve points of another: shifted, and measured with noise.
const backend = cpuBackend(); // or await ortBackend() of @ntk/backend-ort, much faster
const rng = new Rng(1);
const x = Float64Array.from({ length: 200 }, () => 6 * rng.uniform() - 3);
const untrained = denseNetwork({ inputs: 1, hidden: [24, 24], outputs: 1, rng: rng.fork('start') });
const { network } = await train(untrained, { x, y: x.map(Math.sin) }, { backend, epochs: 60, rng: rng.fork('order') });
const xTarget = Float64Array.from({ length: 12 }, () => 6 * rng.uniform() - 3);
const yTarget = xTarget.map((value) => 1.5 * Math.sin(value + 0.5) + 0.05 * rng.normal());

using adapted = await adapt(network, { x: xTarget, y: yTarget }, { backend });
const { mean, variance } = await adapted.predict(Float64Array.of(-2, 0, 2));
for (let i = 0; i < 3; i++) console.log(`${mean[i]!.toFixed(2)} ± ${Math.sqrt(variance[i]!).toFixed(2)}`);
console.log((await verdict(adapted))!.sentence);
