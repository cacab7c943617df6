"""The machine's own: files, written whole or not at all; its clock; its cores. Nothing here needs a package."""
