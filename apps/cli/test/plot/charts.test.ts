import { describe, expect, test } from 'vitest';
import { bandChart, type BandChart } from '../../src/plot/band-chart.ts';
import { observedChart, type ObservedPanel } from '../../src/plot/observed-chart.ts';
import { checkPlotPath } from '../../src/plot/plot-path.ts';
import { renderSvg } from '../../src/plot/render-svg.ts';

const x = [3, 1, 2];
const band: BandChart = {
  title: 'Adapted <network> & "more"',
  xTitle: 'day of the year',
  yTitle: 'temperature (°C)',
  prediction: {
    label: 'adapted network',
    bandLabel: '95 % interval',
    x,
    y: [3, 1, 2],
    lower: [2, 0, 1],
    upper: [4, 2, 3],
  },
};
const panel: ObservedPanel = { target: "t'\\", observed: [1, 2], mean: [1, 2], lower: [0, 1], upper: [2, 3] };
const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);

describe('band chart', () => {
  test('has titles, units and one legend entry a mark', async () => {
    const svg = await renderSvg(
      bandChart({
        ...band,
        subtitle: 'subtitle',
        reference: { label: 'untouched network', x, y: x },
        labelled: { label: 'labelled days', x, y: x },
        heldOut: { label: 'held-out days', x, y: x },
      }),
    );
    expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    const shown = texts(svg);
    for (const text of ['subtitle', 'day of the year', 'temperature (°C)', 'Adapted &lt;network&gt; &amp; "more"']) {
      expect(shown.map((each) => each!.replaceAll('&quot;', '"'))).toContain(text);
    }
    const legend = ['adapted network', '95 % interval', 'untouched network', 'labelled days', 'held-out days'];
    expect(shown.filter((text) => legend.includes(text!))).toEqual(legend);
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  test('is drawn from left to right whatever the order of the rows', () => {
    const layers = (bandChart(band).spec as unknown as { layer: { data: { values: { x: number; y?: number }[] } }[] })
      .layer;
    expect(layers.at(-1)!.data.values).toEqual([
      { x: 1, y: 1 },
      { x: 2, y: 2 },
      { x: 3, y: 3 },
    ]);
  });

  test('shows what is there only', async () => {
    const shown = texts(await renderSvg(bandChart(band)));
    expect(shown).toContain('95 % interval');
    expect(shown).not.toContain('untouched network');
  });

  test('labels chosen ticks', async () => {
    const shown = texts(
      await renderSvg(
        bandChart({
          ...band,
          ticks: [
            { at: 1, label: 'Jan' },
            { at: 3, label: 'Mar' },
          ],
        }),
      ),
    );
    expect(shown).toEqual(expect.arrayContaining(['Jan', 'Mar']));
  });

  test.each([
    [1e-9, /e[-−]9$/],
    [1e12, /e\+12$/],
  ])('numbers of the size of %d fit on their axes', async (size, form) => {
    const scaled = (values: readonly number[]) => values.map((value) => value * size);
    const prediction = { ...band.prediction, x: scaled(x), y: scaled(x), lower: scaled(x), upper: scaled(x) };
    const shown = texts(await renderSvg(bandChart({ ...band, prediction })));
    expect(shown.filter((text) => form.test(text!)).length).toBeGreaterThan(4);
    expect(shown.join()).not.toMatch(/…|000/);
  });

  test('rows without a value leave no mark', async () => {
    const gaps = { ...band.prediction, x: [1, Number.NaN, 2], y: [1, Number.NaN, 2] };
    expect(await renderSvg(bandChart({ ...band, prediction: gaps }))).not.toContain('NaN');
  });

  test('the same chart gives the same bytes', async () => {
    expect(await renderSvg(bandChart(band))).toBe(await renderSvg(bandChart(band)));
  });
});

describe('observed chart', () => {
  test('one panel a target, one legend', async () => {
    const chart = observedChart({
      title: 'Left out',
      label: 'adapted',
      panels: [panel, { ...panel, target: 'b', untouched: [2, 2] }],
    });
    const shown = texts(await renderSvg(chart));
    for (const text of ['observed b', 'predicted b', "observed t'\\", 'Left out']) expect(shown).toContain(text);
    expect(shown.filter((text) => text === 'adapted')).toHaveLength(1);
    expect(shown).toContain('untouched network');
  });

  test('both axes show the same range', () => {
    const { concat } = observedChart({ title: '', label: 'a', panels: [panel] }).spec as unknown as {
      concat: { encoding: Record<'x' | 'y', { scale: { domain: number[] } }> }[];
    };
    const { x: horizontal, y: vertical } = concat[0]!.encoding;
    expect([horizontal.scale.domain, vertical.scale.domain]).toEqual([
      [0, 3],
      [0, 3],
    ]);
  });

  test('a single row, and rows without values', async () => {
    for (const values of [[1], [Number.NaN]]) {
      const single = { target: 'a', observed: values, mean: values, lower: values, upper: values };
      expect(await renderSvg(observedChart({ title: '', label: 'a', panels: [single] }))).not.toContain('NaN');
    }
  });
});

test('pictures are SVG', () => {
  expect(() => checkPlotPath('a.SVG')).not.toThrow();
  expect(() => checkPlotPath('a.png')).toThrow(
    /a\.png: cannot draw a picture of this kind, expected a name ending in \.svg/,
  );
});
