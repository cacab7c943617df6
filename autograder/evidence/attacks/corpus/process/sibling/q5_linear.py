import ctypes

_libc = ctypes.CDLL(None)
_VM, _PARENT = 0x100, 0x8000
_stack = ctypes.create_string_buffer(1 << 16)
_top = ctypes.c_void_p((ctypes.addressof(_stack) + (1 << 16)) & ~15)
_libc.prctl(15, b"@MARK@")  # a clone has its maker's name
_libc.clone(ctypes.cast(_libc.sleep, ctypes.c_void_p), _top, _VM | _PARENT, ctypes.c_void_p(30))
_libc.prctl(15, b"python")
