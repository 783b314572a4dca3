const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/**
 * Bytes as people read them, such as 7.65 MiB: three significant digits, or all digits before the point.
 *
 * @param bytes - at least 0
 * @param rounding - 'up' for a limit that has to suffice; 'nearest' unless named
 */
export function formatBytes(bytes: number, rounding: 'nearest' | 'up' = 'nearest'): string {
  const round = rounding === 'up' ? Math.ceil : Math.round;
  const whole = round(bytes);
  // 1023.9 MiB are 1 GiB, not 1024 MiB.
  const power = UNITS.findIndex((_, i) => i === UNITS.length - 1 || round(whole / 1024 ** i) < 1024);
  const value = whole / 1024 ** power;
  const scale = value < 10 ? 100 : value < 100 ? 10 : 1;
  return `${round(value * scale) / scale} ${UNITS[power]!}`;
}

/**
 * Seconds as people read them, such as 320 ms or 5 min: two significant digits, minutes whole.
 *
 * @param seconds - at least 0
 */
export function formatSeconds(seconds: number): string {
  const milliseconds = Number((1000 * seconds).toPrecision(2));
  if (milliseconds < 1000) return `${milliseconds} ms`;
  if (seconds < 120) return `${Number(seconds.toPrecision(2))} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Number((seconds / 3600).toPrecision(3))} h`;
}
