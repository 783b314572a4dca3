import { explicitJacobian, kernelDiagonal, kernelMatrix, linearize } from '@ntk/jacobian';
import { gemm } from '@ntk/linop';
import { Rng, cpuBackend, exampleShape, sizeOf, type Backend, type DType } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { expect, test } from 'vitest';
import { layerNetworks } from './layer-networks.ts';
import { checkAdjoint } from './operator-checks.ts';

/** Examples; in batches of 3 the last batch is padded. */
const N = 5;

/** Relative Frobenius errors: of J, and of what is made from it. */
const TOLERANCE: Record<DType, number> = { float64: 1e-12, float32: 1e-5 };

/**
 * J of every layer network on one backend against J of the cpu backend in float64; kernels and diagonals, cross terms of shared weights
 * included, against the explicit J; the adjoint identity.
 */
export function testLayerDerivatives(open: () => Promise<Backend>, dtype: DType): void {
  const opened = open();
  test.each(Object.entries(layerNetworks()))('%s', async (name, network) => {
    const rng = new Rng(name);
    const x = rng.normals(N * sizeOf(exampleShape(network)));
    const bound = TOLERANCE[dtype];
    const backend = trackTensors(await opened);
    {
      using l = await linearize(network, x, { backend, dtype, batchSize: 3 });
      using other = await linearize(network, x.slice(0, (2 * x.length) / N), { backend, dtype });
      using oracle = await linearize(network, x, { backend: cpuBackend() });
      const j = await explicitJacobian(oracle);
      expect(relativeError((await explicitJacobian(l)).data, j.data), 'J').toBeLessThan(bound);
      await checkAdjoint(l);
      const kernel = gemm(j, j, { transposeB: true });
      const rows = kernel.rows;
      expect(relativeError((await kernelMatrix(l)).data, kernel.data), 'kernel').toBeLessThan(bound);
      const cross = kernel.data.slice(0, 2 * l.c * rows);
      expect(relativeError((await kernelMatrix(other, l)).data, cross), 'cross kernel').toBeLessThan(bound);
      const diagonal = kernel.data.filter((_, i) => i % (rows + 1) === 0);
      expect(relativeError(await kernelDiagonal(l), diagonal), 'diagonal').toBeLessThan(bound);
    }
    expect(backend.describeLive()).toEqual([]);
  });
}
