"""Stops by itself when it has seen enough: bad configurations after three epochs."""
import json
import sys

x, epochs, last = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
for epoch in range(1, epochs + 1):
    if x > 0.5 and epoch > 3:
        break
    line = json.dumps({"epochs": epoch, "loss": x + 1 / epoch})
    # a progress bar stands before the last one
    print(("%d/%d [====] " % (epoch, epochs) if last and epoch == epochs else "") + line, flush=True)
