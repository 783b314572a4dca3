import type { SpeedReport } from './products.ts';

/** A speed report as text for a terminal. */
export function formatSpeedReport({ problem, sgemm, rows, error }: SpeedReport): string {
  const { timing, gflops } = sgemm;
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(({ name, timing: { median, min, max }, sgemm: own, sgemms, share }) => {
    const times = `${median.toFixed(1).padStart(7)} ms (${min.toFixed(1)} to ${max.toFixed(1)})`;
    return `  ${name.padEnd(width)} ${times.padEnd(28)} ${sgemms.toFixed(2).padStart(6)} sgemms of ${own.timing.median.toFixed(2)} ms, ${Math.round(100 * share)} % of their rate`;
  });
  return [
    problem,
    `  sgemm 2000×500×500: ${timing.median.toFixed(2)} ms (${timing.min.toFixed(2)} to ${timing.max.toFixed(2)}), ${Math.round(gflops)} GF/s`,
    ...lines,
    `  error of J Jᵀu against float64: ${error.toExponential(1)}`,
  ].join('\n');
}
