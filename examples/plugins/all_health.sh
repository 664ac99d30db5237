#!/usr/bin/env bash
# Watches the health of the server and logs when it changes. HEALTH_EVERY_SECONDS in the environment of the server sets
# how often it looks.
#
# It sends a heartbeat with every look: with `heartbeat_ms` set for it, it is started again should it hang.
set -u

every=${HEALTH_EVERY_SECONDS:-5}
trap 'echo "stops watching"; exit 0' TERM

log() { # level, message: as JSON, so that the level reaches the log of the server
  printf '{"level":"%s","msg":"%s"}\n' "$1" "$2"
}

before=unknown
while true; do
  # /health/ready asks for no token. curl prints 000 when nobody answers.
  status=$(curl --silent --output /dev/null --max-time 5 --write-out '%{http_code}' "$KVNEST_HTTP_URL/health/ready")
  case $status in
    200) now=ready ;;
    503) now=draining ;;
    *) now="not answering ($status)" ;;
  esac
  if [[ $now != "$before" ]]; then
    [[ $now == ready ]] && level=info || level=warn
    log "$level" "the server is $now, was $before"
    before=$now
  fi
  [[ $now == ready ]] && echo 'kvnest:notify READY=1'
  echo 'kvnest:notify WATCHDOG=1'
  echo "kvnest:notify STATUS=$now"
  sleep "$every" &
  wait $! # unlike sleep itself, this ends at once on SIGTERM
done
