// npm test: installs, builds, checks the structure, runs all tests. The last line is the total over checks and tests.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute, prepare, report, root, step } from './steps.js';

const full = process.argv.includes('--full');
const total = { passed: 0, failed: 0, skipped: 0 };
const count = (ok) => (ok ? total.passed++ : total.failed++);

/** The packages that are published: folder and manifest. */
function publishedPackages() {
  return ['packages', 'apps']
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`))
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) }))
    .filter(({ manifest }) => manifest.private !== true);
}

/** The checks of one package as a consumer gets it: packed, then linted as a tarball. */
function packageCheck({ folder, manifest }, destination) {
  const tarball = join(destination, `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`);
  return {
    name: `package ${manifest.name}`,
    command:
      `pnpm --dir ${folder} pack --pack-destination "${destination}"` +
      ` && publint run --strict "${tarball}" && attw --profile esm-only --format table-flipped "${tarball}"`,
  };
}

function checks(destination) {
  const source = [
    { name: 'lint', command: 'eslint .' },
    { name: 'types', command: 'tsc --noEmit' },
    { name: 'format', command: 'biome format . --max-diagnostics=5' },
    { name: 'import edges', command: 'turbo boundaries' },
    { name: 'import cycles', command: 'npm run --silent cycles' },
    { name: 'dependencies', command: 'npm run --silent knip' },
    { name: 'changesets', command: 'node scripts/release-plan.js' },
  ];
  return [...source, ...publishedPackages().map((each) => packageCheck(each, destination))];
}

/** Two at a time: most steps keep one core busy. */
async function runChecks() {
  const destination = mkdtempSync(join(tmpdir(), 'ntk-pack-'));
  const queue = checks(destination);
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) count(await step(next.name, next.command));
  };
  await Promise.all([worker(), worker()]);
  rmSync(destination, { recursive: true, force: true });
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
  await runChecks();
  await runTests();
}
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed === 0 ? 0 : 1;
