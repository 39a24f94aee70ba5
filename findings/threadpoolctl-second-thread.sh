#!/usr/bin/env bash
# With threadpoolctl 3.8, a limit of BLAS threads does nothing while another Python thread holds one.
#
# Guess: threadpool_limits(1, "blas") limits OpenBLAS, whatever other threads do: its setting is one for the process, so the
#   last call wins. This was so up to 3.7.
# Behavior: the first thread that sets a limit controls OpenBLAS until it leaves its outermost `with`, or ends. Until then
#   limits of other threads do nothing, without a warning: `with threadpool_limits(1)` runs with two BLAS threads. A
#   library cannot rely on its own limit when its caller uses threads.
# Versions: threadpoolctl 3.8.0 against 3.7.0, NumPy 2.4.6 with its OpenBLAS (pthreads), Linux, Python 3.11 and 3.13.
# Source: threadpoolctl.py, OpenBLASController.set_num_threads and clear_controlling_thread; the reasons are discussed in
#   joblib/threadpoolctl, issues 205 and 220.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
cd "$folder"
cat > limits.py <<'PY'
import sys
import threading

import numpy as np
import threadpoolctl

expected = int(sys.argv[1])


def blas_threads():
    return [lib["num_threads"] for lib in threadpoolctl.threadpool_info() if lib["internal_api"] == "openblas"]


entered, done = threading.Event(), threading.Event()


def hold():
    with threadpoolctl.threadpool_limits(2, "blas"):
        entered.set()
        done.wait()


other = threading.Thread(target=hold)
other.start()
entered.wait()
with threadpoolctl.threadpool_limits(1, "blas"):
    beside = blas_threads()
done.set()
other.join()
with threadpoolctl.threadpool_limits(1, "blas"):
    alone = blas_threads()

print("threadpoolctl", threadpoolctl.__version__, "NumPy", np.__version__, "Python", sys.version.split()[0])
print("BLAS threads within a limit of 1:", beside, "while another thread holds 2,", alone, "after it has ended")
assert (beside, alone) == ([expected], [1]), "the behavior has changed"
PY
venv/bin/pip install -q threadpoolctl==3.7.0 numpy==2.4.6
venv/bin/python limits.py 1
venv/bin/pip install -q threadpoolctl==3.8.0
venv/bin/python limits.py 2
