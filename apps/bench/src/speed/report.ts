import { bestOfPeer, type ProductRow, type ProductsReport } from './products.ts';
import type { PeerRow } from './products-peer.ts';

/** A report of products as text for a terminal. */
export function formatProductsReport(report: ProductsReport): string {
  const { problem, rows, peers, error, linearizeMs, dtype } = report;
  return [
    `${problem}, ${dtype}, linearised in ${linearizeMs.toFixed(0)} ms`,
    ...rows.map(formatRow),
    `  error of J Jᵀu against float64: ${error.toExponential(1)}`,
    ...('missing' in peers ? [`  no peers: ${peers.missing}`] : peers.rows.map(formatPeer)),
    ...bestOfPeer(peers).map(
      ({ product, ratio, way }) => `  ${product}: PyTorch at its best (${way}) takes ${ratio.toFixed(2)} times ours`,
    ),
  ].join('\n');
}

function formatRow({ name, k, timing, singles, sgemm, share }: ProductRow): string {
  const { median, min, max, cpu } = timing;
  const times = `${median.toFixed(2).padStart(9)} ms (${min.toFixed(2)} to ${max.toFixed(2)}; processor ${cpu.toFixed(1)})`;
  const rate = `${Math.round(100 * share)} % of the rate of an sgemm (${sgemm.gflops.toFixed(0)} GF/s)`;
  return `  ${name.padEnd(6)} k = ${String(k).padEnd(3)}${times.padEnd(56)} ${singles.toFixed(2).padStart(6)} singles, ${rate}`;
}

function formatPeer({ way, waitPolicy, product, peerMs, oursMs, peerCpuMs, oursCpuMs, distance }: PeerRow): string {
  const name = `${product.padEnd(4)} PyTorch ${way}, ${waitPolicy}`;
  const processor = `processor ${(peerCpuMs / oursCpuMs).toFixed(2)}`;
  return `  ${name.padEnd(34)} ${peerMs.toFixed(2).padStart(9)} ms, ours ${oursMs.toFixed(2)}: ${(peerMs / oursMs).toFixed(2)} (${processor}), answers ${distance.toExponential(1)} apart`;
}
