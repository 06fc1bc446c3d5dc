#!/bin/sh
# with.sh SED-COMMAND [arguments]: runs the study with one mistake in it.
mistake=$1
shift
sed -i "$mistake" study.yaml
exec hpo_search "$@" study.yaml
