import { describeMapping, errorBoundOf, type StoredPosterior } from '@ntk/adapt';
import { formatDescription, type NetworkDescription } from '@ntk/models';
import type { KernelSpectrum } from '../network/kernel-spectrum.ts';
import { short } from './short.ts';
import { counted } from './counted.ts';
import { describeVariance } from './stored-variance.ts';

/** What `ntk inspect` found. */
export interface Inspection {
  readonly description: NetworkDescription;
  /** Where a posterior was inspected. */
  readonly stored: StoredPosterior | undefined;
  /** Where data were given. */
  readonly spectrum: KernelSpectrum | undefined;
}

const SHOWN = 10;

/** The report for people, line by line. */
export function inspectReport({ description, stored, spectrum }: Inspection): string[] {
  return [
    `network ${description.name} (${description.source})`,
    formatDescription(description),
    ...(stored === undefined ? [] : ['', ...posteriorLines(stored)]),
    ...(spectrum === undefined ? [] : ['', ...spectrumLines(spectrum)]),
  ];
}

/** The same as one JSON object. */
export function inspectJson({ description, stored, spectrum }: Inspection): object {
  return {
    command: 'inspect',
    status: 'done',
    network: description,
    ...(stored === undefined ? {} : { posterior: posteriorSummary(stored) }),
    ...(spectrum === undefined ? {} : { spectrum: { ...spectrum, eigenvalues: [...spectrum.eigenvalues] } }),
  };
}

function posteriorLines(stored: StoredPosterior): string[] {
  const { examples, layers, mean, noiseVariance, priorVariance, features } = stored;
  return [
    `posterior of ${counted(examples, 'row')}: layers ${layers.join(', ')}; prior mean ${mean}; noise variance ${short(noiseVariance)}, prior variance ${short(priorVariance)}`,
    `  outputs ${stored.outputs}; ${describeVariance(stored)}`,
    ...(features === undefined ? [] : describeMapping(features).map((line) => `  ${line}`)),
  ];
}

function posteriorSummary({
  examples,
  layers,
  mean,
  space,
  outputs,
  noiseVariance,
  priorVariance,
  variance,
  features,
}: StoredPosterior): object {
  return {
    examples,
    layers,
    mean,
    space,
    outputs,
    noiseVariance,
    priorVariance,
    variance: { kind: variance.kind, errorBound: errorBoundOf(variance) },
    ...(features === undefined ? {} : { features }),
  };
}

function spectrumLines({ examples, given, eigenvalues, trace, rank, effectiveDimension }: KernelSpectrum): string[] {
  const sample = examples === given ? counted(given, 'row') : `${examples} of ${given} rows, evenly spaced`;
  const shown = Array.from(eigenvalues.subarray(0, SHOWN), short);
  return [
    `kernel J Jᵀ on ${sample}: trace ${short(trace)}, rank ${rank} of ${eigenvalues.length}, effective dimension ${short(effectiveDimension)}`,
    `  largest eigenvalues ${shown.join(', ')}${eigenvalues.length > SHOWN ? ', …' : ''}; smallest ${short(eigenvalues.at(-1)!)}`,
  ];
}
