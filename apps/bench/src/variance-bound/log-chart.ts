/** A line of a chart: y at each x, both positive; points with y below the axis are left out. */
export interface ChartLine {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly color: string;
  readonly dashed?: boolean;
}

/** Titles and ranges of a chart; both axes are logarithmic, y in powers of ten and x in powers of two. */
export interface ChartOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Least and largest exponent of ten. */
  readonly decades: readonly [number, number];
}

const [WIDTH, HEIGHT] = [760, 460];
const PLOT = { left: 90, right: 500, top: 40, bottom: 400 };

/** Draws lines on logarithmic axes as an SVG document. */
export function logChart(lines: readonly ChartLine[], options: ChartOptions): string {
  const { decades } = options;
  const most = Math.log2(Math.max(...lines.flatMap(({ x }) => x)));
  const across = (x: number): number => PLOT.left + (Math.log2(x) / most) * (PLOT.right - PLOT.left);
  const up = (exponent: number): number =>
    PLOT.bottom - ((exponent - decades[0]) / (decades[1] - decades[0])) * (PLOT.bottom - PLOT.top);
  const grid: string[] = [];
  for (let exponent = decades[0]; exponent <= decades[1]; exponent += 2) {
    grid.push(segment(PLOT.left, up(exponent), PLOT.right, up(exponent)));
    grid.push(text(PLOT.left - 8, up(exponent) + 4, `10${superscript(exponent)}`, 'end'));
  }
  for (let power = 0; power <= most; power++) grid.push(text(across(2 ** power), PLOT.bottom + 18, String(2 ** power)));
  const drawn = lines.map((line, i) => lineOf(line, i, { across, up, least: decades[0] }));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    text(PLOT.left, 22, options.title, 'start'),
    text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 40, options.xLabel),
    `<text x="18" y="220" text-anchor="middle" transform="rotate(-90 18 220)">${options.yLabel}</text>`,
    ...grid,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

interface Scales {
  readonly across: (x: number) => number;
  readonly up: (exponent: number) => number;
  readonly least: number;
}

function lineOf(
  { name, x, y, color, dashed = false }: ChartLine,
  index: number,
  { across, up, least }: Scales,
): string {
  const stroke = `fill="none" stroke="${color}" stroke-width="2"${dashed ? ' stroke-dasharray="5 4"' : ''}`;
  const points = x
    .map((value, i) => [across(value), Math.log10(y[i]!)] as const)
    .filter(([, exponent]) => exponent >= least)
    .map(([left, exponent]) => `${left.toFixed(1)},${up(exponent).toFixed(1)}`);
  const top = PLOT.top + 14 + 22 * index;
  return [
    `<polyline points="${points.join(' ')}" ${stroke}/>`,
    ...points.map((point) => `<circle cx="${point.split(',')[0]}" cy="${point.split(',')[1]}" r="3" fill="${color}"/>`),
    `<path d="M${PLOT.right + 12} ${top} h24" ${stroke}/>`,
    text(PLOT.right + 42, top + 4, name, 'start'),
  ].join('\n');
}

function segment(x1: number, y1: number, x2: number, y2: number): string {
  return `<path d="M${x1} ${y1.toFixed(1)} L${x2} ${y2.toFixed(1)}" stroke="#ddd"/>`;
}

function text(x: number, y: number, value: string, anchor: 'start' | 'middle' | 'end' = 'middle'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${value}</text>`;
}

function superscript(exponent: number): string {
  return String(exponent).replaceAll(/[-0-9]/g, (digit) => (digit === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]!));
}
