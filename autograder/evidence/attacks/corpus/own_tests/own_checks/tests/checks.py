class CheckFailed(AssertionError):
    pass


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return lambda *arguments, **named: None
