import { cg, jacobi } from '@ntk/cg';
import { testLinearSolver } from '@ntk/linop/testing';
import { cpuBackend } from '@ntk/tensor';

testLinearSolver('cg', () => cg());
testLinearSolver('cg jac', () => cg({ preconditioner: jacobi() }));
testLinearSolver('cg dev', () => cg({ backend: cpuBackend() }));
testLinearSolver('cg dev32', () => cg({ backend: cpuBackend(), dtype: 'float32' }));
