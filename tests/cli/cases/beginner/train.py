"""A training as a newcomer has one: two options, a line of JSON per epoch."""
import argparse
import json

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("--layers", type=int, default=1)
parser.add_argument("--epochs", type=int, default=3)
args = parser.parse_args()
for epoch in range(1, args.epochs + 1):
    print(json.dumps({"epochs": epoch, "val_loss": (args.lr - 0.1) ** 2 + 1 / epoch, "val_acc": 0.5}), flush=True)
