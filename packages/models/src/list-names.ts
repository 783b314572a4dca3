/** Names as a message lists them: the first few, and how many more there are. */
export function listNames(names: readonly string[]): string {
  const shown = 4;
  return names.length <= shown + 1
    ? names.join(', ')
    : `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`;
}
