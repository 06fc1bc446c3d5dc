"""Takes its options strictly: an option without its value, or a value without its option, ends it with status 2."""
import argparse
import json

parser = argparse.ArgumentParser()
parser.add_argument("--momentum", type=float)
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("--betas", type=float, nargs=2)
args = parser.parse_args()
print(json.dumps({"loss": args.lr, "has_momentum": int(args.momentum is not None), "has_betas": int(args.betas is not None)}))
