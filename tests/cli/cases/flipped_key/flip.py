"""flip.py JOURNAL OLD NEW: one bit of one record turns a word into another one."""
import sys

path, old, new = sys.argv[1], sys.argv[2].encode(), sys.argv[3].encode()
text = open(path, "rb").read()
at = text.index(old, len(text) // 2)
assert sum((a ^ b).bit_count() for a, b in zip(old, new)) == 1
open(path, "wb").write(text[:at] + new + text[at + len(old):])
print("line", text[:at].count(b"\n") + 1)
