#!/bin/sh
# One look with curl: step.sh URL KEY REFERENCE NAME PROMPT ("-" for no reference).
set -eu
url=$1 key=$2 reference=$3 name=$4 prompt=$5
field() { tr ',{}' '\n\n\n' | sed -n "s/^ *\"$1\": *\"\([^\"]*\)\".*/\1/p" | head -n 1; }
body="{\"type\": \"prompt\", \"name\": \"$name\", \"prompt\": \"$prompt\""
[ "$reference" = - ] || body="$body, \"avatar_id\": \"$(cat "ids/$reference")\""
made=$(curl -sSf --max-time 60 -H "X-Api-Key: bench" -H "Content-Type: application/json" \
    --data "$body}" "$url/v3/avatars")
id=$(printf %s "${made#*\"avatar_item\"}" | field id)
while :; do
    sleep 0.5
    made=$(curl -sSf --max-time 60 -H "X-Api-Key: bench" "$url/v3/avatars/looks/$id")
    status=$(printf %s "$made" | field status)
    [ "$status" = processing ] || break
done
[ "$status" = completed ]
curl -sSf --max-time 60 -o "images/$key.png" "$(printf %s "$made" | field preview_image_url)"
printf %s "$id" >"ids/$key"
