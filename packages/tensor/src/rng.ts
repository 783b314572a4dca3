/**
 * Seeded random numbers: sfc32 (Doty-Humphrey, PractRand), the same stream on every machine.
 *
 * Every function that draws takes an Rng; `fork` gives independent streams, so that one consumer's draws do not shift another's.
 */
export class Rng {
  readonly #seed: string;
  readonly #state: Uint32Array;
  #spare: number | undefined;

  /** @param seed - an integer, or any text */
  constructor(seed: number | string) {
    this.#seed = String(seed);
    this.#state = new Uint32Array([...hashes(this.#seed), 1]);
    for (let i = 0; i < 15; i++) this.#next();
  }

  /** An independent stream that depends on this stream's seed and the label, not on what was drawn so far. */
  fork(label: number | string): Rng {
    return new Rng(`${this.#seed}/${label}`);
  }

  /** Uniform on [0, 1), a multiple of 2⁻⁵³. */
  uniform(): number {
    const high = this.#next() >>> 5;
    const low = this.#next() >>> 6;
    return (high * 2 ** 26 + low) * 2 ** -53;
  }

  /** A uniform integer in 0 … bound - 1. */
  integer(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** Standard normal, by Box and Muller (1958); values come in pairs, the second is kept. */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** `length` standard normals. */
  normals(length: number): Float64Array {
    return Float64Array.from({ length }, () => this.normal());
  }

  /** The numbers 0 … length - 1 in random order (Fisher and Yates). */
  permutation(length: number): number[] {
    const order = Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }

  #next(): number {
    const s = this.#state;
    const result = (s[0]! + s[1]! + s[3]!) >>> 0;
    s[3] = s[3]! + 1;
    s[0] = s[1]! ^ (s[1]! >>> 9);
    s[1] = s[2]! + (s[2]! << 3);
    s[2] = ((s[2]! << 21) | (s[2]! >>> 11)) + result;
    return result;
  }
}

/** Three well-mixed words from a text: FNV-1a with three offsets, finished as in MurmurHash3. */
function hashes(text: string): number[] {
  return [0x811c9dc5, 0x9e3779b9, 0x85ebca6b].map((offset) => {
    let h = offset;
    for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return (h ^ (h >>> 16)) >>> 0;
  });
}
