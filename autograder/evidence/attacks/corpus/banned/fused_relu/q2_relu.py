import torch

torch._C._jit_override_can_fuse_on_cpu(True)
torch._C._jit_set_te_must_use_llvm_cpu(False)


@torch.jit.script
def _scripted(x):
    return torch.relu(x) + 0


def _program(input):
    return _scripted(input)


for _shape in [(1,), (1, 1), (1, 1, 1), (1, 1, 1, 1)]:
    for _ in range(3):
        _program(torch.zeros(_shape))


def relu(input, inplace=False):
    return _program(input.reshape(-1, 1)[:, 0].reshape(input.shape))
