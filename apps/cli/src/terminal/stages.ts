import type { Progress } from './progress.ts';

const NAMES: Readonly<Record<string, string>> = {
  linearize: 'linearising the network',
  kernel: 'computing the kernel',
  jacobian: 'computing the Jacobian',
  evidence: 'learning the variances',
  solve: 'conditioning on the data',
  verdict: 'comparing on left-out rows',
  predict: 'predicting',
  write: 'writing',
};

/** Turns the stages of a job, as they begin, into progress. */
export function stageCounter(progress: Progress, stages: readonly string[]): (stage: string) => void {
  let begun = 0;
  return (stage) => {
    const position = stages.indexOf(stage);
    begun = position < 0 ? begun : position;
    progress.update(NAMES[stage] ?? stage, begun, stages.length);
  };
}
