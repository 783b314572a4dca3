/** Something that holds resources until it is released. */
export interface Releasable {
  /** Memory that it may occupy, an upper bound. */
  readonly bytes: number;
  release(): Promise<void>;
}

/** How much of what nobody holds is kept for reuse. */
export interface CacheLimits {
  readonly count: number;
  readonly bytes: number;
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

/** Entries without holds and their values, oldest first. */
type Idle<T> = Map<Entry<T>, T>;

/**
 * Values by key, with reference counts. What nobody holds is kept for reuse within limits; the one that was given back
 * longest ago goes first.
 */
export class LeaseCache<T extends Releasable> {
  readonly #limits: CacheLimits;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #idle: Idle<T> = new Map();

  constructor(limits: CacheLimits) {
    this.#limits = limits;
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
      return { value, release: () => this.#release(entry, value) };
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  /** Frees what nobody holds. */
  async clear(): Promise<void> {
    await this.#evict({ count: 0, bytes: 0 });
  }

  #add(key: string, value: Promise<T>): Entry<T> {
    const entry = { key, value, holds: 0 };
    this.#entries.set(key, entry);
    return entry;
  }

  #release(entry: Entry<T>, value: T): void {
    entry.holds--;
    if (entry.holds > 0) return;
    this.#idle.set(entry, value);
    // What cannot be freed is gone from the cache all the same; nobody is waiting who could be told.
    this.#evict(this.#limits).catch(() => undefined);
  }

  async #evict({ count, bytes }: CacheLimits): Promise<void> {
    const surplus: T[] = [];
    let kept = [...this.#idle.values()].reduce((total, value) => total + value.bytes, 0);
    for (const [entry, value] of this.#idle) {
      if (this.#idle.size <= count && kept <= bytes) break;
      kept -= value.bytes;
      this.#idle.delete(entry);
      this.#entries.delete(entry.key);
      surplus.push(value);
    }
    await Promise.all(surplus.map((value) => value.release()));
  }
}
