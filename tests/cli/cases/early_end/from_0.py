"""As many a training loop is written."""
import json
import sys

for epoch in range(int(sys.argv[2])):
    print(json.dumps({"epochs": epoch, "loss": float(sys.argv[1]) + 1 / (epoch + 1)}), flush=True)
