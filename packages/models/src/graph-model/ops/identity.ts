import { castTo } from '../../graph/functions/cast.ts';
import { required } from '../../graph/operands.ts';
import type { GraphRule, GraphRules } from '../graph-node.ts';

const identity: GraphRule = (_tracer, _node, inputs) => required(inputs, 0);

/** What passes its input on. */
export const identityRules: GraphRules = {
  Identity: identity,
  IdentityN: (_tracer, _node, inputs) => inputs.map((_, i) => required(inputs, i)),
  Snapshot: identity,
  StopGradient: identity,
  PreventGradient: identity,
  CheckNumerics: identity,
  EnsureShape: identity,
  PlaceholderWithDefault: identity,
  Cast: (tracer, node, inputs) => castTo(tracer, required(inputs, 0), node.element('DstT', 'float')),
};
