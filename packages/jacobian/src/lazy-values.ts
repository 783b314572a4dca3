import { OwnershipError } from '@ntk/tensor';

/**
 * Values by key, each made at its first use and all released together.
 *
 * Concurrent uses share one making. A failure is not kept: the next use tries again.
 */
export class LazyValues<K, V> {
  readonly #release: (value: V) => void;
  readonly #pending = new Map<K, Promise<V>>();
  readonly #made: V[] = [];
  #isDisposed = false;

  constructor(release: (value: V) => void) {
    this.#release = release;
  }

  /** @throws {OwnershipError} after `dispose` */
  get(key: K, make: () => Promise<V>): Promise<V> {
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      pending = this.#make(make);
      this.#pending.set(key, pending);
      pending.catch(() => this.#pending.delete(key));
    }
    return pending;
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#pending.clear();
    this.#made.splice(0).forEach(this.#release);
  }

  async #make(make: () => Promise<V>): Promise<V> {
    this.#checkAlive();
    const value = await make();
    if (this.#isDisposed) this.#release(value);
    this.#checkAlive();
    this.#made.push(value);
    return value;
  }

  #checkAlive(): void {
    if (this.#isDisposed) throw new OwnershipError('a linearization was used after it was disposed');
  }
}
