"""A result with a field beside it that is hard to read, in every kind."""
import os
import sys

x, kind = sys.argv[1], sys.argv[2]
FIELDS = {
    "big": '"total_flops": 30000000000000000000',
    "huge": '"n": ' + "9" * 400,
    "infinite": '"grad_norm": 1e999',
    "python_nan": '"grad_norm": NaN',
    "c_nan": '"grad_norm": -nan',
    "none": '"note": null',
    "nested": '"lrs": [0.1, {"a": [1, 2]}]',
    "nul": '"note": "a\\u0000b"',
    "escaped": '"note": "caf\\u00e9 \\ud83d\\ude00 \\""',
}
line = '{"loss": %s, %s}\n' % (x, FIELDS.get(kind, '"note": "?"'))
if kind == "latin1":
    os.write(1, line.encode().replace(b"?", b"caf\xe9"))
elif kind == "text":
    os.write(1, ('{"loss": "%s"}\n' % x).encode())
elif kind == "no_newline":
    os.write(1, line.encode()[:-1])
else:
    os.write(1, line.encode())
