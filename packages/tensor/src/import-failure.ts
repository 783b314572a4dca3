/**
 * Whether an import failed because the named package is absent, and not because it, or something that it needs, is broken.
 *
 * Node has a code for it; Vite puts an error without one in the place of an optional package.
 */
export function isNotInstalled(cause: unknown, packageName: string): boolean {
  if (!(cause instanceof Error)) return false;
  const code = (cause as { readonly code?: unknown }).code;
  const line = firstLine(cause);
  const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' || /^Could not resolve/.test(line);
  return isMissing && (line.includes(`'${packageName}'`) || line.includes(`"${packageName}"`));
}

/** Why an import failed, as a sentence: the first line of the cause, which a list of files that required each other may follow. */
export function importFailure(cause: unknown): string {
  return firstLine(cause).trim().replace(/\.?$/, '.');
}

function firstLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.split('\n')[0]!;
}
