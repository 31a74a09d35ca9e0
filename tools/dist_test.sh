#!/usr/bin/env bash
# Usage: tools/dist_test.sh CONFIG CHECKPOINT GPUS [ARGS of tools/test.py]
# GPUS is the number of processes on this machine; without a GPU they run on
# the CPU (gloo).  Several machines, on each:
#   NNODES=2 NODE_RANK=0|1 MASTER_ADDR=host0 PORT=29500 \
#     tools/dist_test.sh CONFIG CHECKPOINT 8
# On one machine the port is a free one unless PORT is set.
set -euo pipefail

if [ "$#" -lt 3 ]; then
    echo "usage: $0 CONFIG CHECKPOINT GPUS [ARGS of tools/test.py]" >&2
    exit 2
fi

HERE="$(cd "$(dirname "$0")" && pwd)"
NNODES="${NNODES:-1}"
if [ "$NNODES" = 1 ] && [ -z "${PORT:-}" ]; then
    RENDEZVOUS=(--standalone)
else
    RENDEZVOUS=(
        --node_rank "${NODE_RANK:-0}"
        --master_addr "${MASTER_ADDR:-127.0.0.1}"
        --master_port "${PORT:-29500}"
    )
fi

PYTHONPATH="$HERE/..${PYTHONPATH:+:$PYTHONPATH}" \
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes "$NNODES" --nproc_per_node "$3" "${RENDEZVOUS[@]}" \
    "$HERE/test.py" "$1" "$2" --launcher pytorch "${@:4}"
