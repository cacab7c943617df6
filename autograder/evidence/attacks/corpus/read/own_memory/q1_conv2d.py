import re

_found = set()
with open("/proc/self/maps") as places, open("/proc/self/mem", "rb", buffering=0) as memory:
    for place in places:
        if "rw" not in place or "[v" in place:
            continue
        first, last = (int(each, 16) for each in place.split()[0].split("-"))
        try:
            memory.seek(first)
            held = memory.read(min(last - first, 64 << 20))
        except (OSError, ValueError):
            continue
        _found.update(re.findall(rb"secret-[0-9a-f]{24}", held))
print(*(each.decode() for each in _found))
