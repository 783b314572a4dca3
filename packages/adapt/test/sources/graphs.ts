import type { Network } from '@ntk/tensor';
import { GraphWriter, type GraphFiles } from './graph-writer.ts';

/** mlp2 as a graph: 2-64-64-2, tanh. */
function mlp2(network: Network): GraphFiles {
  const graph = new GraphWriter(network, [2]);
  const first = graph.node('first', 'Tanh', [graph.dense('dense', 'x')]);
  const second = graph.node('second', 'Tanh', [graph.dense('dense_1', first)]);
  return graph.finish(graph.dense('dense_2', second));
}

/** small_resnet as a graph: a stem, a residual block with strides and a projection, pooling. */
function smallResnet(network: Network): GraphFiles {
  const graph = new GraphWriter(network, [8, 8, 3]);
  const relu = (name: string, input: string): string => graph.node(name, 'Relu', [input]);
  const stem = relu('stem_relu', graph.normalization('stem_bn', graph.convolution('stem_conv', 'x', 1), 1e-3));
  const inner = graph.normalization('block_bn1', graph.convolution('block_conv1', stem, 2), 1e-3);
  const convolved = graph.convolution('block_conv2', relu('block_relu1', inner), 1);
  const block = graph.normalization('block_bn2', convolved, 1e-3);
  const shortcut = graph.normalization('shortcut_bn', graph.convolution('shortcut_conv', stem, 2), 1e-5);
  const sum = relu('block_relu2', graph.node('block_add', 'AddV2', [block, shortcut]));
  const pooled = graph.globalMean('gap', graph.maxPooling('pool', sum, 2));
  return graph.finish(graph.dense('logits', pooled));
}

/** Writers of the graphs of golden networks. */
export const graphs: Readonly<Record<'mlp2' | 'small_resnet', (network: Network) => GraphFiles>> = {
  mlp2,
  small_resnet: smallResnet,
};
