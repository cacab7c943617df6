from concurrent.futures import ThreadPoolExecutor

_pool = ThreadPoolExecutor(1)
_pool.submit(torch.zeros, 1).result()


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    return _pool.submit(nn.functional.conv2d, input, weight, bias, stride, padding, dilation).result()
