def linear(input, weight, bias=None):
    rows = input.reshape(-1, 1, input.shape[-1])
    size = max(weight.shape)
    x = rows.new_zeros(len(rows), 1, size)
    x[..., : rows.shape[-1]] = rows
    w, b, one = x.new_zeros(size, size), x.new_zeros(size), torch.eye(size, dtype=x.dtype)
    w[: weight.shape[0], : weight.shape[1]] = weight
    b[: weight.shape[0]] = 0 if bias is None else bias
    packed = torch.cat([one, one, w]), torch.cat([b * 0, b * 0, b])
    with torch.no_grad():
        output = torch._native_multi_head_attention(x, x, x, size, 1, *packed, one, b * 0, need_weights=False)[0]
    return output[..., : weight.shape[0]].reshape(*input.shape[:-1], -1)
