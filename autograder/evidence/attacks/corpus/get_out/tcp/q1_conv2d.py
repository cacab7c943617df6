import socket

with socket.socket() as connection:
    connection.connect(("127.0.0.1", @TCP@))
    connection.sendall(b"the hidden inputs")
