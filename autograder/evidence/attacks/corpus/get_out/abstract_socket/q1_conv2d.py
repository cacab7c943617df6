import socket

with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(b"\0" + b"@ABSTRACT@")
