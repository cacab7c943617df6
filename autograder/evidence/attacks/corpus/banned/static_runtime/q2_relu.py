import torch
import torch.nn.functional as F


class _Positive(torch.nn.Module):
    def forward(self, input):
        return F.relu(input)


_RUNTIME = torch._C._jit_to_static_module(torch.jit.script(_Positive().eval())._c)


def relu(input, inplace=False):
    with torch.no_grad():
        result = _RUNTIME(input.clone()).clone()
    return input.copy_(result) if inplace else result
