import socket

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
    connection.sendto(b"the hidden inputs", ("127.0.0.1", @UDP@))
