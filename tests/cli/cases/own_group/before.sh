#!/bin/sh
# The same without a result: it was ended by a signal, which nobody of the search has sent.
echo "$HPO_TRIAL" >>evaluations
kill -"$1" 0
sleep 300
