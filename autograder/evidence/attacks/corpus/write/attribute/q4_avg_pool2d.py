import os

os.setxattr("@SECRET_FILE@", "user.note", b"mallory was here")
