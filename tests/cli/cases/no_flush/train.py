"""Prints a report per epoch and never flushes; writes down every epoch that it has worked for."""
import json
import os
import sys
import time

x, epochs = float(sys.argv[1]), int(sys.argv[2])
if "--own-buffer" in sys.argv:  # a buffer that PYTHONUNBUFFERED does not know
    sys.stdout = open(1, "w", buffering=1 << 16, closefd=False)
for epoch in range(1, epochs + 1):
    time.sleep(0.04)
    with open("steps", "a") as file:
        print(os.environ["HPO_TRIAL"], epoch, file=file)
    print(json.dumps({"epochs": epoch, "loss": x + 1 / epoch}))
