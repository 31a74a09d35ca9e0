#!/usr/bin/env bash
# A slurm cluster of one machine, and our scripts on it.  Debian or Ubuntu, as
# root; not part of the test suite, as it installs packages and
# starts daemons:
#
#     PYTHON=.venv/bin/python bash tests/slurm_cluster.sh
#
# 1. tools/slurm_train.sh on two tasks (gloo) to its end;
# 2. tools/slurm_job.sh: SIGUSR1, as before a time limit, then a requeue by the
#    operator, which kills it, both in the middle; the run resumes twice and
#    ends with the weights of run 1, to the last bit;
# 3. two jobs side by side on the node keep out of each other's way.
set -euo pipefail

ROOT="$(cd "$(dirname "$0")/.." && pwd)"
WORK="$(mktemp -d)"
PATIENCE=300 # seconds
CONFIG="$ROOT/configs/simclr/simclr_tiny.py"
PYTHON="$(realpath -s "${PYTHON:-$ROOT/.venv/bin/python}")"
export PYTHON OMP_NUM_THREADS=1 SLURM_CONF="$WORK/slurm.conf"
# One batch an iteration and many epochs: time to be stopped in.
OPTIONS=(--cfg-options train_cfg.max_epochs=8 val_cfg=None val_dataloader=None
    val_evaluator=None default_hooks.checkpoint.interval=1)
DAEMONS=()

say() { echo "== $*"; }

fail() {
    echo "FAILED: $*" >&2
    tail -n 40 "$WORK"/*.log "$WORK"/*.out >&2 || true
    exit 1
}

stop() {
    scancel --state=RUNNING --state=PENDING --full 2> /dev/null || true
    sleep 1
    kill "${DAEMONS[@]}" 2> /dev/null || true
}
trap stop EXIT

# wait_for TEXT COMMAND...: until the command succeeds.
wait_for() {
    local text="$1" end=$((SECONDS + PATIENCE))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || fail "no sign of: $text"
        sleep 0.5
    done
}

state_of() { scontrol --oneliner show job "$1" | sed 's/.*JobState=\([A-Z_]*\).*/\1/'; }
is() { [ "$(state_of "$1")" = "$2" ]; }
epochs_in() { compgen -G "$WORK/$1/epoch_$2.pth" > /dev/null; }

install() {
    if ! command -v slurmctld slurmd sbatch munged > /dev/null; then
        say 'installing slurm'
        apt-get install --yes --no-install-recommends \
            slurmctld slurmd slurm-client munge > "$WORK/apt.log" 2>&1 ||
            fail 'apt-get'
    fi
}

start() {
    say "starting the daemons in $WORK"
    local host
    host="$(hostname -s)"
    mkdir -p "$WORK/state" "$WORK/spool" "$WORK/munge"
    chmod 755 "$WORK" "$WORK/munge"
    dd if=/dev/urandom of="$WORK/munge/key" bs=1 count=1024 status=none
    chmod 400 "$WORK/munge/key"
    munged --force --foreground --key-file "$WORK/munge/key" \
        --socket "$WORK/munge/socket" --pid-file "$WORK/munge/pid" \
        --log-file "$WORK/munge/log" --seed-file "$WORK/munge/seed" \
        > "$WORK/munged.log" 2>&1 &
    DAEMONS+=($!)
    cat > "$SLURM_CONF" << END
ClusterName=one
SlurmctldHost=$host
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$WORK/munge/socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmctldPidFile=$WORK/slurmctld.pid
SlurmdPidFile=$WORK/slurmd.pid
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$WORK/state
SlurmdSpoolDir=$WORK/spool
SlurmctldLogFile=$WORK/slurmctld.log
SlurmdLogFile=$WORK/slurmd.log
JobRequeue=1
KillWait=10
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=$host CPUs=2 State=UNKNOWN
PartitionName=cpu Nodes=ALL Default=YES MaxTime=INFINITE OverSubscribe=FORCE:4 State=UP
END
    wait_for 'munge' test -S "$WORK/munge/socket"
    slurmctld -D > "$WORK/slurmctld.out" 2>&1 &
    DAEMONS+=($!)
    slurmd -D > "$WORK/slurmd.out" 2>&1 &
    DAEMONS+=($!)
    wait_for 'an idle node' bash -c "sinfo --noheader --format %t 2> /dev/null | grep -q idle"
}

# submit NAME: a batch job of two tasks; prints its number.
submit() {
    sbatch --parsable --partition cpu --ntasks 2 --job-name "$1" \
        --chdir "$ROOT" --output "$WORK/$1.out" "$ROOT/tools/slurm_job.sh" \
        "$CONFIG" --work-dir "$WORK/$1" "${OPTIONS[@]}"
}

same_weights() {
    "$PYTHON" - "$WORK/$1/epoch_8.pth" "$WORK/$2/epoch_8.pth" << 'END'
import sys
import torch
one, other = (
    torch.load(path, weights_only=True)['state_dict'] for path in sys.argv[1:]
)
assert one.keys() == other.keys()
for name, value in one.items():
    assert torch.equal(value, other[name]), name
print(f'{len(one)} tensors equal')
END
}

install
start
cd "$ROOT"
export GRES='' GPUS=2 GPUS_PER_NODE=2 CPUS_PER_TASK=1

say 'tools/slurm_train.sh on two tasks'
bash tools/slurm_train.sh cpu whole "$CONFIG" --work-dir "$WORK/whole" \
    "${OPTIONS[@]}" > "$WORK/whole.out" 2>&1 || fail 'slurm_train.sh'
grep -q '2 processes' "$WORK/whole.out" || fail 'two processes'

say 'tools/slurm_job.sh, stopped by SIGUSR1 and by a requeue'
job="$(submit stopped)"
wait_for 'epoch 2' epochs_in stopped 2
scancel --signal=USR1 "$job"
wait_for 'exit with 75 and a new place in the queue' is "$job" PENDING
# Slurm holds a requeued job back for two minutes.
scontrol update "JobId=$job" StartTime=now
wait_for 'epoch 4' epochs_in stopped 4
scontrol requeue "$job"
wait_for 'the queue' is "$job" PENDING
scontrol update "JobId=$job" StartTime=now
wait_for 'the end' is "$job" COMPLETED
same_weights whole stopped || fail 'the resumed run differs'

say 'two jobs at the same time'
first="$(submit first)"
second="$(submit second)"
wait_for 'the end' is "$first" COMPLETED
wait_for 'the end' is "$second" COMPLETED
same_weights whole first || fail 'the first of two jobs'
same_weights whole second || fail 'the second of two jobs'
say "passed; logs in $WORK"
