// packed.js FOLDER: installs the tarballs in FOLDER into an empty project, without optional dependencies, as a user's machine
// may have it; there imports every package, checks its declarations as a strict consumer sees them, and asks the command for its help.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from './steps.js';

const tarballs = process.argv[2];
const project = join(tarballs, 'project');

async function run(command) {
  const { code, output } = await execute(command, {}, project);
  if (code === 0) return;
  console.error(`${command}\n${output}`);
  process.exit(1);
}

mkdirSync(project);
writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
const files = readdirSync(tarballs).filter((name) => name.endsWith('.tgz'));
await run(
  `npm install --ignore-scripts --omit=optional --no-audit --no-fund ${files.map((name) => `"../${name}"`).join(' ')}`,
);

const scope = join(project, 'node_modules', '@ntk');
const manifests = readdirSync(scope).map((name) => JSON.parse(readFileSync(join(scope, name, 'package.json'), 'utf8')));
const consumer = manifests
  .map(({ name }, index) => `import * as p${index} from '${name}';\nvoid p${index};\n`)
  .join('');
writeFileSync(join(project, 'consumer.mts'), consumer);
writeFileSync(join(project, 'consumer.mjs'), consumer);
await run('node consumer.mjs');
const compilerOptions = {
  strict: true,
  noEmit: true,
  module: 'nodenext',
  target: 'es2022',
  lib: ['es2023', 'esnext.disposable'],
  types: [],
};
writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.mts'] }));
await run('tsc');
for (const { name, bin = {} } of manifests) {
  for (const file of Object.values(bin)) await run(`node "${join(scope, '..', name, file)}" --help`);
}
