#!/bin/sh
# One word to one process: what ./run up starts as its programs. Anything else is run as it is.
set -eu
case ${1:-web} in
prepare) exec python -m config.prepare ;;
web) exec python -m config.web --host 0.0.0.0 --port 8000 ;;
worker) shift && exec python -m celery --app config --quiet worker \
    --without-gossip --without-mingle --without-heartbeat "$@" ;;
beat) exec python -m config.beat ;;
recorder) exec python manage.py record ;;
*) exec "$@" ;;
esac
