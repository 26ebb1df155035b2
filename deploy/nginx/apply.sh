#!/bin/sh
# Makes nginx do what evalkit canary decided: writes split.conf anew and, if that is another one, reloads.
# Run it in a loop, from a timer, or from what receives the webhook. Whatever fails leaves nginx as it was.
#
#   apply.sh ENVELOPE STATE SPLIT_CONF [options of nginx, such as -p and -c]
set -eu
envelope=$1 state=$2 split=$3
shift 3

evalkit canary "$envelope" --state "$state" --emit nginx >"$split.new"
if cmp -s "$split.new" "$split"; then
    rm "$split.new"
    exit 0
fi
if [ -e "$split" ]; then cp "$split" "$split.old"; fi
mv "$split.new" "$split"
if ! nginx "$@" -t -q; then
    if [ -e "$split.old" ]; then mv "$split.old" "$split"; fi
    echo "apply.sh: nginx does not take the new $split; the one before it stays" >&2
    exit 1
fi
nginx "$@" -s reload
