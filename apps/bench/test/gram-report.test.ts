import { denseNetwork } from '@ntk/models';
import { Rng } from '@ntk/tensor';
import { expect, test } from 'vitest';
import { findPython } from '../src/peers/find-python.ts';
import { formatGramPeer, jacobianRefusal } from '../src/speed/gram-peer.ts';
import { formatGramReport } from '../src/speed/gram.ts';

const report = { suite: 'gram', problem: 'kernel of a perceptron', seed: 1, rows: [] } as const;

test('a peer stands in the report with both times, their ratio and what was scaled', () => {
  const peer = { name: 'theirs', peerMs: 5000, waitPolicy: 'passive', oursMs: 20, distance: 2e-6 } as const;
  expect(formatGramPeer({ ...peer, note: '20 of 600 columns timed' }).trim()).toMatch(
    /^theirs +5000 ms \(threads wait: passive\), ours with linearization 20\.0: 250\.0 times, 2\.0e-6 apart; 20 of 600 columns timed$/,
  );
  expect(formatGramReport({ ...report, peers: [peer] }).split('\n')).toEqual([
    'kernel of a perceptron, float32',
    formatGramPeer(peer),
  ]);
});

test('the report says which Python is missing', () => {
  const found = findPython({ NTK_PYTHON: '/nowhere/python' });
  expect(found).toHaveProperty('missing');
  expect(formatGramReport({ ...report, peers: [], ...found })).toMatch(/no peers: \/nowhere\/python: .*NTK_PYTHON/);
});

test('an explicit Jacobian of float32 that is too large is not asked for', () => {
  const network = denseNetwork({ inputs: 2, hidden: [500, 500], outputs: 2, rng: new Rng('gram peers') });
  const source = { network, x: new Float32Array(0) };
  expect(jacobianRefusal({ ...source, n: 2000 })).toBeUndefined();
  // 16,000 rows of 2·500 + 500·500 + 500·2 weights and 1,002 biases, four bytes each.
  const notRun = jacobianRefusal({ ...source, n: 8000 })!;
  expect(notRun).toContain(`${((16_000 * 253_002 * 4) / 2 ** 30).toFixed(1)} GiB`);
  expect(formatGramPeer({ name: 'theirs', notRun })).toContain(`not run: ${notRun}`);
});
