#!/bin/sh
echo "{\"epochs\": 27, \"loss\": 0.5}"
