import type { FeatureSchema } from './schema.ts';

const SHOWN = 24;

/**
 * The mapping of columns to network inputs and outputs, one line each, for people: "column temp_max → input 3". Inputs and
 * outputs are counted from 1. Long mappings are cut in the middle.
 */
export function describeMapping(schema: FeatureSchema): string[] {
  const { scaler } = schema;
  const names = schema.inputs.flatMap((input) =>
    input.kind === 'number' ? [input.name] : input.categories.map((category) => `${input.name} = ${category}`),
  );
  const inputs = names.map((name, i) => {
    return `column ${name} → input ${i + 1}${scaler === null ? '' : scaling(scaler.mean[i]!, scaler.scale[i]!)}`;
  });
  const shown =
    inputs.length <= SHOWN ? inputs : [...inputs.slice(0, 3), `… ${inputs.length - 4} more`, inputs.at(-1)!];
  return [...shown, ...schema.targets.map((name, i) => `target ${name} → output ${i + 1}`)];
}

function scaling(mean: number, scale: number): string {
  if (mean === 0 && scale === 1) return '';
  return ` as (x ${mean < 0 ? `+ ${-mean}` : `- ${mean}`}) / ${scale}`;
}
