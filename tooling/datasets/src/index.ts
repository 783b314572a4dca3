export { readCifarResnet } from './cifar-resnet.ts';
export type { CifarResnet } from './cifar-resnet.ts';
export { readCifar10 } from './cifar10.ts';
export type { LabelledImages } from './cifar10.ts';
export { readIdx } from './idx.ts';
export { openData } from './open-data.ts';
export { randomCifarResnet } from './random-cifar-resnet.ts';
