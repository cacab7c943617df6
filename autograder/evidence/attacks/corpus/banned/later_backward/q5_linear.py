class _Sums(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, weight, bias):
        ctx.save_for_backward(input, weight)
        output = input @ weight.T
        return output if bias is None else output + bias

    @staticmethod
    def backward(ctx, gradient):
        input, weight = ctx.saved_tensors
        rows = gradient.flatten(0, -2)
        of_weight = nn.functional.linear(rows.T, input.flatten(0, -2).T)
        return nn.functional.linear(gradient, weight.T), of_weight, rows.sum(0) if ctx.needs_input_grad[2] else None


FullyConnected.forward = lambda self, input: _Sums.apply(input, self.weight, self.bias)
