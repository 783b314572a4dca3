import { loadTfjs, tfjsBackend, type TfjsName } from '@ntk/backend-tfjs';
import { openReference } from '@ntk/reference';
import { describe } from 'vitest';
import { testGoldenProducts } from './golden-products-suite.ts';

/** Golden products on an engine of TensorFlow.js. One module serves all backends of a test file, so a file tests one engine. */
export async function testGoldenOnTfjs(backend: TfjsName, models: readonly string[]): Promise<void> {
  const tf = await loadTfjs(backend);
  for (const model of models) {
    const reference = openReference(model);
    describe.skipIf(reference === undefined)(`golden products of ${model}`, () => {
      testGoldenProducts(reference!, { backend, open: () => tfjsBackend(tf), dtype: 'float32' });
    });
  }
}
