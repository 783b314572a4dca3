import { spawnSync } from 'node:child_process';

/** A Python with the modules that a peer needs, or why there is none. */
export type FoundPython =
  | { readonly python: string; readonly versions: Readonly<Record<string, string>> }
  | { readonly missing: string };

const MODULES = ['numpy', 'torch'] as const;
const PROBE = `import json, ${MODULES.join(', ')}; print(json.dumps({${MODULES.map((name) => `'${name}': ${name}.__version__`).join(', ')}}))`;

/**
 * Looks for the Python of the peers: `NTK_PYTHON`, else `python3`.
 *
 * @returns its path and the versions of what it has, or one line that says what is missing and how to get it
 */
export function findPython(environment: NodeJS.ProcessEnv = process.env): FoundPython {
  const python = environment['NTK_PYTHON'] ?? 'python3';
  const { status, stdout, stderr, error } = spawnSync(python, ['-c', PROBE], { encoding: 'utf8' });
  if (status === 0) return { python, versions: JSON.parse(stdout) as Record<string, string> };
  const why = error?.message ?? stderr.trim().split('\n').at(-1) ?? `exit ${status}`;
  return { missing: `${python}: ${why}; install tooling/peers/requirements.txt and set NTK_PYTHON to that Python` };
}
