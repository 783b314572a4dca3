import { type Matrix, gemm } from '@ntk/linop';
import { rowDots } from '../vectors/host-space.ts';
import { type Direction, type LeftOutDirections, leftOutBasis, leftOutDirections } from './left-out-directions.ts';

/** Random vectors and their images in the orthonormal basis Q of those images, all [m, m]. */
export interface TraceSketch {
  /** A ωᵢ in the basis: A Ω = T Q. */
  readonly t: Matrix;
  /** ωᵢ in the basis. */
  readonly w: Matrix;
  /** qᵢᵀ A qⱼ. */
  readonly h: Matrix;
  /** ωᵢᵀ A qⱼ. */
  readonly wh: Matrix;
  /** Length of the random vectors, squared: n. */
  readonly n: number;
}

/**
 * Estimates of a trace that leave some random vectors out of the sketch: tr(PAP) + uᵀAu, with P the projector on the images of the others
 * and u the part of ω beyond it, at the length that makes the estimate unbiased.
 *
 * In the basis, with E an orthonormal basis of what is left out, u = ω − Qᵀg with g = w − E Eᵀw, and A ω = Qᵀt. What uᵀAu consists of is
 * tabulated once, so that each estimate takes a few operations.
 *
 * Source: Epperly, Tropp & Webber (2024), XTrace, equations 2.3 to 2.6; leaving two out by the same argument.
 */
export class LeftOutTraces {
  readonly #n: number;
  readonly #m: number;
  readonly #trace: number;
  readonly #directions: LeftOutDirections;
  /** sᵢᵀ H sⱼ. */
  readonly #shs: Matrix;
  /** sᵢ · wⱼ. */
  readonly #sw: Matrix;
  /** What uᵀAu has for each unit of sᵢ · wⱼ. */
  readonly #linear: Matrix;
  /** uᵀAu where nothing is left out. */
  readonly #constant: Float64Array;
  /** ‖wⱼ‖². */
  readonly #ww: Float64Array;

  constructor({ t, w, h, wh, n }: TraceSketch) {
    const m = t.rows;
    this.#n = n;
    this.#m = m;
    this.#trace = Array.from({ length: m }, (_, i) => h.data[i * m + i]!).reduce((sum, entry) => sum + entry, 0);
    this.#directions = leftOutDirections(t);
    const { s } = this.#directions;
    const hs = gemm(s, h, { transposeB: true }); // rows H sᵢ
    const sh = gemm(s, h); // rows Hᵀ sᵢ
    this.#shs = gemm(s, hs, { transposeB: true });
    this.#sw = gemm(s, w, { transposeB: true });
    this.#linear = gemm(s, t, { transposeB: true });
    gemm(s, wh, { transposeB: true, addTo: this.#linear });
    gemm(sh, w, { transposeB: true, alpha: -1, addTo: this.#linear });
    gemm(hs, w, { transposeB: true, alpha: -1, addTo: this.#linear });
    const forms = rowDots(w, gemm(w, h, { transposeB: true }));
    const images = rowDots(w, wh);
    this.#constant = forms.map((form, j) => form - images[j]!);
    this.#ww = rowDots(w, w);
  }

  /** The estimate by ω_j with both i and j left out of the sketch; i = j leaves out j alone. */
  estimate(i: number, j: number): number {
    const m = this.#m;
    const basis = leftOutBasis(this.#directions, i, j);
    const along = (table: Matrix, { x, y }: Direction): number =>
      x * table.data[i * m + j]! + y * table.data[j * m + j]!;
    const components = basis.map((e) => along(this.#sw, e));
    let trace = this.#trace;
    let form = this.#constant[j]!;
    let squaredLength = this.#n - this.#ww[j]!;
    basis.forEach((e, a) => {
      trace -= this.#curvature(e, e, i, j);
      form += components[a]! * along(this.#linear, e);
      squaredLength += components[a]! ** 2;
      basis.forEach((other, b) => (form += components[a]! * components[b]! * this.#curvature(e, other, i, j)));
    });
    const left = m - (i === j ? 1 : 2);
    return trace + ((this.#n - left) / squaredLength) * form;
  }

  // eᵀHf for two directions of the pair (i, j).
  #curvature(e: Direction, f: Direction, i: number, j: number): number {
    const m = this.#m;
    const { data } = this.#shs;
    return (
      e.x * f.x * data[i * m + i]! +
      e.x * f.y * data[i * m + j]! +
      e.y * f.x * data[j * m + i]! +
      e.y * f.y * data[j * m + j]!
    );
  }
}
