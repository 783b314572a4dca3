import type { Column } from '../cg/column.ts';
import type { Bidiagonalization } from './bidiagonalization.ts';

/** What LSMR knows about its iterate without further products. r̄ = (b − J x, −λ x) is the residual of the damped problem. */
export interface LsmrEstimates {
  /** ‖r̄‖. */
  readonly residual: number;
  /** ‖Jᵀr − λ²x‖, the gradient. */
  readonly gradient: number;
  /** ‖(J, λ I)‖ in the Frobenius norm, of what has been seen of it. */
  readonly norm: number;
}

/**
 * LSMR for one right-hand side: MINRES on the normal equations by two QR factorisations of the bidiagonal matrix, one rotation each a step.
 *
 * Source: Fong & Saunders (2011), LSMR: An iterative algorithm for sparse least-squares problems, SIAM J. Sci. Comput. 33, algorithm of
 * section 2.6 with damping as in section 5; the norm of the residual by section 4.1. Letters as there: c̄ is cBar, ζ̈ would be zetaBar.
 */
export class LsmrRecurrence {
  readonly column: Column;
  readonly process: Bidiagonalization;
  readonly x: Float64Array;
  readonly #damping: number;
  readonly #h: Float64Array;
  readonly #hBar: Float64Array;
  #alphaBar: number;
  #zetaBar: number;
  #rho = 1;
  #rhoBar = 1;
  #cBar = 1;
  #sBar = 0;
  #zeta = 0;
  #squaredNorm: number;
  // For ‖r̄‖.
  #betaDouble: number;
  #betaDot = 0;
  #rhoDot = 1;
  #tauTilde = 0;
  #thetaTilde = 0;
  #damped = 0;

  /** @param process - after its first `takeColumns` */
  constructor(column: Column, process: Bidiagonalization, damping: number) {
    const { alpha, beta, v } = process;
    this.column = column;
    this.process = process;
    this.#damping = damping;
    this.x = new Float64Array(v.length);
    this.#h = v.slice();
    this.#hBar = new Float64Array(v.length);
    this.#alphaBar = alpha;
    this.#zetaBar = alpha * beta;
    this.#squaredNorm = alpha ** 2 + damping ** 2;
    this.#betaDouble = beta;
  }

  get estimates(): LsmrEstimates {
    // Source: equation 4.2 for ‖r‖, with the part that the damping adds.
    const tau = (this.#zeta - this.#thetaTilde * this.#tauTilde) / this.#rhoDot;
    return {
      residual: Math.sqrt(this.#damped + (this.#betaDot - tau) ** 2 + this.#betaDouble ** 2),
      gradient: Math.abs(this.#zetaBar),
      norm: Math.sqrt(this.#squaredNorm),
    };
  }

  /** Updates x after the process has made its next u and v. */
  advance(): void {
    const { alpha, beta } = this.process;
    // Q̂ takes in the damping, Q the next row of the bidiagonal matrix.
    const alphaHat = Math.hypot(this.#alphaBar, this.#damping);
    const [cHat, sHat] = [this.#alphaBar / alphaHat, this.#damping / alphaHat];
    const rhoOld = this.#rho;
    this.#rho = Math.hypot(alphaHat, beta);
    const [c, s] = [alphaHat / this.#rho, beta / this.#rho];
    const theta = s * alpha;
    this.#alphaBar = c * alpha;
    // Q̄ makes the triangle bidiagonal once more.
    const rhoBarOld = this.#rhoBar;
    const zetaOld = this.#zeta;
    const thetaBar = this.#sBar * this.#rho;
    this.#rhoBar = Math.hypot(this.#cBar * this.#rho, theta);
    this.#cBar = (this.#cBar * this.#rho) / this.#rhoBar;
    this.#sBar = theta / this.#rhoBar;
    this.#zeta = this.#cBar * this.#zetaBar;
    this.#zetaBar *= -this.#sBar;
    this.#move(thetaBar / (rhoOld * rhoBarOld), theta);
    this.#trackResidual({ cHat, sHat, c, s, thetaBar, zetaOld });
    this.#squaredNorm += beta ** 2 + alpha ** 2 + this.#damping ** 2;
    this.column.steps++;
  }

  #move(thetaBarOverRhos: number, theta: number): void {
    const factor = thetaBarOverRhos * this.#rho;
    const step = this.#zeta / (this.#rho * this.#rhoBar);
    const carry = theta / this.#rho;
    const { v } = this.process;
    for (let i = 0; i < this.x.length; i++) {
      this.#hBar[i] = this.#h[i]! - factor * this.#hBar[i]!;
      this.x[i]! += step * this.#hBar[i]!;
      this.#h[i] = v[i]! - carry * this.#h[i]!;
    }
  }

  #trackResidual(rotation: Record<'cHat' | 'sHat' | 'c' | 's' | 'thetaBar' | 'zetaOld', number>): void {
    const { cHat, sHat, c, s, thetaBar, zetaOld } = rotation;
    const betaAcute = cHat * this.#betaDouble;
    const betaCheck = -sHat * this.#betaDouble;
    const betaHat = c * betaAcute;
    this.#betaDouble = -s * betaAcute;
    const thetaTildeOld = this.#thetaTilde;
    const rhoTildeOld = Math.hypot(this.#rhoDot, thetaBar);
    const [cTilde, sTilde] = [this.#rhoDot / rhoTildeOld, thetaBar / rhoTildeOld];
    this.#thetaTilde = sTilde * this.#rhoBar;
    this.#rhoDot = cTilde * this.#rhoBar;
    this.#betaDot = -sTilde * this.#betaDot + cTilde * betaHat;
    this.#tauTilde = (zetaOld - thetaTildeOld * this.#tauTilde) / rhoTildeOld;
    this.#damped += betaCheck ** 2;
  }
}
