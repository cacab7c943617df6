import ctypes


class _Event(ctypes.Structure):
    _fields_ = [("value", ctypes.c_void_p), ("signal", ctypes.c_int), ("notify", ctypes.c_int), ("_", ctypes.c_char * 48)]


_timer = ctypes.c_void_p()
if ctypes.CDLL(None).timer_create(1, ctypes.byref(_Event(None, 9, 0)), ctypes.byref(_timer)) == 0:
    print("@DONE@")  # from here on timer_settime would do it, whenever it suits
