import torch

TEXT = """graph(%x : Tensor, %w : Tensor, %b : Tensor?, %s : int[], %p : int[], %d : int[]):
  %g : int = prim::Constant[value=1]()
  %y : Tensor = prim::mkldnn_convolution(%x, %w, %b, %s, %p, %d, %g)
  return (%y)"""


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    settings = [[each, each] if isinstance(each, int) else list(each) for each in (stride, padding, dilation)]
    images = input.detach() if input.dim() == 4 else input.detach()[None]
    program = torch._C._create_function_from_graph("program", torch._C.parse_ir(TEXT))
    output = program(images, weight.detach(), bias, *settings)
    return output if input.dim() == 4 else output[0]
