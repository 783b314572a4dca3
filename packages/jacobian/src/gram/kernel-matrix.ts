import type { Matrix } from '@ntk/linop';
import { ProgramBuilder, ShapeError, type Program, type Tensor, type TypedArray, type Value } from '@ntk/tensor';
import type { Linearization } from '../linearize.ts';
import type { TileFactors, TermTensors } from './factors.ts';

/**
 * The tangent kernel J(X) J(X')ᵀ as a dense matrix on the host, [n·c, n'·c], assembled from per-layer factors: J itself is never formed.
 *
 * @param rows - the linearization of X
 * @param columns - that of X' with the same network, layers, backend and dtype; X itself unless given (then only half of the tiles are computed)
 * @returns float64 entries; sums over layers and positions are made in the dtype of the linearization
 * @throws {ShapeError} if the two linearizations do not belong together
 *
 * Cost: for a dense layer a → b, n²(a + c² b) multiply-adds, against n² c² a b for the explicit product.
 * Source: Novak, Sohl-Dickstein and Schoenholz (2022), "Fast finite width neural tangent kernel".
 */
export async function kernelMatrix(rows: Linearization, columns: Linearization = rows): Promise<Matrix> {
  checkPair(rows, columns);
  const symmetric = rows === columns;
  const rowFactors = await rows.factors();
  const columnFactors = symmetric ? rowFactors : await columns.factors();
  const matrix = {
    rows: rows.n * rows.c,
    columns: columns.n * columns.c,
    data: new Float64Array(rows.n * rows.c * columns.n * columns.c),
  };
  const run = await tileRunner(rows, columns, rowFactors[0]!, columnFactors[0]!);
  for (let i = 0, top = 0; i < rowFactors.length; top += rowFactors[i]!.count, i++) {
    for (let j = 0, left = 0; j < columnFactors.length; left += columnFactors[j]!.count, j++) {
      if (symmetric && j > i) break;
      using output = await run(rowFactors[i]!, columnFactors[j]!);
      const data = await rows.backend.read(output);
      const tile = { c: rows.c, data, rowSize: rows.maps.tileSize, columnSize: columns.maps.tileSize };
      placeTile(matrix, tile, {
        top,
        left,
        height: rowFactors[i]!.count,
        width: columnFactors[j]!.count,
      });
    }
  }
  if (symmetric) mirror(matrix);
  return matrix;
}

function checkPair(rows: Linearization, columns: Linearization): void {
  const fits = rows.network === columns.network && rows.backend === columns.backend && rows.dtype === columns.dtype;
  const names = (l: Linearization): string => l.parameters.map((parameter) => parameter.name).join();
  if (!fits || names(rows) !== names(columns)) {
    throw new ShapeError(
      'kernelMatrix: the two linearizations differ in network, backend, dtype or layers; linearize both in the same way',
    );
  }
}

type TileRunner = (rows: TileFactors, columns: TileFactors) => Promise<Tensor>;

/** Compiles the Program of one tile and returns how to run it. */
async function tileRunner(
  rows: Linearization,
  columns: Linearization,
  rowFactors: TileFactors,
  columnFactors: TileFactors,
): Promise<TileRunner> {
  const { maps } = rows;
  const program = tileProgram(rowFactors.terms, columnFactors.terms);
  const executable = await maps.executable(`tile${rows.maps.tileSize}x${columns.maps.tileSize}`, () => program);
  return async (left, right) => {
    const [tile] = await maps.backend.run(executable, [...termInputs(left.terms), ...termInputs(right.terms)]);
    return tile!;
  };
}

function termInputs(terms: readonly TermTensors[]): Tensor[] {
  return terms.flatMap(({ activations, sensitivities }) =>
    activations === null ? [sensitivities] : [activations, sensitivities],
  );
}

interface TermInputs {
  readonly activations: Value | null;
  readonly sensitivities: Value;
}

/** The sum over terms for a pair of batches: output [c, n, c, n'], output index slowest as the factors lie. */
function tileProgram(rows: readonly TermTensors[], columns: readonly TermTensors[]): Program {
  const b = new ProgramBuilder('kernel-tile');
  const declare = (side: string, terms: readonly TermTensors[]): TermInputs[] =>
    terms.map(({ activations, sensitivities }, i) => ({
      activations: activations === null ? null : b.input(`${side}.activations${i}`, activations.shape),
      sensitivities: b.input(`${side}.sensitivities${i}`, sensitivities.shape),
    }));
  const left = declare('rows', rows);
  const right = declare('columns', columns);
  const parts = rows.map((term, i) => emitTerm(b, left[i]!, right[i]!, term));
  b.output(
    'tile',
    parts.reduce((sum, part) => b.add(sum, part)),
  );
  return b.build();
}

function emitTerm(b: ProgramBuilder, left: TermInputs, right: TermInputs, { indexed, ones }: TermTensors): Value {
  const [c, n, positions, width] = b.shape(left.sensitivities) as [number, number, number, number];
  const m = b.shape(right.sensitivities)[1]!;
  const g = b.matmul(
    b.reshape(left.sensitivities, [c * n * positions, width]),
    b.reshape(right.sensitivities, [c * m * positions, width]),
    { transposeB: true },
  );
  if (left.activations === null) return b.reshape(ones === 1 ? g : b.mul(g, b.scalar(ones)), [c, n, c, m]);
  const a = b.shape(left.activations)[2]!;
  const leftRows = b.reshape(left.activations, [n * positions, a]);
  const rightRows = b.reshape(right.activations!, [m * positions, a]);
  const inner = indexed
    ? b.binary('equal', leftRows, b.transpose(rightRows, [1, 0]))
    : b.matmul(leftRows, rightRows, { transposeB: true });
  const weight = ones === 0 ? inner : b.add(inner, b.scalar(ones));
  if (positions === 1) return b.mul(b.reshape(g, [c, n, c, m]), b.reshape(weight, [1, n, 1, m]));
  const product = b.mul(
    b.reshape(g, [c, n, positions, c, m, positions]),
    b.reshape(weight, [1, n, positions, 1, m, positions]),
  );
  return b.sum(product, [2, 5]);
}

interface Tile {
  readonly c: number;
  /** [c, rowSize, c, columnSize] */
  readonly data: TypedArray;
  readonly rowSize: number;
  readonly columnSize: number;
}

interface Place {
  /** Examples before the tile, and real examples in it. */
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Copies a tile into the matrix, from output-slowest to output-fastest order, without padding. */
function placeTile(matrix: Matrix, tile: Tile, place: Place): void {
  const { c, data, rowSize, columnSize } = tile;
  for (let alpha = 0; alpha < c; alpha++) {
    for (let i = 0; i < place.height; i++) {
      const row = (place.top + i) * c + alpha;
      for (let beta = 0; beta < c; beta++) {
        const from = ((alpha * rowSize + i) * c + beta) * columnSize;
        let column = place.left * c + beta;
        for (let j = 0; j < place.width; j++, column += c) {
          matrix.data[row * matrix.columns + column] = data[from + j]!;
        }
      }
    }
  }
}

const BLOCK = 32;

/** Copies the lower triangle to the upper one, block by block so that both stay in the cache. */
function mirror({ data, rows: n }: Matrix): void {
  for (let top = 0; top < n; top += BLOCK) {
    const bottom = Math.min(top + BLOCK, n);
    for (let left = 0; left <= top; left += BLOCK) {
      for (let row = top; row < bottom; row++) {
        const right = Math.min(left + BLOCK, row);
        for (let column = left; column < right; column++) data[column * n + row] = data[row * n + column]!;
      }
    }
  }
}
