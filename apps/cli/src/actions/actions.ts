import type { Actions } from '../main.ts';
import { adaptAction } from './adapt.ts';
import { demoAction } from './demo.ts';
import { exportAction } from './export.ts';
import { inspectAction } from './inspect.ts';
import { planAction } from './plan.ts';
import { predictAction } from './predict.ts';
import { suggestAction } from './suggest.ts';

/** What each command does. */
export const ACTIONS: Actions = {
  adapt: adaptAction,
  plan: planAction,
  predict: predictAction,
  suggest: suggestAction,
  export: exportAction,
  inspect: inspectAction,
  demo: demoAction,
};
