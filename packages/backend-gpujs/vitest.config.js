export { default } from '@ntk/vitest';
