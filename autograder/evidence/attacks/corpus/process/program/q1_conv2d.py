import os

os.posix_spawn("/bin/sh", ["sh", "-c", "echo @MARK@ > /proc/$$/comm; PATH=/bin:/usr/bin sleep 30; true"], {})
