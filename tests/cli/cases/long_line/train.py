"""One line with a result and so many characters."""
import json
import sys

line = {"loss": float(sys.argv[1])}
i = 0
size = int(sys.argv[2])
while size > 24 * (len(line) + 1):
    line["layer%06d.grad" % i] = 0.5
    i += 1
line["comment"] = "x" * max(0, size - len(json.dumps(line)) - 15)
print(json.dumps(line), flush=True)
