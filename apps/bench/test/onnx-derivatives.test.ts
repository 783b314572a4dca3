import { ortBackend } from '@ntk/backend-ort';
import { explicitJacobian, kernelMatrix, linearize } from '@ntk/jacobian';
import { gemm } from '@ntk/linop';
import { readOnnx } from '@ntk/models';
import { Rng, cpuBackend, exampleShape, sizeOf } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkAdjoint } from './operator-checks.ts';

const N = 4;

/** Files of PyTorch's exporters (tooling/peers/onnx_fixtures.py), with the number of words where inputs name them. */
const files: Readonly<Record<string, number | undefined>> = {
  'lstm.script.onnx': undefined,
  'lstm.dynamo.onnx': undefined,
  'handover.script.onnx': undefined,
  'transformer.script.onnx': 11,
  'causal.script.onnx': undefined,
  'pyramid.dynamo.onnx': undefined,
  'transformer.dynamo.onnx': 11,
  'images_kept.dynamo.onnx': undefined,
};

test.each(Object.entries(files))('%s: adjoint identity, and the kernel is J Jᵀ', async (file, words) => {
  const path = fileURLToPath(new URL(`../../../packages/models/test/fixtures/onnx/${file}`, import.meta.url));
  const network = await readOnnx(path);
  const rng = new Rng(file);
  const length = N * sizeOf(exampleShape(network));
  const x = words === undefined ? rng.normals(length) : Float64Array.from({ length }, () => rng.integer(words));
  using oracle = await linearize(network, x, { backend: cpuBackend() });
  const j = await explicitJacobian(oracle);
  const kernel = gemm(j, j, { transposeB: true });
  for (const backend of [cpuBackend(), await ortBackend()]) {
    using l = await linearize(network, x, { backend });
    await checkAdjoint(l);
    expect(relativeError((await explicitJacobian(l)).data, j.data)).toBeLessThan(1e-12);
    expect(relativeError((await kernelMatrix(l)).data, kernel.data)).toBeLessThan(1e-12);
  }
});
