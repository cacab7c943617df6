import os
import shutil

with open(shutil.which("sleep", path="/bin:/usr/bin"), "rb") as file:
    _program = os.memfd_create("program")
    os.write(_program, file.read())
os.symlink(f"/proc/self/fd/{_program}", "@MARK@")
os.set_inheritable(_program, True)
os.posix_spawn("@MARK@", ["sleep", "30"], {})
