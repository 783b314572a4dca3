// npm test: installs, builds, checks the structure, runs all tests. The last line is the total over checks and tests.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute, prepare, report, root, step } from './steps.js';

const full = process.argv.includes('--full');
const total = { passed: 0, failed: 0, skipped: 0 };
const count = (ok) => (ok ? total.passed++ : total.failed++);

/** The names and versions of the packages that are published. */
function publishedPackages() {
  return ['packages', 'apps']
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(root, parent, name, 'package.json')))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')))
    .filter((manifest) => manifest.private !== true);
}

const sourceChecks = [
  { name: 'lint', command: 'eslint .' },
  { name: 'types', command: 'tsc --noEmit' },
  { name: 'format', command: 'biome format . --max-diagnostics=5' },
  { name: 'import edges', command: 'turbo boundaries' },
  { name: 'import cycles', command: 'npm run --silent cycles' },
  { name: 'dependencies', command: 'npm run --silent knip' },
  { name: 'changesets', command: 'node scripts/release-plan.js' },
];

/** Packs the published packages into a folder. Resolves to the checks of what is inside, none if packing failed. */
async function packageChecks(folder) {
  const packages = publishedPackages();
  const filters = packages.map(({ name }) => `--filter ${name}`).join(' ');
  const packed = await step('pack', `pnpm --recursive ${filters} pack --pack-destination "${folder}"`);
  count(packed);
  if (!packed) return [];
  const each = packages.map(({ name, version }) => {
    const tarball = join(folder, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
    const command = `publint run --strict "${tarball}" && attw --profile esm-only --format table-flipped "${tarball}"`;
    return { name: `package ${name}`, command };
  });
  return [{ name: 'packed install', command: `node scripts/packed.js "${folder}"` }, ...each];
}

/** Runs checks two at a time: most keep one core busy. */
async function runChecks(queue) {
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) count(await step(next.name, next.command));
  };
  await Promise.all([worker(), worker()]);
}

/** The totals of a Vitest JSON report; a file that could not be loaded counts as one failure. */
function totals(file) {
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  const results = JSON.parse(readFileSync(file, 'utf8'));
  const broken = results.testResults.filter(
    (each) => each.status === 'failed' && !each.assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + broken.length,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

async function runTests() {
  const file = join(root, 'reports', 'vitest.json');
  mkdirSync(join(root, 'reports'), { recursive: true });
  rmSync(file, { force: true });
  const startMs = Date.now();
  const command = `vitest run --reporter=dot --reporter=json --outputFile.json="${file}"`;
  const { code, output } = await execute(command, full ? { NTK_TEST_FULL: '1' } : {});
  const { passed, failed, skipped } = totals(file);
  // Vitest also exits 1 for errors outside any test, such as an unhandled rejection.
  const stray = code !== 0 && failed === 0 ? 1 : 0;
  total.passed += passed;
  total.failed += failed + stray;
  total.skipped += skipped;
  report(
    'tests',
    failed + stray === 0,
    startMs,
    `${passed} passed, ${failed + stray} failed, ${skipped} skipped`,
    output,
  );
  for (const reason of new Set(output.match(/^skipped: .*$/gm))) console.log(reason);
}

const prepared = await prepare();
prepared.forEach(count);
if (prepared[0]) {
  const folder = mkdtempSync(join(tmpdir(), 'ntk-pack-'));
  await runChecks([...sourceChecks, ...(prepared[1] ? await packageChecks(folder) : [])]);
  rmSync(folder, { recursive: true, force: true });
  await runTests();
}
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed === 0 ? 0 : 1;
