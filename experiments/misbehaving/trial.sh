#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A trial that does what its argument says.
case $1 in
works) echo '{"loss": 0.5}' ;;
crashes) kill -SEGV $$ ;;
exits) echo "cannot open the data" >&2; exit 3 ;;
diverges) echo '{"loss": NaN}' ;;
says-nothing) ;;
babbles) yes 'epoch 1 of 10' | head -c 100000000 ;;
hangs) sleep 1000 ;;
eats-memory) tail -n 1 /dev/zero ;;
leaves-children) sleep 1000 & (setsid sleep 1000 &); echo '{"loss": 0.7}' ;;
esac
