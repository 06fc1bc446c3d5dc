"""Prints one line, and has one mistake of its own."""
import json
import sys

kind = sys.argv[1]
if kind == "dict":
    print({"val_loss": 0.5})
elif kind == "text":
    print("val_loss: 0.5")
elif kind == "percent":
    print(json.dumps({"val_loss": "12.5%"}))
elif kind == "comma":
    print(json.dumps({"val_loss": "0,125"}))
elif kind == "none":
    print(json.dumps({"val_loss": None}))
elif kind == "file":
    with open("result.json", "w") as file:
        json.dump({"val_loss": 0.5}, file)
elif kind == "stdin":
    input("which data set? ")
elif kind == "folder":
    open("outputs/model.pt", "w")
elif kind == "error":
    raise ValueError("cannot open the data")
