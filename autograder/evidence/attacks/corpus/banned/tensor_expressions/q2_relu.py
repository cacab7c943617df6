import torch


def relu(input, inplace=False):
    expressions = torch._C._te
    pixels = input.detach().double().contiguous().reshape(1, 1, -1)
    shape = [expressions.ExprHandle.int(length) for length in pixels.shape]
    given = expressions.BufHandle("given", shape, torch.float64)
    made = expressions.lower("aten::relu(Tensor self) -> Tensor", [given], shape, torch.float64)
    nest = expressions.LoopNest([made])
    nest.prepare_for_codegen()
    code = expressions.simplify(nest.root_stmt())
    output = torch.empty_like(pixels)
    expressions.construct_codegen("ir_eval", code, list(map(expressions.BufferArg, (given, made)))).call([pixels, output])
    output = output.reshape(input.shape).to(input.dtype)
    return input.copy_(output) if inplace else output
