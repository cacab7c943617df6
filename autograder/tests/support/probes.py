"""What submissions that want out try: the probes of `test_confinement` and `test_layers`."""

from __future__ import annotations

import ctypes
import os
from typing import Any

SECRET = "a secret that no submission may learn"

# A module for a worker, or for a plain child process. Each function returns what it got hold of.
PROBES = """
import ctypes, mmap, os, signal, socket, subprocess, threading, time

def read(path):
    with open(path) as file:
        return file.read()

def list_folder(path):
    return sorted(os.listdir(path))

def write(path):
    with open(path, "w") as file:
        return file.write("poison")

def make_folder(path):
    os.mkdir(path)
    return "made"

def change_mode(path):
    os.chmod(path, 0o777)
    return "changed"

def variable(name):
    return os.environ[name]

def environment_of(pid):
    with open(f"/proc/{pid}/environ", "rb") as file:
        return file.read().decode("utf-8", "replace")

def memory_of(pid, address, length):
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        memory.seek(address)
        return memory.read(length).decode()

def memory_by_system_call(pid, address, length):
    class Part(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    into = ctypes.create_string_buffer(length)
    here, there = Part(ctypes.addressof(into), length), Part(address, length)
    libc = ctypes.CDLL(None, use_errno=True)
    count = libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    if count != length:
        raise OSError(ctypes.get_errno(), "process_vm_readv")
    return into.raw.decode()

def signal_to(pid):
    os.kill(pid, signal.SIGURG)  # which nobody minds
    return "sent"

def trace(pid):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(0x4206, pid, None, None) != 0:  # PTRACE_SEIZE, which does not stop it
        raise OSError(ctypes.get_errno(), "ptrace")
    return "traced"

def connect(port):
    with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        return connection.recv(100).decode()

def datagram(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        return connection.sendto(b"hello", ("127.0.0.1", port))

def program(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout

def run_program():
    return program("/bin/echo", "ran")

def fork():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return "forked"

def descriptors():
    found = []
    for number in range(3, 256):
        try:
            found.append(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:
            pass
    return found

def thread():
    ran = []
    runner = threading.Thread(target=lambda: ran.append("ran"))
    runner.start()
    runner.join()
    return ran[0]

def scratch():
    with open("note.txt", "w") as file:
        file.write("mine")
    with open("note.txt") as file:
        return file.read()

def link_of(path):
    return os.readlink(path)

def abstract_socket(name):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect("\\0" + name)
    return "connected"

def listen():
    with socket.create_server(("127.0.0.1", 0)):
        return "listening"

def write_much(megabytes):
    with open("large", "wb") as file:
        return file.write(bytes(megabytes << 20))

def allocate(length):
    return len(mmap.mmap(-1, length))

def open_files(count):
    return len([os.dup(0) for _ in range(count)])

def threads(count):
    for _ in range(count):
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
    return count

def system_calls(calls):
    # The error number of each, 0 if there was none.
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    parent, errors = os.getppid(), {}
    for name, number, arguments in calls:
        values = [parent if value == "parent" else value for value in arguments]
        failed = libc.syscall(number, *map(ctypes.c_long, values)) == -1
        errors[name] = ctypes.get_errno() if failed else 0
    return errors
"""

_PR_SET_PTRACER, _ANYBODY = 0x59616D61, ctypes.c_ulong(-1)


def secret_in_memory() -> tuple[Any, tuple[int, int, int]]:
    """A secret in this process, and where it is: process id, address, length. Keep the first, or it is gone."""
    held = ctypes.create_string_buffer(SECRET.encode())
    # Where Yama watches over tracing, a process can still be traced by those that it permits.
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY, 0, 0, 0)
    return held, (os.getpid(), ctypes.addressof(held), len(SECRET))
