import { OwnershipError } from '@ntk/tensor';

/**
 * Values by key, each made at its first use and all released together.
 *
 * Concurrent uses share one making. A failure is not kept: the next use tries again.
 */
export class LazyValues<K, V> {
  readonly #release: (value: V) => void;
  readonly #pending = new Map<K, Promise<V>>();
  readonly #made = new Map<K, V>();
  #isDisposed = false;

  constructor(release: (value: V) => void) {
    this.#release = release;
  }

  /** @throws {OwnershipError} after `dispose` */
  get(key: K, make: () => Promise<V>): Promise<V> {
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      pending = this.#make(key, make);
      this.#pending.set(key, pending);
      pending.catch(() => this.#pending.delete(key));
    }
    return pending;
  }

  /** Releases one value, if it was made; a later use makes it anew. */
  delete(key: K): void {
    const value = this.#made.get(key);
    if (value === undefined) return;
    this.#made.delete(key);
    this.#pending.delete(key);
    this.#release(value);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#pending.clear();
    const made = [...this.#made.values()];
    this.#made.clear();
    made.forEach(this.#release);
  }

  async #make(key: K, make: () => Promise<V>): Promise<V> {
    this.#checkAlive();
    const value = await make();
    if (this.#isDisposed) this.#release(value);
    this.#checkAlive();
    this.#made.set(key, value);
    return value;
  }

  #checkAlive(): void {
    if (this.#isDisposed) throw new OwnershipError('a linearization was used after it was disposed');
  }
}
