#!/bin/sh
# Two steps that are no Rust: one is run by mltrace, one is told to it afterwards.
set -eu
mkdir -p out
printf 'visit,minutes\n17,3\n18,40\n19,25\n' >out/visits.csv

# The command's own exit status is passed on, whatever becomes of the record.
mltrace run --component long-visits -i out/visits.csv -o out/long.csv -p minutes=20 -- \
    awk -F, -v minutes=20 'NR == 1 || $2 > minutes { print > "out/long.csv" }' out/visits.csv

# Any language can do this: read, write, then say so. `log` prints the id of the run.
sort -t, -k2 -n out/long.csv >out/report.txt
run=$(mltrace log --component report -i out/long.csv -o out/report.txt --owner ada)
mltrace --quiet note "$run" "sent to the ward"

mltrace trace out/report.txt
