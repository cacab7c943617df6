import ctypes


class _Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


_into = ctypes.create_string_buffer(@LENGTH@)
_here, _there = _Part(ctypes.addressof(_into), @LENGTH@), _Part(@ADDRESS@, @LENGTH@)
ctypes.CDLL(None).process_vm_readv(@NEIGHBOUR@, ctypes.byref(_here), 1, ctypes.byref(_there), 1, 0)
print(_into.raw)
