import type { TypedArray } from '@ntk/tensor';
import { LazyValues } from './lazy-values.ts';
import { disposePoint, type LinearMaps, type Point } from './linear-maps.ts';

/** Examples that go through the network together. */
export interface Batch {
  /** Real examples; the rest of the batch is padding, whose rows are ignored. */
  readonly count: number;
}

/** The inputs of a batch, padding included, of the linear maps' dtype. */
export interface BatchInputs extends Batch {
  readonly data: TypedArray;
}

/**
 * Where each batch is linearised. Points are kept from their first use on, or computed anew, by a forward pass, for each use.
 *
 * Inputs are kept in any case.
 */
export class Batches {
  readonly all: readonly BatchInputs[];
  readonly keepsPoints: boolean;
  readonly #maps: LinearMaps;
  readonly #points = new LazyValues<number, Point>(disposePoint);

  constructor(maps: LinearMaps, all: readonly BatchInputs[], keepsPoints: boolean) {
    this.#maps = maps;
    this.all = all;
    this.keepsPoints = keepsPoints;
  }

  /** Hands the point of a batch to an action, which borrows it. */
  async use<R>(batch: number, action: (point: Point) => Promise<R>): Promise<R> {
    const compute = (): Promise<Point> => this.#maps.point(this.all[batch]!.data);
    if (this.keepsPoints) return action(await this.#points.get(batch, compute));
    const point = await compute();
    try {
      return await action(point);
    } finally {
      disposePoint(point);
    }
  }

  /** Releases the points that are kept: nobody will use them again. */
  releasePoint(batch: number): void {
    this.#points.delete(batch);
  }

  dispose(): void {
    this.#points.dispose();
  }
}
