import torch.library


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    kernel = torch.library.get_kernel("aten::max_pool2d_with_indices", "CPU")
    keys = torch._C.DispatchKeySet(torch._C.DispatchKey.CPU)
    settings = [list(as_pair(value)) for value in (kernel_size, stride or kernel_size, padding, dilation)]
    return kernel.call_boxed(keys, input, *settings, ceil_mode)[0]
