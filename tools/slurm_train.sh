#!/usr/bin/env bash
# Usage: tools/slurm_train.sh PARTITION JOB CONFIG [ARGS of tools/train.py]
# Environment: GPUS (processes in all, 8), GPUS_PER_NODE (8), CPUS_PER_TASK
# (5), SRUN_ARGS, GRES (gpu:GPUS_PER_NODE; empty for a CPU partition).
# The port follows from the job id, so that two jobs on a node do not meet.
# To go on after the time limit: SRUN_ARGS="--signal=USR1@90"; the run saves
# and exits with 75, and a job script may requeue it with --resume.
set -euo pipefail

if [ "$#" -lt 3 ]; then
    echo "usage: $0 PARTITION JOB CONFIG [ARGS of tools/train.py]" >&2
    exit 2
fi

HERE="$(cd "$(dirname "$0")" && pwd)"
GPUS="${GPUS:-8}"
GPUS_PER_NODE="${GPUS_PER_NODE:-8}"
GRES="${GRES-gpu:$GPUS_PER_NODE}"
read -r -a EXTRA <<< "${SRUN_ARGS:-}"

PYTHONPATH="$HERE/..${PYTHONPATH:+:$PYTHONPATH}" \
exec srun --partition "$1" --job-name "$2" \
    ${GRES:+--gres "$GRES"} \
    --ntasks "$GPUS" --ntasks-per-node "$GPUS_PER_NODE" \
    --cpus-per-task "${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 \
    ${EXTRA[@]+"${EXTRA[@]}"} \
    "${PYTHON:-python}" -u "$HERE/train.py" "$3" \
    --launcher slurm "${@:4}"
