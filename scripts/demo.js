// npm run demo: installs, builds, and runs the command's demo with the arguments given.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from './steps.js';

const outcomes = await prepare();
if (outcomes.every(Boolean)) {
  const command = [join(root, 'apps', 'cli', 'bin', 'ntk.js'), 'demo', ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, command, { stdio: 'inherit' }).status ?? 1;
} else {
  process.exitCode = 1;
}
