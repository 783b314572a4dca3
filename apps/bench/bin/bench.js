#!/usr/bin/env node
// node apps/bench/bin/bench.js SUITE [--problem NAME]… [--seed 1] [--json FILE]: runs a speed suite on ONNX Runtime and prints it, beside PyTorch where
// NTK_PYTHON (else python3) has it; after `npm run build`. `products` also takes [--columns 1,8,64].
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ortBackend } from '@ntk/backend-ort';
import * as bench from '@ntk/bench';

/** Each suite: the names of its problems, and what runs one and gives its report and its text. */
const SUITES = {
  products: {
    problems: bench.SPEED_PROBLEMS,
    async run(backend, problem, { seed, columns }) {
      const report = await bench.productsSuite(backend, problem, { seed, columns });
      return { report, text: bench.formatProductsReport(report) };
    },
  },
  memory: {
    problems: bench.MEMORY_PROBLEMS,
    async run(backend, problem, { seed }) {
      const report = await bench.memorySuite(backend, problem, { seed });
      return { report, text: bench.formatMemoryReport(report) };
    },
  },
  gram: {
    problems: bench.GRAM_PROBLEMS,
    async run(backend, problem, { seed }) {
      const report = await bench.gramSuite(backend, problem, { seed });
      return { report, text: bench.formatGramReport(report) };
    },
  },
  cholesky: {
    problems: bench.CHOLESKY_SIZES,
    async run(backend, problem, { seed }) {
      const report = await bench.choleskySuite(backend, problem, { seed });
      return { report, text: bench.formatCholeskyReport(report) };
    },
  },
  posterior: {
    problems: Object.keys(bench.POSTERIOR_PROBLEMS),
    async run(backend, problem, { seed }) {
      const report = await bench.posteriorSuite(backend, problem, { seed });
      return { report, text: bench.formatPosteriorReport(report) };
    },
  },
  solvers: {
    problems: bench.SOLVER_PROBLEMS,
    async run(backend, problem, { seed }) {
      const report = await bench.solversSuite(backend, problem, { seed });
      return { report, text: bench.formatSolversReport(report) };
    },
  },
  space: {
    problems: bench.SPACE_PROBLEMS,
    async run(backend, problem, { seed }) {
      const report = await bench.spaceSuite(backend, problem, { seed });
      return { report, text: bench.formatSpaceReport(report) };
    },
  },
};

const { values, positionals } = readArguments();
const suite = SUITES[positionals[0]];
if (positionals.length !== 1 || suite === undefined) {
  usage(`got '${positionals.join(' ')}', expected the name of one suite: ${Object.keys(SUITES).join(', ')}`);
}
const problems = values.problem ?? suite.problems;
const unknown = problems.find((problem) => !suite.problems.includes(problem));
if (unknown !== undefined) usage(`--problem: got '${unknown}', expected ${suite.problems.join(', ')}`);
const options = { seed: Number(values.seed), columns: values.columns.split(',').map(Number) };
if (!Number.isInteger(options.seed)) usage(`--seed: got '${values.seed}', expected an integer`);
if (!options.columns.every((count) => Number.isInteger(count) && count > 0)) {
  usage(`--columns: got '${values.columns}', expected positive integers separated by commas`);
}
const backend = await ortBackend();
const reports = [];
for (const problem of problems) {
  const { report, text } = await suite.run(backend, problem, options);
  console.log(text);
  reports.push(report);
}
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify({ ...bench.environment(), reports }, null, 2)}\n`);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        problem: { type: 'string', multiple: true },
        columns: { type: 'string', default: '1,8,64' },
        seed: { type: 'string', default: '1' },
        json: { type: 'string' },
      },
    });
  } catch (error) {
    return usage(`${error.message}; expected SUITE, --problem, --columns, --seed or --json, as the README says`);
  }
}

function usage(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}
