/**
 * Uniform numbers on [0, 1) of the mulberry32 generator (Ettinger 2017), by which the reference data name vectors too long to store.
 *
 * @param seed - a 32-bit integer, as in `v_mulberry32_seeds` of a manifest
 */
export function mulberryUniforms(seed: number, length: number): Float64Array {
  let a = seed;
  return Float64Array.from({ length }, () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  });
}

/**
 * The vector of unit variance that a seed of a manifest stands for: v_i = fround(√12 · (r_i − 1/2)).
 *
 * @returns [length], exactly representable in float32
 */
export function mulberryVector(seed: number, length: number): Float64Array {
  return mulberryUniforms(seed, length).map((r) => Math.fround(Math.sqrt(12) * (r - 0.5)));
}
