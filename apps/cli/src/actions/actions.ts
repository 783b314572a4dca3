import type { Actions } from '../main.ts';
import { adaptAction } from './adapt.ts';
import { demoAction } from './demo.ts';
import { inspectAction } from './inspect.ts';
import { planAction } from './plan.ts';
import { predictAction } from './predict.ts';

/** What each command does. */
export const ACTIONS: Actions = {
  adapt: adaptAction,
  plan: planAction,
  predict: predictAction,
  inspect: inspectAction,
  demo: demoAction,
};
