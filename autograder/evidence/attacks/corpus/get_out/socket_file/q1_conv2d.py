import socket

with socket.socket(socket.AF_UNIX) as connection:
    connection.connect("@SOCKET@")
