"""Running out of memory is said as what it is, and nothing else is taken for it."""

import pytest
import torch

from logit_lens import LensError
from logit_lens.model.memory import explain_out_of_memory


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to …"),
        RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
)
def test_running_out_of_memory_says_what_to_lower(error):
    says = pytest.raises(LensError, match="out of memory on cpu: lower --max-new-tokens")
    with says, explain_out_of_memory(torch.device("cpu")):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        NotImplementedError("The operator 'aten::x' is not implemented; memory of MPS"),
        RecursionError("maximum recursion depth exceeded"),
        torch.AcceleratorError("CUDA error: device-side assert triggered", 710),
    ],
)
def test_other_errors_are_not_taken_for_it(error):
    with pytest.raises(type(error)) as caught, explain_out_of_memory(torch.device("cpu")):
        raise error
    assert caught.value is error
