#!/bin/sh
# The peer with GNU parallel and curl. It knows no graph, so the work comes level by level:
# levels/1.tsv, levels/2.tsv, ... with a look in each line. The job log is its resume.
set -u
step=$1 at_once=$2 url=$3 ended=0
for level in levels/*.tsv; do
    log="logs/$(basename "$level").log"
    parallel --will-cite --colsep '\t' --jobs "$at_once" --retries 4 --joblog "$log" --resume \
        sh "$step" "$url" '{1}' '{2}' '{3}' '{4}' :::: "$level" || ended=1
done
exit $ended
