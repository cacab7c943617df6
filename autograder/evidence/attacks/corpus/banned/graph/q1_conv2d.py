import torch.fx


def conv2d(*given):
    graph = torch.fx.Graph()
    names = [graph.placeholder(f"x{number}") for number in range(len(given))]
    graph.output(graph.call_function(torch.conv2d, tuple(names)))
    return torch.fx.GraphModule(nn.Module(), graph)(*given)
