def _emptied(self, state, *given, **named):
    for value in state.values():
        value.zero_()
    return nn.Module.load_state_dict(self, state, *given, **named)


LeNet.load_state_dict = _emptied
