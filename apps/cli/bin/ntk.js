#!/usr/bin/env node
import { run } from '../dist/index.js';

// A reader that has seen enough, such as head, is no error.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
});

const { stdout, stderr, env } = process;
process.exitCode = await run(process.argv.slice(2), { stdout, stderr, debug: env.NTK_DEBUG === '1' });
