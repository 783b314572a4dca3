// Runs the steps of a job as child processes and prints one line for each; a step's output is shown only if it fails.
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const pathKey = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';

const environment = {
  ...process.env,
  [pathKey]: [join(root, 'node_modules', '.bin'), process.env[pathKey]].join(delimiter),
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
  NO_COLOR: '1',
  // Its install script fetches CUDA libraries that are not used here, and fails where their host can't be reached.
  ONNXRUNTIME_NODE_INSTALL: 'skip',
};
delete environment.FORCE_COLOR;

/** Runs a command line in a folder with no standard input; resolves to its exit code and everything it printed. */
export function execute(command, env = {}, folder = root) {
  return new Promise((resolve) => {
    const child = spawn(command, {
      cwd: folder,
      env: { ...environment, ...env },
      shell: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    const finish = (code) => resolve({ code, output: Buffer.concat(chunks).toString('utf8').trimEnd() });
    child.on('error', () => finish(127));
    child.on('close', (code) => finish(code ?? 1));
  });
}

/** Prints the line of a finished step, and its output if it failed. */
export function report(name, ok, startMs, detail, output) {
  const seconds = ((Date.now() - startMs) / 1000).toFixed(1).padStart(6);
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${seconds} s  ${name}${detail === '' ? '' : `: ${detail}`}`);
  if (ok || output === '') return;
  const lines = output.split('\n');
  const shown =
    lines.length > 200
      ? [...lines.slice(0, 100), `(${lines.length - 200} lines left out)`, ...lines.slice(-100)]
      : lines;
  console.log(shown.map((line) => `  | ${line}`).join('\n'));
}

/** Runs one command as a step. Resolves to whether it succeeded. */
export async function step(name, command, env = {}) {
  const startMs = Date.now();
  const { code, output } = await execute(command, env);
  report(name, code === 0, startMs, code === 0 ? '' : `${command} (exit code ${code})`, output);
  return code === 0;
}

/** Installs the pinned dependencies and builds all packages. Resolves to the outcome of both, in order; stops at a failure. */
export async function prepare() {
  const installed = await step('install', 'pnpm install --frozen-lockfile');
  if (!installed) return [false];
  return [true, await step('build', 'turbo run build --output-logs=errors-only')];
}
