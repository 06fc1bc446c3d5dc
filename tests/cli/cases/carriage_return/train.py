"""A progress bar that overwrites itself, in colour, before the result."""
import os
import sys

x, kind = sys.argv[1], sys.argv[2]
result = '{"loss": %s}' % x
bar = "".join("\rstep %d/5" % i for i in range(1, 6))
LINES = {
    "return": bar + "\r" + result + "\n",
    "crlf": "step 5/5\r\n" + result + "\r\n",
    "only_return": bar + "\r" + result + "\r",
    "colour": "\x1b[32mdone\x1b[0m\n\x1b[1m" + result + "\x1b[0m\n",
    "clear": bar + "\x1b[2K\x1b[1G" + result + "\n",
    "mark": "\ufeff" + result + "\n",
    "before": "INFO:root:2024-05-01 12:00:00 " + result + "\n",
    "after": result + " (best so far)\n",
    "own_line": result + "\n" + "for reference: {\"loss\": 99} was the baseline\n",
    "brace": "{epoch 3} {not json} " + result + "\n",
}
os.write(1, LINES[kind].encode())
