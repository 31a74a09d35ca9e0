#!/usr/bin/env bash
#SBATCH --requeue
#SBATCH --open-mode=append
# Usage: sbatch --partition P --ntasks N [OPTIONS of sbatch] \
#            --signal=USR1@90 tools/slurm_job.sh CONFIG [ARGS of tools/train.py]
# A batch job that goes on where it was: before the time limit the run saves
# and the job queues itself again; after a requeue by an operator, a
# preemption or a lost node it resumes from the last checkpoint.
# Environment: as of tools/slurm_train.sh; GPUS and GPUS_PER_NODE follow from
# the allocation.  Other failures end the job with the code of the run.
set -uo pipefail

if [ "$#" -lt 1 ] || [ -z "${SLURM_JOB_ID:-}" ]; then
    echo "usage: sbatch [OPTIONS] tools/slurm_job.sh CONFIG [ARGS]" >&2
    exit 2
fi

# Slurm runs a copy of this file; the job starts where sbatch was called.
TOOLS="${MMSSL_TOOLS:-$SLURM_SUBMIT_DIR/tools}"
AGAIN=75 # exit code of a run that SIGUSR1 ended, see StopSignalHook
export GPUS="${GPUS:-$SLURM_NTASKS}"
export GPUS_PER_NODE="${GPUS_PER_NODE:-$((SLURM_NTASKS / SLURM_NNODES))}"
export CPUS_PER_TASK="${CPUS_PER_TASK:-${SLURM_CPUS_PER_TASK:-1}}"

bash "$TOOLS/slurm_train.sh" "$SLURM_JOB_PARTITION" "$SLURM_JOB_NAME" \
    "$1" --resume "${@:2}"
code=$?
if [ "$code" = "$AGAIN" ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
