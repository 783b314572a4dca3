export { default } from '@ntk/lint';
