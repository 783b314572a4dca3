import type { Hyperparameters } from '@ntk/adapt';
import { evidenceSurface, type EvidenceFunction } from '@ntk/gp';
import { colorOf, type LegendEntry } from './legend.ts';
import { logarithmicAxis } from './number-axis.ts';
import { PALETTE } from './palette.ts';
import type { Chart } from './render-svg.ts';

/** Below the maximum by this much, the evidence is drawn as nothing: e⁻⁸ of the largest. */
const DEPTH = 8;

/** The picture of the evidence over prior and noise variance, around those of the posterior. */
export function evidenceChart(evidence: EvidenceFunction, hyperparameters: Hyperparameters): Chart {
  const { priorVariance, noiseVariance } = hyperparameters;
  const surface = evidenceSurface(evidence, { priorVariance, noiseVariance, decades: 2 });
  const { priorVariances, noiseVariances, logMarginalLikelihood } = surface;
  const most = Math.max(...logMarginalLikelihood.data);
  const points = priorVariances.length;
  const half = Math.sqrt(priorVariances[1]! / priorVariances[0]!);
  const cells = Array.from(logMarginalLikelihood.data, (value, at) => {
    const [s2, sigma2] = [priorVariances[at % points]!, noiseVariances[Math.floor(at / points)]!];
    const depth = Math.max(0, 1 - (most - value) / DEPTH);
    return { x: s2 / half, x2: s2 * half, y: sigma2 / half, y2: sigma2 * half, depth };
  }).filter(({ depth }) => depth > 0);
  const legend: LegendEntry[] = [
    { label: `log p(y); white is ${DEPTH} below the largest`, color: PALETTE.adapted, symbol: 'band' },
    { label: 'this posterior', color: PALETTE.labelled, symbol: 'diamond' },
  ];
  const axis = (field: string, title: string, range: Float64Array) => ({
    field,
    type: 'quantitative' as const,
    title,
    scale: { type: 'log' as const, domain: [range[0]! / half, range.at(-1)! * half], nice: false },
    axis: { ...logarithmicAxis(), labelOverlap: true, grid: false },
  });
  const x = axis('x', 'prior variance', priorVariances);
  const y = axis('y', 'noise variance, in squared units of the target', noiseVariances);
  return {
    spec: {
      width: 420,
      height: 420,
      title: {
        text: 'Evidence of prior and noise variance',
        subtitle: `largest log p(y) on the grid: ${most.toPrecision(6)}`,
      },
      layer: [
        {
          data: { values: cells },
          mark: { type: 'rect', clip: true },
          encoding: {
            x,
            x2: { field: 'x2' },
            y,
            y2: { field: 'y2' },
            opacity: { field: 'depth', type: 'quantitative', scale: { domain: [0, 1], range: [0, 1] }, legend: null },
            color: colorOf(legend[0]!.label, legend),
          },
        },
        {
          data: { values: [{ x: priorVariance, y: noiseVariance }] },
          mark: { type: 'point', shape: 'diamond', filled: true, size: 130, opacity: 1 },
          encoding: { x, y, color: colorOf(legend[1]!.label, legend) },
        },
      ],
    },
    legend,
  };
}
