/** Something whose resources must be given back. */
export interface Releasable {
  release(): Promise<void>;
}

/** A hold on a cached value; `release` it once. */
export interface Lease<T> {
  readonly value: T;
  release(): void;
}

interface Entry<T> {
  readonly key: string;
  readonly value: Promise<T>;
  holds: number;
}

/**
 * Values by key, with reference counts. What nobody holds is kept for reuse, at most `capacity` of them; the one that was
 * given back longest ago goes first.
 */
export class LeaseCache<T extends Releasable> {
  readonly #capacity: number;
  readonly #entries = new Map<string, Entry<T>>();
  /** Entries without holds, oldest first. */
  readonly #idle = new Set<Entry<T>>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How many values are alive, and how many of them somebody holds. */
  get counts(): { readonly alive: number; readonly held: number } {
    return { alive: this.#entries.size, held: this.#entries.size - this.#idle.size };
  }

  /** Holds the value of a key, made unless it is alive. Concurrent calls share one making; a failure is not kept. */
  async acquire(key: string, make: () => Promise<T>): Promise<Lease<T>> {
    const entry = this.#entries.get(key) ?? this.#add(key, make());
    entry.holds++;
    this.#idle.delete(entry);
    try {
      const value = await entry.value;
      return { value, release: () => this.#release(entry) };
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  /** Frees what nobody holds. */
  async clear(): Promise<void> {
    await this.#evict(0);
  }

  #add(key: string, value: Promise<T>): Entry<T> {
    const entry = { key, value, holds: 0 };
    this.#entries.set(key, entry);
    return entry;
  }

  #release(entry: Entry<T>): void {
    entry.holds--;
    if (entry.holds > 0) return;
    this.#idle.add(entry);
    void this.#evict(this.#capacity);
  }

  async #evict(keep: number): Promise<void> {
    const surplus = [...this.#idle].slice(0, Math.max(0, this.#idle.size - keep));
    for (const entry of surplus) {
      this.#idle.delete(entry);
      this.#entries.delete(entry.key);
    }
    await Promise.all(surplus.map(async ({ value }) => (await value).release()));
  }
}
