// Prints the next release; fails where the changesets or their configuration are invalid.
import getReleasePlan from '@changesets/get-release-plan';
import { root } from './steps.js';

const plan = await getReleasePlan(root);
for (const { name, oldVersion, newVersion } of plan.releases.filter(({ type }) => type !== 'none')) {
  console.log(`${name} ${oldVersion} -> ${newVersion}`);
}
